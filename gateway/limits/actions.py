"""Counting requests, in this process, and guesses at passwords, in the database.

Requests in memory on purpose: a shared counter would cost every one of them a round trip and make its store a reason to
refuse everybody. With n instances a caller may ask at most n times as much, which is what the instances are there for.
Guesses must not be multiplied by instances, and beside argon2 a round trip is nothing.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.actions.sweeping import sweep
from gateway.limits.rules import (
    ADDRESS,
    BY_ADDRESS_AND_PATH,
    BY_ROLE,
    BY_SUBJECT_AND_PATH,
    GUESSES_FROM_ANYWHERE,
    GUESSES_FROM_ONE_ADDRESS,
    STAFF,
    Drawn,
    Level,
    Policy,
    TooManyRequests,
    draw,
    neighbourhood,
)
from gateway.limits.tables import Guess
from infra.app import Kit
from infra.crypto import keyring
from infra.database import EVERY_BRAND
from infra.eventlog.hint import pause
from infra.identity import Caller
from infra.refusal import Refusal

SWEEP = 300.0  # seconds between removals of buckets that are full again
BUCKETS = 100_000  # the least recently used go first

Header = tuple[bytes, bytes]


class Meter:
    """The buckets of this process. `factor` widens every policy."""

    def __init__(self, *, factor: float = 1.0, steady: Callable[[], float] = time.monotonic) -> None:
        self._factor = factor
        self._steady = steady
        self._levels: OrderedDict[tuple[str, ...], Level] = OrderedDict()
        self._policies: dict[Policy, Policy] = {}

    def measure(self, *, address: str, path: str, caller: Caller | None) -> tuple[list[Header], Refusal | None]:
        """Count one request; its RateLimit headers, and the refusal if it is one too many."""
        place = neighbourhood(address)
        drawn = [self._draw(self._wide(ADDRESS), "address", place)]
        if (policy := BY_ADDRESS_AND_PATH.get(path)) is not None:
            drawn.append(self._draw(self._wide(policy), path, place))
        if caller is not None:
            who = f"{caller.brand_id}:{caller.role.value}:{caller.subject}"
            drawn.append(self._draw(self._wide(BY_ROLE.get(caller.role, STAFF)), "subject", who))
            if (policy := BY_SUBJECT_AND_PATH.get(path)) is not None:
                drawn.append(self._draw(self._wide(policy), path, who))
        wait = max(one.wait for one in drawn)
        return headers(drawn), TooManyRequests(retry_after=wait) if wait else None

    def _wide(self, policy: Policy) -> Policy:
        found = self._policies.get(policy)
        if found is None:
            found = self._policies[policy] = policy.times(self._factor)
        return found

    def _draw(self, policy: Policy, *key: str) -> Drawn:
        drawn = draw(policy, self._levels.get(key), now=self._steady())
        self._levels[key] = drawn.level
        self._levels.move_to_end(key)
        if len(self._levels) > BUCKETS:
            self._levels.popitem(last=False)
        return drawn


class Guesses:
    """Attempts at a password over every instance, per username and the brand given with it.

    They are counted the same whether the user exists or not: a limit must not tell.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def attempt(self, username: str, *, brand_id: str | None, address: str) -> None:
        """Count an attempt; raises TooManyRequests."""
        now = self._kit.clock()
        whose = f"{brand_id or ''}\n{username}"
        async with self._kit.database.transaction(EVERY_BRAND) as tx:
            wait = await self._draw(tx, GUESSES_FROM_ONE_ADDRESS, f"{whose}\n{neighbourhood(address)}", now=now)
            if wait == 0:
                # Not drawn for what was refused above: one address alone could lock the owner out everywhere.
                wait = await self._draw(tx, GUESSES_FROM_ANYWHERE, f"{whose}\nanywhere", now=now)
        if wait:
            raise TooManyRequests(retry_after=wait)

    async def forgive(self, username: str, *, brand_id: str | None, address: str) -> None:
        """Give an attempt back: the password was right, so it was no guess."""
        whose = f"{brand_id or ''}\n{username}"
        async with self._kit.database.transaction(EVERY_BRAND) as tx:
            # In the order in which they are drawn from.
            for policy, bucket in (
                (GUESSES_FROM_ONE_ADDRESS, f"{whose}\n{neighbourhood(address)}"),
                (GUESSES_FROM_ANYWHERE, f"{whose}\nanywhere"),
            ):
                drawn = update(Guess).where(Guess.who == keyring(tx).blind("guess", bucket))
                await tx.execute(drawn.values(tokens=func.least(Guess.tokens + 1, float(policy.quota))))

    async def _draw(self, tx: AsyncSession, policy: Policy, whose: str, *, now: datetime) -> int:
        who = keyring(tx).blind("guess", whose)
        full = {"brand_id": EVERY_BRAND, "who": who, "tokens": float(policy.quota), "counted_at": now}
        await tx.execute(insert(Guess).values(full).on_conflict_do_nothing())
        # The lock makes attempts at the same password take turns.
        row = (await tx.scalars(select(Guess).where(Guess.who == who).with_for_update())).one()
        drawn = draw(policy, Level(row.tokens, row.counted_at.timestamp()), now=now.timestamp())
        row.tokens, row.counted_at = drawn.level.tokens, now
        return drawn.wait


async def forget_guesses(kit: Kit, stop: asyncio.Event) -> None:
    """Remove the buckets that have filled up again."""
    while not stop.is_set():
        full_since = kit.clock() - timedelta(seconds=GUESSES_FROM_ANYWHERE.window)
        await sweep(kit, stop, Guess, Guess.counted_at < full_since)
        await pause(stop, SWEEP)


def headers(drawn: list[Drawn]) -> list[Header]:
    """RateLimit and RateLimit-Policy as the IETF draft of September 2025 writes them."""
    policies = ", ".join([f'"{one.policy.name}";q={one.policy.quota};w={one.policy.window}' for one in drawn])
    left = ", ".join([f'"{one.policy.name}";r={int(one.level.tokens)};t={one.reset}' for one in drawn])
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]
