"""Taking and giving back time. The database alone decides between rivals: see the constraint on `occupation`."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.availability.rules import Claim, Kind
from services.appointments.directory.queries import brand

# Whoever wants this time waits its turn a little longer than the login's lock_timeout would let it.
_LOCK = text(
    """
    with patience as materialized (select set_config('lock_timeout', '2500ms', true))
    select pg_advisory_xact_lock(key) from patience, unnest(cast(:keys as bigint[])) as wanted (key)
    """
)
# The function stands in the first migration: lock, give back, sweep, insert, and undo it all if something is missing.
_OCCUPY = text(
    """
    select occupy(
        cast(:brand as text), cast(:appointment as uuid), cast(:kind as text), cast(:expires_at as timestamptz),
        cast(:now as timestamptz), cast(:leaving as boolean), cast(:keys as bigint[]),
        cast(:resources as uuid[]), cast(:starts as timestamptz[]), cast(:ends as timestamptz[])
    )
    """
)
_KEEP = text(
    """
    update occupation set kind = 'visit', expires_at = null
    where brand_id = :brand and appointment_id = :appointment and kind = 'hold' and expires_at > :now
    -- Nobody agrees a visit with an advisor who has left while it was held.
    and not exists (select from advisor where advisor.brand_id = :brand and advisor.advisor_id = resource_id
        and advisor.left_at is not null)
    returning resource_id
    """
)
_PROLONG = text(
    """
    update occupation set expires_at = :until
    where brand_id = :brand and appointment_id = :appointment and kind = 'hold' and expires_at > :now
    returning resource_id
    """
)
_TRY = text("select bool_and(pg_try_advisory_xact_lock(key)) from unnest(cast(:keys as bigint[])) as wanted (key)")
_GIVE_BACK = text("delete from occupation where brand_id = :brand and appointment_id = any(:appointments)")
_NOT_BEGUN = text(
    "delete from occupation"
    " where brand_id = :brand and appointment_id = :appointment and lower(during) >= cast(:now as timestamptz)"
)
_CUT_SHORT = text(
    "update occupation set during = tstzrange(lower(during), cast(:now as timestamptz), '[)')"
    " where brand_id = :brand and appointment_id = :appointment and during @> cast(:now as timestamptz)"
)


def _turns(brand_id: str, resource_ids: Iterable[UUID]) -> list[int]:
    """The locks of these resources' time, in the one order in which everybody takes them."""
    return sorted({_key(brand_id, resource_id) for resource_id in resource_ids})


def _key(brand_id: str, resource_id: UUID) -> int:
    digest = hashlib.blake2b(brand_id.encode() + b"\x00" + resource_id.bytes, digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


async def take_turns(tx: AsyncSession, resource_ids: Iterable[UUID]) -> None:
    """Wait until no other transaction works on these resources' time. Every writer of `occupation` begins so.

    The constraint alone keeps visits apart. But whoever deletes rows (a move, a hold that ran out) makes others wait
    who may hold what it wants next: two moves that swap places would dead-lock. So all locks are taken at once, in
    one order.
    """
    await tx.execute(_LOCK, {"keys": _turns(brand(tx), resource_ids)})


async def try_turns(tx: AsyncSession, resource_ids: Iterable[UUID]) -> bool:
    """Take all turns that are free without waiting; False if one was not, and then the caller must not commit."""
    taken = (await tx.execute(_TRY, {"keys": _turns(brand(tx), resource_ids)})).scalar_one()
    return taken is not False  # null: none was wanted


async def occupy(
    tx: AsyncSession,
    claims: Sequence[Claim],
    *,
    appointment_id: UUID,
    now: datetime,
    expires_at: datetime | None,
    leaving: Sequence[UUID] = (),
) -> frozenset[UUID]:
    """Take all that a visit needs or nothing; answers which resources were taken by others, none on success.

    With `expires_at` it is a hold. `leaving` are the resources that the appointment occupies now and gives back.
    After a refusal nothing is locked: the function in the database undoes itself, so that a queue of losers moves on
    without waiting for this process.
    """
    ordered = sorted(claims, key=attrgetter("resource_id"))
    wanted = [claim.resource_id for claim in ordered]
    missing: list[UUID] = (
        await tx.execute(
            _OCCUPY,
            {
                "brand": brand(tx),
                "appointment": appointment_id,
                "kind": (Kind.HOLD if expires_at else Kind.VISIT).value,
                "expires_at": expires_at,
                "now": now,
                "leaving": bool(leaving),
                "keys": _turns(brand(tx), [*wanted, *leaving]),
                "resources": wanted,
                "starts": [claim.during.starts_at for claim in ordered],
                "ends": [claim.during.ends_at for claim in ordered],
            },
        )
    ).scalar_one()
    return frozenset(missing)


async def keep(tx: AsyncSession, appointment_id: UUID, resource_ids: Iterable[UUID], *, now: datetime) -> bool:
    """Turn a hold into a visit; False if the hold has run out, whoever else has the time by now.

    After False the caller must not commit.
    """
    wanted = set(resource_ids)
    await take_turns(tx, wanted)
    rows = await tx.execute(_KEEP, {"brand": brand(tx), "appointment": appointment_id, "now": now})
    return set(rows.scalars()) == wanted


async def prolong(
    tx: AsyncSession, appointment_id: UUID, resource_ids: Iterable[UUID], *, until: datetime, now: datetime
) -> bool:
    """Have a hold last until later; False if it has run out. After False the caller must not commit."""
    wanted = set(resource_ids)
    await take_turns(tx, wanted)
    rows = await tx.execute(_PROLONG, {"brand": brand(tx), "appointment": appointment_id, "until": until, "now": now})
    return set(rows.scalars()) == wanted


async def give_back(tx: AsyncSession, appointment_id: UUID, resource_ids: Iterable[UUID]) -> None:
    """Free what an appointment occupies."""
    await give_back_all(tx, [appointment_id], resource_ids)


async def give_back_all(tx: AsyncSession, appointment_ids: Sequence[UUID], resource_ids: Iterable[UUID]) -> None:
    """Free what some appointments occupy."""
    await take_turns(tx, resource_ids)
    await tx.execute(_GIVE_BACK, {"brand": brand(tx), "appointments": list(appointment_ids)})


async def cut_short(tx: AsyncSession, appointment_id: UUID, resource_ids: Iterable[UUID], *, now: datetime) -> None:
    """Free what an appointment would still occupy from now on."""
    await take_turns(tx, resource_ids)
    whose = {"brand": brand(tx), "appointment": appointment_id, "now": now}
    await tx.execute(_NOT_BEGUN, whose)
    await tx.execute(_CUT_SHORT, whose)
