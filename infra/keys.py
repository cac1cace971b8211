"""`python -m infra.keys DIR`: make whatever key files are missing; never touch one that is there."""

import base64
import json
import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.files import write_whole

ISSUERS = ("gateway", "profile", "appointments", "feedback", "recommend")
JWKS = "inner-jwks.json"


def create(folder: Path) -> None:
    """One private key file per process (mode 0600) and one public JWKS with the keys of all of them.

    A key file is JSON: `service`, `signing` {kid, private}, `fields` {current, keys}, `index`; the gateway's also has
    `outer` {current, keys}, the keys that sign the tokens of the outside. Binary values are base64.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ISSUERS:
        path = folder / f"{name}.json"
        if not path.exists():
            write_whole(path, json.dumps(_fresh(name), indent=1))
    public = {"keys": [_public(json.loads((folder / f"{name}.json").read_text())) for name in ISSUERS]}
    write_whole(folder / JWKS, json.dumps(public, indent=1), mode=0o644)


def _fresh(name: str) -> dict[str, object]:
    fresh: dict[str, object] = {
        "service": name,
        "signing": _signing(name),
        "fields": {"current": 1, "keys": {"1": _b64(secrets.token_bytes(32))}},
        "index": _b64(secrets.token_bytes(32)),
    }
    if name == "gateway":
        key = _signing("outer")
        fresh["outer"] = {"current": key["kid"], "keys": {key["kid"]: key["private"]}}
    return fresh


def _signing(name: str) -> dict[str, str]:
    key = Ed25519PrivateKey.generate()
    return {"kid": f"{name}-{secrets.token_hex(4)}", "private": _b64(key.private_bytes_raw())}


def _public(stored: dict[str, dict[str, str]]) -> dict[str, str]:
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["signing"]["private"]))
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": stored["signing"]["kid"],
        "iss": str(stored["service"]),
        "x": x,
    }


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


if __name__ == "__main__":
    create(Path(sys.argv[1]))
