"""Opening a client to someone, and writing down who looked."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.ids import new_id
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities
from services.profile.privacy import queries, rules
from services.profile.privacy.queries import Sight
from services.profile.privacy.rules import ClientUnknown

_GRANT = text(
    "insert into access_grant (brand_id, grant_id, client_id, subject, reason, granted_at, until_at)"
    " values (:brand, :grant_id, :client_id, :subject, :reason, :now, :until)"
)
_LOOK = text(
    "insert into access_log (brand_id, entry_id, client_id, subject, role, seen, ground, grant_id, seen_at)"
    " values (:brand, :entry_id, :client_id, :subject, :role, :seen, :ground, :grant_id, :now)"
)
_EXPECT = text(
    "insert into presence as p (brand_id, appointment_id, client_id, boutique_id, from_at, until_at)"
    " values (:brand, :appointment_id, :client_id, :boutique_id, :from_at, :until_at)"
    " on conflict (brand_id, appointment_id) do update set client_id = excluded.client_id,"
    " boutique_id = excluded.boutique_id, from_at = excluded.from_at, until_at = excluded.until_at"
)
# Earlier or later than agreed, or told of before the agreement itself: the widest stay counts.
_ARRIVED = text(
    "insert into presence as p (brand_id, appointment_id, client_id, boutique_id, from_at, until_at)"
    " values (:brand, :appointment_id, :client_id, :boutique_id, :from_at, :until_at)"
    " on conflict (brand_id, appointment_id) do update set from_at = least(p.from_at, excluded.from_at),"
    " until_at = greatest(p.until_at, excluded.until_at)"
)
_LEFT = text("update presence set until_at = :until_at where brand_id = :brand and appointment_id = :appointment_id")
_NOT_COMING = text("delete from presence where brand_id = :brand and appointment_id = :appointment_id")


async def open_access(tx: AsyncSession, client_id: UUID, reason: str, *, by: Caller, now: datetime) -> datetime:
    """Open a client to the caller for a day, for a reason that is kept; answers until when. Raises ClientUnknown."""
    canonical = await identities.canonical(tx, client_id)
    if not await clients.spared(tx, [canonical]):
        raise ClientUnknown
    grant_id, until = new_id(), now + rules.GRANT
    await tx.execute(
        _GRANT,
        {
            "brand": tx.info["brand_id"],
            "grant_id": grant_id,
            "client_id": canonical,
            "subject": by.subject,
            "reason": keyring(tx).seal("access_grant", "reason", grant_id, reason),
            "now": now,
            "until": until,
        },
    )
    return until


async def note_guest(tx: AsyncSession, client_id: UUID, *, seen: str, by: Caller, now: datetime) -> None:
    """Write down in this brand that somebody of another one is shown a client of ours, as she allows in both."""
    if by.role in rules.STAFF:
        await tx.execute(
            _LOOK,
            {
                "brand": tx.info["brand_id"],
                "entry_id": new_id(),
                "client_id": client_id,
                "subject": f"{by.brand_id}/{by.subject}",
                "role": by.role.value,
                "seen": seen,
                "ground": rules.Ground.CROSS_BRAND.value,
                "grant_id": None,
                "now": now,
            },
        )


async def look(
    tx: AsyncSession, client_id: UUID, *, seen: str, by: Caller, now: datetime, also_herself: bool = False
) -> Sight:
    """Let the caller see a client in full, and write it down when she is of the house; raises ClientUnknown.

    `seen` names what is shown: client, timeline, purchases... `also_herself` writes it down of the client too.
    """
    sight = await queries.sight(tx, client_id, by, now=now)
    if by.role in rules.STAFF or also_herself:
        # Whatever is written about her next is written before she is erased, and erased with her.
        if sight.client_id not in await clients.spared(tx, [sight.client_id]):
            raise ClientUnknown
        await _write_down(tx, [sight], seen=seen, by=by, now=now)
    return sight


async def look_at_all(
    tx: AsyncSession, client_ids: Sequence[UUID], *, seen: str, by: Caller, now: datetime
) -> dict[UUID, Sight]:
    """Let somebody of the house see those of several clients whom she may see, and write each down as a look of hers.

    By the ids that were asked for, without those who are not there for her. The same number of statements however many.
    """
    found = await queries.sights(tx, client_ids, by, now=now)
    there = await clients.spared(tx, sorted({one.client_id for one in found.values()})) if found else set()
    found = {asked: one for asked, one in found.items() if one.client_id in there}
    if by.role in rules.STAFF:
        await _write_down(tx, list(found.values()), seen=seen, by=by, now=now)
    return found


async def _write_down(tx: AsyncSession, seen_of: Sequence[Sight], *, seen: str, by: Caller, now: datetime) -> None:
    rows = [
        {
            "brand": tx.info["brand_id"],
            "entry_id": new_id(),
            "client_id": sight.client_id,
            "subject": by.subject,
            "role": by.role.value,
            "seen": seen,
            "ground": sight.ground.value,
            "grant_id": sight.grant_id,
            "now": now,
        }
        for sight in seen_of
    ]
    if rows:
        await tx.execute(_LOOK, rows)


async def note(tx: AsyncSession, client_ids: Sequence[UUID], *, seen: str, by: Caller, now: datetime) -> None:
    """Write down that somebody of the house was shown all of these at once, by her role; they are spared already."""
    rows = [
        {"client_id": client_id, "entry_id": new_id(), "subject": by.subject, "role": by.role.value, "now": now}
        | {"brand": tx.info["brand_id"], "seen": seen, "ground": rules.Ground.ROLE.value, "grant_id": None}
        for client_id in client_ids
    ]
    if rows:
        await tx.execute(_LOOK, rows)


async def expect(
    tx: AsyncSession,
    appointment_id: UUID,
    client_id: UUID,
    boutique_id: UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
) -> None:
    """A visit is agreed for that time: whoever prepares it may see her."""
    await tx.execute(
        _EXPECT,
        {
            "brand": tx.info["brand_id"],
            "appointment_id": appointment_id,
            "client_id": client_id,
            "boutique_id": boutique_id,
            "from_at": starts_at - rules.AROUND_A_VISIT,
            "until_at": ends_at + rules.AROUND_A_VISIT,
        },
    )


async def arrive(
    tx: AsyncSession, appointment_id: UUID, client_id: UUID, boutique_id: UUID, *, arrived_at: datetime
) -> None:
    """She is there, perhaps earlier or later than agreed."""
    await tx.execute(
        _ARRIVED,
        {
            "brand": tx.info["brand_id"],
            "appointment_id": appointment_id,
            "client_id": client_id,
            "boutique_id": boutique_id,
            "from_at": arrived_at,
            "until_at": arrived_at + rules.AROUND_A_VISIT,
        },
    )


async def leave(tx: AsyncSession, appointment_id: UUID, *, completed_at: datetime) -> None:
    """The visit is over; a day remains to write it up."""
    until = completed_at + rules.AROUND_A_VISIT
    await tx.execute(_LEFT, {"brand": tx.info["brand_id"], "appointment_id": appointment_id, "until_at": until})


async def stay_away(tx: AsyncSession, appointment_id: UUID) -> None:
    """She is not coming."""
    await tx.execute(_NOT_COMING, {"brand": tx.info["brand_id"], "appointment_id": appointment_id})
