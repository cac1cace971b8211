"""The keys: told apart by fingerprints, written into a file of their own, and put where a restored suite reads them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from infra.files import write_whole
from infra.keys import ISSUERS, JWKS
from infra.rings import Ring
from suite.backup import manifest
from suite.backup.manifest import Manifest, Needed
from suite.backup.obstacles import KeyFileRefused, OtherKeys
from suite.backup.tombstones import FILE as TOMBSTONES
from suite.backup.tombstones import Memory, parse
from suite.house import FILE as HOUSE
from suite.launcher.settings import LauncherSettings

_SECRETS = "secrets.json"
_APART = "Keep them apart: another disk, a safe, a secret manager."
_FINGERPRINT = b"maison: which key is this?"


class KeyFile(BaseModel):
    """Everything secret of a data folder, as text by file name, and the tombstones, which must not get lost either."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    written_at: AwareDatetime
    keys: dict[str, str]
    beside: dict[str, str]

    def __repr__(self) -> str:
        """Nothing of what it holds."""
        return f"KeyFile({self.written_at})"


def of_folder(folder: Path) -> dict[str, str]:
    """The key files there, as text by name; the public JWKS is made from them."""
    return {path.name: path.read_text() for path in sorted(folder.glob("*.json")) if path.name != JWKS}


def needed(files: Mapping[str, str]) -> dict[str, Needed]:
    """The fingerprints of every field key, by service. Keys that only sign are not needed: new ones do as well."""
    found = {}
    for name, text in files.items():
        stored = json.loads(text)
        if "fields" in stored:
            found[name.removesuffix(".json")] = Needed(
                current=int(Ring.read(stored["fields"]).current(datetime.now(UTC))),
                fields={int(number): _print(key) for number, key in stored["fields"]["keys"].items()},
                index=_print(stored["index"]),
            )
    return found


def check(wanted: Mapping[str, Needed], files: Mapping[str, str]) -> None:
    """Can these keys open what was sealed with those? Raises OtherKeys and says which cannot."""
    here = needed(files)
    advice = "Give the file that `maison keys export` wrote: maison restore FOLDER --keys FILE."
    for service, keys in wanted.items():
        if service not in here:
            raise OtherKeys(f"the keys of {service} are not here", advice)
        for number, fingerprint in keys.fields.items():
            if number not in here[service].fields:
                raise OtherKeys(f"the field key {number} of {service} is not here; the backup needs it", advice)
            if here[service].fields[number] != fingerprint:
                raise OtherKeys(f"the field key {number} of {service} is another one than the backup's", advice)
        if here[service].index != keys.index:
            raise OtherKeys(f"the index key of {service} is another one than the backup's", advice)


def export(settings: LauncherSettings, to: Path) -> int:
    """Write all keys and secrets into a new file that only its owner reads; answers how many. Raises KeyFileRefused."""
    if to.exists():
        raise KeyFileRefused(f"{to} exists already", "Name a new file; older key files open older backups.")
    if any((folder / manifest.FILE).exists() for folder in to.resolve().parents):
        what = "the keys would lie in the backup that they open"
        raise KeyFileRefused(what, _APART)
    if manifest.lie_in(to.resolve().parent):
        raise KeyFileRefused("the keys would lie beside the backups that they open", _APART)
    keys = of_folder(settings.keys) if settings.keys.is_dir() else {}
    if not {f"{name}.json" for name in ISSUERS} <= keys.keys():
        raise KeyFileRefused(f"there are no keys in {settings.keys}", "Keys are made at the first start.")
    beside = {name: path.read_text() for name, path in _beside(settings).items() if path.exists()}
    written = KeyFile(written_at=datetime.now(UTC), keys=keys, beside=beside)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        write_whole(to, written.model_dump_json(indent=1))
    except OSError as fault:
        raise KeyFileRefused(f"{to} cannot be written: {fault.strerror}", "Name another file.") from None
    return len(keys)


def read(path: Path) -> KeyFile:
    """What `export` wrote; raises KeyFileRefused."""
    try:
        return KeyFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        advice = "Name the file that `maison keys export` wrote."
        raise KeyFileRefused(f"{path} is no key file", advice) from None


def install(settings: LauncherSettings, given: KeyFile, backup: Manifest) -> None:
    """Put keys and secrets where the suite reads them, and add the tombstones to those that are there.

    Raises OtherKeys rather than replacing what is there, or TombstonesUnreadable.
    """
    stones = parse(given.beside.get(TOMBSTONES, "").encode(), where=f"the key file's {TOMBSTONES}")
    here = of_folder(settings.keys) if settings.keys.is_dir() else {}
    if here:
        check(needed({name: text for name, text in given.keys.items() if name in here}), here)
    settings.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in given.keys.items():
        if name not in here and name.removesuffix(".json") in (*ISSUERS, *backup.keys):
            write_whole(settings.keys / name, text)
    for name, path in _beside(settings).items():
        if name != TOMBSTONES and name in given.beside and not path.exists():
            write_whole(path, given.beside[name])
    # Those of the file and those that are here may each know somebody whom the others do not.
    Memory(settings.keys / TOMBSTONES).remember(stones)


def _beside(settings: LauncherSettings) -> dict[str, Path]:
    return {
        _SECRETS: settings.data / _SECRETS,
        HOUSE: settings.data / HOUSE,
        TOMBSTONES: settings.keys / TOMBSTONES,
    }


def _print(key: str) -> str:
    # 32 random bytes cannot be guessed, so a digest of them tells nothing.
    return hmac.digest(base64.b64decode(key), _FINGERPRINT, hashlib.sha256)[:8].hex()
