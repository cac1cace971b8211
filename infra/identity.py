"""Who is calling and what the route allows: inner tokens, the typed caller, permissions declared per route."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from infra.files import Watched
from infra.refusal import NotPermitted, Unauthenticated
from infra.rings import Ring, is_open

TYPE = "inner+jwt"
LIFETIME = timedelta(minutes=10)
BRAND = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")  # never `*`, which would open every brand
OPERATOR = "operator"  # the issuer that the one running the machine signs as
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
    OPERATOR = "operator"  # whoever runs the machine: opens the log's operations and nothing else


# Nobody comes through the gateway's door as one of these.
INSIDE = frozenset({Role.SERVICE, Role.OPERATOR})


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


class Signer:
    """Signs inner tokens as one issuer, with the key that its file names for this moment."""

    def __init__(self, path: Path) -> None:
        self._file = Watched(path, _signing)

    @staticmethod
    def load(path: Path) -> "Signer":
        """Read the `service` and `signing` entries of a key file (see infra.keys)."""
        return Signer(path)

    @property
    def issuer(self) -> str:
        """As whom it signs."""
        return self._file.value().issuer

    @property
    def kid(self) -> str:
        """The name of the key that signs now."""
        return self._file.value().ring.current(datetime.now(UTC))

    @property
    def key(self) -> Ed25519PrivateKey:
        """The key that signs now."""
        return self._file.value().keys[self.kid]

    def sign(self, caller: Caller, *, audience: str, now: datetime | None = None) -> str:
        """An inner token for one service, valid for ten minutes."""
        now = now or datetime.now(UTC)
        kid = self.kid
        claims = {**claims_of(caller), "iss": self.issuer, "aud": audience, "iat": now, "exp": now + LIFETIME}
        key = self._file.value().keys[kid]
        return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": TYPE, "kid": kid})


@dataclass(frozen=True)
class Signing:
    """What a key file says about signing."""

    issuer: str
    ring: Ring
    keys: Mapping[str, Ed25519PrivateKey] = field(repr=False)


def _signing(text: str) -> Signing:
    stored = json.loads(text)
    ring = Ring.read(stored["signing"])
    keys = {kid: Ed25519PrivateKey.from_private_bytes(key) for kid, key in ring.keys.items()}
    return Signing(stored["service"], ring, keys)


@dataclass(frozen=True)
class Known:
    """A public key: whose it is, and until when it is believed."""

    issuer: str
    key: Ed25519PublicKey
    ends: datetime | None


def _known(text: str) -> dict[str, Known]:
    found = {}
    for key in json.loads(text)["keys"]:
        raw = base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
        ends = datetime.fromisoformat(key["ends"]) if "ends" in key else None
        found[key["kid"]] = Known(key["iss"], Ed25519PublicKey.from_public_bytes(raw), ends)
    return found


class Verifier:
    """Checks inner tokens for one service against the pinned JWKS.

    The file is looked at again for an unknown key, and once a second for the known ones: a new key is believed and a
    withdrawn one refused without a restart.
    """

    def __init__(self, service: str, jwks: Path) -> None:
        self._service = service
        self._file = Watched(jwks, _known)

    def verify(self, token: str) -> Caller:
        """The caller a token vouches for; raises Unauthenticated for anything that is not exactly right."""
        try:
            require_plain(token)
            header = jwt.get_unverified_header(token)
            kid = header["kid"]
            known = self._file.value().get(kid) or self._file.look().get(kid)
            if known is None or not is_open(known.ends, datetime.now(UTC)) or header.get("typ") != TYPE:
                raise Unauthenticated
            issuer = known.issuer
            claims = jwt.decode(
                token,
                known.key,
                algorithms=["EdDSA"],
                audience=self._service,
                issuer=issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
            require_brief(claims)
            caller = caller_of(claims)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
            raise Unauthenticated from None
        # A service speaks for itself only; people and machines of the outside come through the gateway.
        own = Role.OPERATOR if issuer == OPERATOR else Role.SERVICE
        speaks_for_itself = caller.role is own and caller.subject == issuer
        vouched_for = issuer == "gateway" and caller.role not in INSIDE
        if not (speaks_for_itself or vouched_for):
            raise Unauthenticated
        return caller


def require_plain(token: str) -> None:
    """Raise ValueError for a token that says something twice: two readers could take it for two different ones."""
    for part in token.split(".")[:2]:
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("said twice")
    return said


def require_brief(claims: Mapping[str, Any]) -> None:
    """Raise ValueError for a token made to live longer than ours do; what a lost key signed ends with the key."""
    if not 0 <= claims["exp"] - claims["iat"] <= LIFETIME.total_seconds():
        raise ValueError("lives too long")


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
