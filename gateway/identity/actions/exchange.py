"""The exchange at the door: an outer token is verified once, and answers an inner one per service until it ends."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from gateway.identity import queries
from gateway.identity.models.tokens import LIFETIME, OuterKeys
from infra.app import Kit
from infra.database import EVERY_BRAND
from infra.eventlog.hint import pause
from infra.identity import Caller, Role, Signer
from infra.refusal import Unauthenticated, Unavailable

KEPT = 20_000  # verified tokens; the oldest go first
# A leaver is out within a second, whichever instance heard of it.
POLL = 0.5  # seconds between looks at what other instances have revoked
# Without news for longer than this, nobody is let in: a revocation may have been missed.
BLIND = 30.0  # seconds
INNER_KEPT = 540.0  # seconds of the ten minutes that an inner token lives
# A session that was revoked longer ago than a token lives has no token left.
REMEMBERED = LIFETIME + timedelta(minutes=5)

Regions = Mapping[tuple[str, UUID], frozenset[UUID]]


@dataclass(slots=True)
class Verified:
    """An outer token found good, and the inner tokens it has been exchanged for."""

    caller: Caller
    session_id: UUID
    expires_at: datetime
    kid: str
    inner: dict[str, tuple[str, float, str]] = field(default_factory=dict)


class Exchange:
    """Verified outer tokens of this process. Sessions revoked here end at once, those revoked elsewhere within POLL."""

    def __init__(self, keys: OuterKeys, signer: Signer) -> None:
        self.keys = keys
        self._signer = signer
        self._verified: OrderedDict[str, Verified] = OrderedDict()
        self._revoked: frozenset[UUID] = frozenset()
        self._revoked_here: dict[UUID, datetime] = {}
        self._regions: Regions = {}
        self._learned_at = -BLIND

    def verify(self, token: str, *, now: datetime) -> Verified:
        """Who holds this token; raises Unauthenticated, or Unavailable while revocations cannot be known."""
        if time.monotonic() - self._learned_at > BLIND:
            raise Unavailable
        found = self._verified.get(token)
        if found is None:
            outer = self.keys.read(token, now=now)
            found = Verified(self._placed(outer.caller), outer.session_id, outer.expires_at, outer.kid)
            self._verified[token] = found
            if len(self._verified) > KEPT:
                self._verified.popitem(last=False)
        revoked = found.session_id in self._revoked or found.session_id in self._revoked_here
        if revoked or found.expires_at <= now or not self.keys.believes(found.kid, now=now):
            self._verified.pop(token, None)
            raise Unauthenticated
        return found

    def inner(self, verified: Verified, audience: str) -> str:
        """The inner token for one service."""
        held, kid = verified.inner.get(audience), self._signer.kid
        # Nothing of an older key is handed out any more: it may be about to end.
        if held is None or held[1] <= time.monotonic() or held[2] != kid:
            held = (self._signer.sign(verified.caller, audience=audience), time.monotonic() + INNER_KEPT, kid)
            verified.inner[audience] = held
        return held[0]

    def revoke(self, sessions: Collection[UUID], *, now: datetime) -> None:
        """End these sessions in this process, from this moment."""
        self._revoked_here.update(dict.fromkeys(sessions, now))

    def learn(self, revoked: Collection[UUID], regions: Regions, *, now: datetime) -> None:
        """Take over what the database says: revoked sessions, and which boutiques a region has."""
        self._revoked = frozenset(revoked)
        self._revoked_here = {one: at for one, at in self._revoked_here.items() if now - at < REMEMBERED}
        if regions != self._regions:
            self._regions = regions
            self._verified.clear()
        self._learned_at = time.monotonic()

    def _placed(self, caller: Caller) -> Caller:
        # A regional manager sees the boutiques that her region has now, not those it had when she signed in.
        if caller.role is not Role.REGIONAL or caller.region_id is None:
            return caller
        return replace(caller, boutique_ids=self._regions.get((caller.brand_id, caller.region_id), frozenset()))


async def refresh(exchange: Exchange, kit: Kit) -> None:
    """Read the revocations and regions once."""
    now = kit.clock()
    async with kit.database.transaction(EVERY_BRAND) as tx:
        revoked = await queries.revoked_since(tx, now - REMEMBERED)
        regions = await queries.regions(tx)
    exchange.learn(revoked, regions, now=now)


async def watch(exchange: Exchange, kit: Kit, stop: asyncio.Event) -> None:
    """Keep up with the other instances until told to stop."""
    while not stop.is_set():
        await refresh(exchange, kit)
        await pause(stop, POLL)
