"""Outer tokens: what the outside holds, signed with EdDSA, verified to the letter."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.identity import Caller, Role, caller_of, claims_of
from infra.refusal import Unauthenticated

TYPE = "at+jwt"  # RFC 9068
AUDIENCE = "maison"
LIFETIME = timedelta(minutes=10)
ALGORITHM = "EdDSA"
_LONGEST = 8192  # characters; ours have about 700
_REQUIRED = ["iss", "aud", "sub", "sid", "role", "brand", "iat", "exp"]


@dataclass(frozen=True)
class Outer:
    """What an outer token says: who, in which session, until when."""

    caller: Caller
    session_id: UUID
    expires_at: datetime


@dataclass(frozen=True)
class OuterKeys:
    """The keys of outer tokens: all are published and believed, the current one signs."""

    issuer: str
    current: str
    keys: Mapping[str, Ed25519PrivateKey]

    @staticmethod
    def load(path: Path, *, issuer: str) -> "OuterKeys":
        """Read the `outer` entry of the gateway's key file (see infra.keys)."""
        stored = json.loads(path.read_text())["outer"]
        keys = {kid: Ed25519PrivateKey.from_private_bytes(base64.b64decode(key)) for kid, key in stored["keys"].items()}
        return OuterKeys(issuer, stored["current"], keys)

    def sign(self, caller: Caller, *, session_id: UUID, now: datetime) -> str:
        """A token for ten minutes."""
        claims = {
            **claims_of(caller),
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sid": str(session_id),
            "iat": now,
            "exp": now + LIFETIME,
        }
        headers = {"typ": TYPE, "kid": self.current}
        return jwt.encode(claims, self.keys[self.current], algorithm=ALGORITHM, headers=headers)

    def read(self, token: str, *, now: datetime) -> Outer:
        """What a token says; raises Unauthenticated for anything that is not exactly one of ours, and in time."""
        try:
            if len(token) > _LONGEST:
                raise Unauthenticated
            header = jwt.get_unverified_header(token)
            key = self.keys.get(header["kid"])
            if key is None or header.get("typ") != TYPE:
                raise Unauthenticated
            claims = jwt.decode(
                token,
                key.public_key(),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self.issuer,
                # Times are judged below, by the clock that the whole gateway goes by.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            return _outer(claims, now=now)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError, OverflowError, OSError):
            raise Unauthenticated from None

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys, as RFC 8037 writes them."""
        return {"keys": [_public(kid, key) for kid, key in self.keys.items()]}


def _outer(claims: Mapping[str, Any], *, now: datetime) -> Outer:
    expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
    caller = caller_of(claims)
    # Services speak to one another inside; nobody comes through the door as one.
    if expires_at <= now or caller.role is Role.SERVICE:
        raise Unauthenticated
    return Outer(caller, UUID(claims["sid"]), expires_at)


def _public(kid: str, key: Ed25519PrivateKey) -> dict[str, str]:
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "alg": ALGORITHM, "use": "sig", "kid": kid, "x": x}
