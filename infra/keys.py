"""`python -m infra.keys DIR`: make whatever key files are missing; never touch one that is there. And: rotate keys."""

import base64
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.files import LOOK, write_whole
from infra.identity import LIFETIME, OPERATOR
from infra.rings import Ring

ISSUERS = ("gateway", "profile", "appointments", "feedback", "recommend", "operator")
JWKS = "inner-jwks.json"

# An older key is believed as long as the last token it signed may live, and a minute for clocks.
OVERLAP = LIFETIME + timedelta(minutes=1)
# Of a stolen one: until the files are written and every process has looked at its own, so that nobody signs with what
# is refused.
AT_ONCE = timedelta(seconds=5 * LOOK)


class Kind(StrEnum):
    """What a key is for: tokens inside, tokens of the outside, sealing fields."""

    SIGNING = "signing"
    OUTER = "outer"
    FIELDS = "fields"


# Until a new key is used, everybody must have it: processes look once a second, but files may be copied to other
# machines; outside, partners keep the published keys for up to five minutes (Cache-Control of the gateway's JWKS).
AHEAD: Mapping[Kind, timedelta] = {
    Kind.SIGNING: timedelta(minutes=2),
    Kind.OUTER: timedelta(minutes=10),
    Kind.FIELDS: timedelta(minutes=2),
}


class RotationUnderWay(Exception):
    """The new key of the last rotation is not used yet."""


@dataclass(frozen=True)
class Turned:
    """A ring with a new key: from when it is used, and until when the older ones are believed (None: for ever)."""

    service: str
    kind: Kind
    name: str
    begins_at: datetime
    ends_at: datetime | None


def create(folder: Path) -> None:
    """One private key file per process (mode 0600) and one public JWKS with the keys of all of them.

    A key file is JSON: `service`, the rings `signing` and `fields` (see infra.rings), and `index`; the gateway's also
    has `outer`, the ring that signs the tokens of the outside. The operator's, for `maison log`, only signs.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        for name in ISSUERS:
            path = folder / f"{name}.json"
            if not path.exists():
                write_whole(path, json.dumps(_fresh(name), indent=1))
        _publish(folder, {name: _stored(folder, name) for name in ISSUERS}, now=datetime.now(UTC))


def rotate(
    folder: Path,
    *,
    now: datetime,
    kinds: Collection[Kind] = tuple(Kind),
    ahead: Mapping[Kind, timedelta] = AHEAD,
    at_once: bool = False,
) -> list[Turned]:
    """Put a new key into every ring of these kinds, used in `ahead`; running processes change over by themselves.

    `at_once` is for keys that were stolen: the new one is used from now on and older signing keys end after AT_ONCE, so
    tokens of the outside must be refreshed. Field keys open for ever what they have sealed; the key of the blind
    indexes is not rotated. Raises RotationUnderWay, and then nothing was changed, and OSError.
    """
    with _alone(folder):
        files = {name: _stored(folder, name) for name in ISSUERS}
        wanted = [(name, kind) for name in ISSUERS for kind in kinds if kind.value in files[name]]
        turned = []
        for name, kind in wanted:
            ring = Ring.read(files[name][kind.value])
            if ring.is_turning(now) and not at_once:
                raise RotationUnderWay
            begins_at = now if at_once else now + ahead[kind]
            overlap = None if kind is Kind.FIELDS else AT_ONCE if at_once else OVERLAP
            key_name, key = _new(name, kind, ring)
            after = ring.turned(key_name, key, now=now, begins_at=begins_at, overlap=overlap)
            files[name] = {**files[name], kind.value: after.written()}
            turned.append(Turned(name, kind, key_name, begins_at, begins_at + overlap if overlap else None))
        # Known to everybody before anybody signs with it, also if we are interrupted in between.
        _publish(folder, files, now=now)
        for name in dict.fromkeys(name for name, _ in wanted):
            write_whole(folder / f"{name}.json", json.dumps(files[name], indent=1))
    return turned


def _new(service: str, kind: Kind, ring: Ring) -> tuple[str, bytes]:
    if kind is Kind.FIELDS:
        return str(max(int(version) for version in ring.keys) + 1), secrets.token_bytes(32)
    return _signing("outer" if kind is Kind.OUTER else service)


def _fresh(name: str) -> dict[str, object]:
    def ring(kid: str, key: bytes) -> object:
        return Ring({kid: key}).written()

    fresh: dict[str, object] = {"service": name, "signing": ring(*_signing(name))}
    if name == OPERATOR:  # signs, and has nothing to seal
        return fresh
    fresh |= {"fields": ring("1", secrets.token_bytes(32)), "index": _b64(secrets.token_bytes(32))}
    if name == "gateway":
        fresh["outer"] = ring(*_signing("outer"))
    return fresh


def _signing(name: str) -> tuple[str, bytes]:
    return f"{name}-{secrets.token_hex(4)}", Ed25519PrivateKey.generate().private_bytes_raw()


def _stored(folder: Path, name: str) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return stored


def _publish(folder: Path, files: Mapping[str, Mapping[str, Any]], *, now: datetime) -> None:
    public = [key for stored in files.values() for key in _public(stored, now)]
    write_whole(folder / JWKS, json.dumps({"keys": public}, indent=1), mode=0o644)


def _public(stored: Mapping[str, Any], now: datetime) -> Iterator[dict[str, str]]:
    ring = Ring.read(stored["signing"])
    for kid, private in ring.believed(now).items():
        x = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
        yield {
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": kid,
            "iss": str(stored["service"]),
            "x": base64.urlsafe_b64encode(x).rstrip(b"=").decode(),
            **({"ends": ring.ends[kid].isoformat()} if kid in ring.ends else {}),
        }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two who change the files take turns."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


if __name__ == "__main__":
    create(Path(sys.argv[1]))
