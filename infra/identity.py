"""Who is calling and what the route allows: inner tokens, the typed caller, permissions declared per route."""

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from infra.refusal import NotPermitted, Unauthenticated

TYPE = "inner+jwt"
LIFETIME = timedelta(minutes=10)
LOOK = 1.0  # seconds between two looks at the JWKS file
BRAND = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")  # never `*`, which would open every brand
LEEWAY = timedelta(seconds=5)  # clocks of two machines may differ by this


class Role(StrEnum):
    """What someone is to the house. The order says nothing: each route names the roles it opens to."""

    CLIENT = "client"
    ADVISOR = "advisor"
    CLIENT_SERVICE = "client-service"
    AFTER_SALES = "after-sales"
    EVENTS = "events"
    MANAGER = "manager"
    REGIONAL = "regional"
    HEADQUARTERS = "headquarters"
    PRIVACY = "privacy"
    GROUP = "group"
    POS = "pos"
    PARTNER = "partner"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as the gateway (or a peer service) vouches for it."""

    subject: str
    role: Role
    brand_id: str
    client_id: UUID | None = None
    advisor_id: UUID | None = None
    boutique_ids: frozenset[UUID] = frozenset()
    region_id: UUID | None = None


# --- permissions -----------------------------------------------------------------------------------------------------

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Permission:
    """The roles a route opens to; `roles` is None for a public route."""

    roles: frozenset[Role] | None

    def check(self, caller: Caller | None) -> None:
        """Raise Unauthenticated or NotPermitted, before the body is even read."""
        if self.roles is None:
            return
        if caller is None:
            raise Unauthenticated
        if caller.role not in self.roles:
            raise NotPermitted


def permit(*roles: Role) -> Callable[[Endpoint], Endpoint]:
    """Declare who may call the endpoint below. Rows a permitted caller may not see are the queries' business."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.__permission__ = Permission(frozenset(roles))  # type: ignore[attr-defined]
        return endpoint

    return declare


def public(endpoint: Endpoint) -> Endpoint:
    """Declare that anybody may call the endpoint below, with or without a token."""
    endpoint.__permission__ = Permission(None)  # type: ignore[attr-defined]
    return endpoint


# --- inner tokens ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signer:
    """Signs inner tokens as one issuer."""

    issuer: str
    kid: str
    key: Ed25519PrivateKey

    @staticmethod
    def load(path: Path) -> "Signer":
        """Read the `service` and `signing` entries of a key file (see infra.keys)."""
        stored = json.loads(path.read_text())
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["signing"]["private"]))
        return Signer(stored["service"], stored["signing"]["kid"], key)

    def sign(self, caller: Caller, *, audience: str, now: datetime | None = None) -> str:
        """An inner token for one service, valid for ten minutes."""
        now = now or datetime.now(UTC)
        claims = {**claims_of(caller), "iss": self.issuer, "aud": audience, "iat": now, "exp": now + LIFETIME}
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers={"typ": TYPE, "kid": self.kid})


class Verifier:
    """Checks inner tokens for one service against the pinned JWKS.

    The file is looked at again for an unknown key, and once a second for the known ones: a new key is believed and a
    withdrawn one refused without a restart.
    """

    def __init__(self, service: str, jwks: Path) -> None:
        self._service = service
        self._path = jwks
        self._read_at = 0
        self._looked_at = 0.0
        self._keys: Mapping[str, tuple[str, Ed25519PublicKey]] = {}
        self._refresh()

    def _refresh(self) -> None:
        self._looked_at = time.monotonic()
        changed_at = self._path.stat().st_mtime_ns
        if changed_at == self._read_at:
            return
        found = {}
        for key in json.loads(self._path.read_text())["keys"]:
            raw = base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
            found[key["kid"]] = (key["iss"], Ed25519PublicKey.from_public_bytes(raw))
        self._keys, self._read_at = found, changed_at

    def verify(self, token: str) -> Caller:
        """The caller a token vouches for; raises Unauthenticated for anything that is not exactly right."""
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if kid not in self._keys or time.monotonic() - self._looked_at > LOOK:
                self._refresh()
            issuer, key = self._keys[kid] if isinstance(kid, str) and kid in self._keys else (None, None)
            if key is None or issuer is None or header.get("typ") != TYPE:
                raise Unauthenticated
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=self._service,
                issuer=issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
            caller = caller_of(claims)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
            raise Unauthenticated from None
        # A service speaks for itself only; people and machines of the outside come through the gateway.
        speaks_for_itself = caller.role is Role.SERVICE and caller.subject == issuer
        vouched_for = issuer == "gateway" and caller.role is not Role.SERVICE
        if not (speaks_for_itself or vouched_for):
            raise Unauthenticated
        return caller


def claims_of(caller: Caller) -> dict[str, object]:
    """What a token says of a caller."""
    claims: dict[str, object] = {"sub": caller.subject, "role": caller.role.value, "brand": caller.brand_id}
    for name in ("client_id", "advisor_id", "region_id"):
        if (value := getattr(caller, name)) is not None:
            claims[name] = str(value)
    if caller.boutique_ids:
        claims["boutique_ids"] = sorted(str(boutique) for boutique in caller.boutique_ids)
    return claims


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """The caller that a token's claims describe; KeyError or ValueError when they do not."""

    def uuid(name: str) -> UUID | None:
        return UUID(claims[name]) if claims.get(name) is not None else None

    if not BRAND.match(claims["brand"]):
        raise ValueError("no brand")
    return Caller(
        subject=str(claims["sub"]),
        role=Role(claims["role"]),
        brand_id=claims["brand"],
        client_id=uuid("client_id"),
        advisor_id=uuid("advisor_id"),
        boutique_ids=frozenset(UUID(boutique) for boutique in claims.get("boutique_ids", ())),
        region_id=uuid("region_id"),
    )
