"""Field encryption (AES-256-GCM, key versions) and blind indexes (keyed HMAC-SHA256)."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncSession

from infra.files import Watched
from infra.rings import Ring

_FORMAT = b"\x01"
_NONCE = 12  # bytes, NIST SP 800-38D


class SealBrokenError(Exception):
    """A ciphertext was changed, moved to another row, or made with a key we do not have."""


@dataclass
class Keyring:
    """The field keys of one service, by version, and the key of its blind indexes.

    One that was loaded from a file follows it: what is new is sealed with the version of the moment, and a version not
    known yet is looked for before a seal is called broken. The key of the indexes stays: a new one would find nobody.
    """

    current: int
    keys: Mapping[int, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)
    file: Watched[Ring] | None = field(default=None, repr=False, compare=False)
    _seen: Ring | None = field(default=None, init=False, repr=False, compare=False)

    @staticmethod
    def load(path: Path) -> "Keyring":
        """Read the `fields` and `index` entries of a service's key file (see infra.keys)."""
        index_key = base64.b64decode(json.loads(path.read_text())["index"])
        loaded = Keyring(0, {}, index_key, Watched(path, lambda text: Ring.read(json.loads(text)["fields"])))
        loaded.follow()
        return loaded

    def follow(self, *, at_once: bool = False) -> None:
        """Take over what the file says."""
        if self.file is not None:
            ring = self.file.look() if at_once else self.file.value()
            if ring is not self._seen:
                self.keys, self._seen = {int(version): key for version, key in ring.keys.items()}, ring
            self.current = int(ring.current(datetime.now(UTC)))

    def seal(self, table: str, column: str, row_id: object, text: str) -> bytes:
        """Encrypt `text` for exactly this table, column and row: format, key version (2 bytes), nonce, ciphertext."""
        self.follow()
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, text.encode(), _place(table, column, row_id))
        return _FORMAT + self.current.to_bytes(2, "big") + nonce + sealed

    def open(self, table: str, column: str, row_id: object, blob: bytes) -> str:
        """Decrypt what `seal` made for the same place; raises SealBrokenError for anything else."""
        version = int.from_bytes(blob[1:3], "big")
        if version not in self.keys:
            self.follow(at_once=True)
        key = self.keys.get(version)
        if blob[:1] != _FORMAT or key is None:
            raise SealBrokenError
        try:
            clear = AESGCM(key).decrypt(blob[3 : 3 + _NONCE], blob[3 + _NONCE :], _place(table, column, row_id))
        except InvalidTag:
            raise SealBrokenError from None
        return clear.decode()

    def blind(self, purpose: str, value: str) -> bytes:
        """A keyed digest for equality look-ups; each purpose (column) has a key of its own. 32 bytes."""
        key = hmac.digest(self.index_key, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, value.encode(), hashlib.sha256)


def keyring(tx: AsyncSession) -> Keyring:
    """The keys that open the rows of this transaction's database."""
    found: Keyring = tx.info["keyring"]
    return found


def _place(table: str, column: str, row_id: object) -> bytes:
    return f"{table}\x00{column}\x00{row_id}".encode()
