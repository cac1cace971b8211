"""Outer tokens: what the outside holds, signed with EdDSA, verified to the letter."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.files import Watched
from infra.identity import INSIDE, Caller, caller_of, claims_of, require_brief, require_plain
from infra.refusal import Unauthenticated
from infra.rings import Ring, is_open

TYPE = "at+jwt"  # RFC 9068
AUDIENCE = "maison"
LIFETIME = timedelta(minutes=10)
ALGORITHM = "EdDSA"
_LONGEST = 12 * 1024  # characters; ours have about 700, a partner's with 200 boutiques 11,100
_UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, OverflowError, OSError, RecursionError)
_REQUIRED = ["iss", "aud", "sub", "sid", "role", "brand", "iat", "exp"]


@dataclass(frozen=True)
class Outer:
    """What an outer token says: who, in which session, until when, and which key vouches for it."""

    caller: Caller
    session_id: UUID
    expires_at: datetime
    kid: str


@dataclass
class OuterKeys:
    """The keys of outer tokens: all are published and believed until they end, the current one signs.

    Those that were loaded from a file follow it: a key that was put there is used without a restart.
    """

    issuer: str
    current: str
    keys: Mapping[str, Ed25519PrivateKey] = field(repr=False)
    ends: Mapping[str, datetime] = field(default_factory=dict)
    file: Watched[Ring] | None = field(default=None, repr=False, compare=False)
    _seen: Ring | None = field(default=None, init=False, repr=False, compare=False)

    @staticmethod
    def load(path: Path, *, issuer: str) -> "OuterKeys":
        """Read the `outer` ring of the gateway's key file (see infra.keys)."""
        file = Watched(path, lambda text: Ring.read(json.loads(text)["outer"]))
        loaded = OuterKeys(issuer, "", {}, file=file)
        loaded.follow()
        loaded.current = file.value().current(datetime.now(UTC))
        return loaded

    def follow(self, *, at_once: bool = False) -> None:
        """Take over what the file says."""
        if self.file is None:
            return
        ring = self.file.look() if at_once else self.file.value()
        if ring is not self._seen:
            self.keys = {kid: Ed25519PrivateKey.from_private_bytes(key) for kid, key in ring.keys.items()}
            self.ends, self._seen = ring.ends, ring

    def believes(self, kid: str, *, now: datetime) -> bool:
        """Whether tokens that this key signed are still good."""
        self.follow()
        return kid in self.keys and is_open(self.ends.get(kid), now)

    def sign(self, caller: Caller, *, session_id: UUID, now: datetime) -> str:
        """A token for ten minutes."""
        self.follow()
        if self._seen is not None:
            self.current = self._seen.current(now)
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
            require_plain(token)
            header = jwt.get_unverified_header(token)
            kid = header["kid"]
            if kid not in self.keys:  # another instance may have seen it before us
                self.follow(at_once=True)
            if not self.believes(kid, now=now) or header.get("typ") != TYPE:
                raise Unauthenticated
            claims = jwt.decode(
                token,
                self.keys[kid].public_key(),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self.issuer,
                # Times are judged below, by the clock that the whole gateway goes by.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            return _outer(claims, kid=kid, now=now)
        except (jwt.PyJWTError, *_UNREADABLE):
            raise Unauthenticated from None

    def jwks(self, *, now: datetime) -> dict[str, list[dict[str, str]]]:
        """The public keys that are believed, as RFC 8037 writes them."""
        return {"keys": [_public(kid, key) for kid, key in self.keys.items() if self.believes(kid, now=now)]}


def _outer(claims: Mapping[str, Any], *, kid: str, now: datetime) -> Outer:
    require_brief(claims)
    expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
    caller = caller_of(claims)
    # Services and operators speak inside; nobody comes through the door as one.
    if expires_at <= now or caller.role in INSIDE:
        raise Unauthenticated
    return Outer(caller, UUID(claims["sid"]), expires_at, kid)


def _public(kid: str, key: Ed25519PrivateKey) -> dict[str, str]:
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "alg": ALGORITHM, "use": "sig", "kid": kid, "x": x}
