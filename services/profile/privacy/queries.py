"""Reading who may see whom, and who has looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.privacy import rules
from services.profile.privacy.rules import ClientUnknown, Ground, ProcessingRestricted

# What opens a client to this caller: in one statement, for one client or (ids null) for all of them. The owner of a
# record that was merged away counts only while the surviving one has no owner of its own.
_OPEN = """
    select client_id, 'owner' as ground, cast(null as uuid) as grant_id from client_owner owner
    where brand_id = :brand and (advisor_id = :advisor_id or (:whole_boutique and boutique_id = any(:boutiques)))
        and (cast(:ids as uuid[]) is null or client_id = any(:ids))
        and not exists (
            select from client_alias alias
            join client_owner own on own.brand_id = alias.brand_id and own.client_id = alias.canonical_id
            where alias.brand_id = owner.brand_id and alias.client_id = owner.client_id
        )
    union all
    select client_id, 'deputy', null from client_deputy
    where brand_id = :brand and advisor_id = :advisor_id and from_at <= :now and (until_at is null or until_at > :now)
        and (cast(:ids as uuid[]) is null or client_id = any(:ids))
    union all
    select owner.client_id, 'deputy', null from book_deputy deputy
    join client_owner owner on owner.brand_id = deputy.brand_id and owner.advisor_id = deputy.owner_advisor_id
    where deputy.brand_id = :brand and deputy.advisor_id = :advisor_id and deputy.from_at <= :now
        and deputy.until_at > :now and (cast(:ids as uuid[]) is null or owner.client_id = any(:ids))
    union all
    select client_id, 'present', null from presence
    where brand_id = :brand and boutique_id = any(:boutiques) and from_at <= :now and until_at > :now
        and (cast(:ids as uuid[]) is null or client_id = any(:ids))
    union all
    select client_id, 'grant', grant_id from access_grant
    where brand_id = :brand and subject = :subject and until_at > :now
        and (cast(:ids as uuid[]) is null or client_id = any(:ids))
"""
_GROUNDS = text(_OPEN)
_VISIBLE = text(
    f"select distinct coalesce(a.canonical_id, o.client_id) as client_id from ({_OPEN}) o"  # noqa: S608
    " left join client_alias a on a.brand_id = :brand and a.client_id = o.client_id"
)
_LOG = text(
    "select l.entry_id, l.subject, l.role, l.seen, l.ground, l.seen_at, g.grant_id, g.reason from access_log l"
    " left join access_grant g on g.brand_id = l.brand_id and g.grant_id = l.grant_id"
    " where l.brand_id = :brand and l.client_id = any(:ids)"
    " and (cast(:after as uuid) is null or l.entry_id < :after) order by l.entry_id desc limit :limit"
)
_VISIT = text(
    "select client_id, boutique_id from presence where brand_id = :brand and appointment_id = :appointment_id"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that is agreed, or was made: who comes where."""

    client_id: UUID
    boutique_id: UUID


@dataclass(frozen=True, slots=True)
class Sight:
    """A client someone may see in full: her canonical record, all her records, and what opens them."""

    client_id: UUID
    family: tuple[UUID, ...]
    ground: Ground
    grant_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One full view of a client by someone of the house; `reason` is what she gave when she opened the access."""

    entry_id: UUID
    subject: str
    role: str
    seen: str
    ground: Ground
    reason: str | None
    seen_at: datetime


async def sight(tx: AsyncSession, client_id: UUID, by: Caller, *, now: datetime) -> Sight:
    """What opens this client to this caller; raises ClientUnknown when nothing does, or when there is no client.

    Raises ProcessingRestricted where she does not want her data used; privacy officers see it all the same.
    """
    found, restricted = await _opened(tx, [client_id], by, now=now)
    if client_id not in found:
        raise ClientUnknown
    if found[client_id].client_id in restricted:
        raise ProcessingRestricted
    return found[client_id]


async def sights(tx: AsyncSession, client_ids: Sequence[UUID], by: Caller, *, now: datetime) -> dict[UUID, Sight]:
    """Those of several clients that this caller may see, by the ids that were asked for.

    The same number of statements however many.
    """
    found, restricted = await _opened(tx, client_ids, by, now=now)
    return {asked: one for asked, one in found.items() if one.client_id not in restricted}


async def _opened(
    tx: AsyncSession, client_ids: Sequence[UUID], by: Caller, *, now: datetime
) -> tuple[dict[UUID, Sight], set[UUID]]:
    """Who of them is open to this caller, and which records must not be used by her."""
    families = await identities.families(tx, client_ids)
    ground = rules.role_ground(by.role)
    asks = by.role in rules.STAFF and ground is None
    every = sorted({one for family in families.values() for one in family})
    rows = (await tx.execute(_GROUNDS, _asked(tx, by, now) | {"ids": every})).all() if asks else []
    found = {}
    for asked, family in families.items():
        opened, grant_id = ground, None
        if by.role is Role.CLIENT:
            opened = Ground.SELF if by.client_id in family else None
        elif asks:
            hers = [row for row in rows if row.client_id in family]
            # An owner's ground goes before presence, and presence before an access she had to ask for.
            first = min(hers, key=lambda row: list(Ground).index(Ground(row.ground)), default=None)
            opened, grant_id = (Ground(first.ground), first.grant_id) if first is not None else (None, None)
        if opened is not None:
            found[asked] = Sight(family[0], family, opened, grant_id)
    heads = sorted({one.client_id for one in found.values()})
    there = await clients.by_id(tx, heads) if heads else {}
    uses = by.role in rules.STAFF - {Role.PRIVACY}
    restricted = await consents.restricted(tx, heads) if heads and uses else set()
    return {asked: one for asked, one in found.items() if one.client_id in there}, restricted


async def visible(tx: AsyncSession, by: Caller, *, now: datetime) -> list[UUID] | None:
    """Every client open to this member of staff, None for all of the brand's."""
    if rules.role_ground(by.role) is not None:
        return None
    return list((await tx.execute(_VISIBLE, _asked(tx, by, now) | {"ids": None})).scalars())


async def looks(tx: AsyncSession, client_id: UUID, *, after: UUID | None, limit: int) -> list[Look]:
    """Who has seen this client in full, the latest first."""
    ids = await identities.family(tx, client_id)
    ring = keyring(tx)
    rows = await tx.execute(_LOG, {"brand": tx.info["brand_id"], "ids": ids, "after": after, "limit": limit})
    return [
        Look(
            entry_id=row.entry_id,
            subject=row.subject,
            role=row.role,
            seen=row.seen,
            ground=Ground(row.ground),
            reason=ring.open("access_grant", "reason", row.grant_id, row.reason) if row.grant_id else None,
            seen_at=row.seen_at,
        )
        for row in rows
    ]


async def visit(tx: AsyncSession, appointment_id: UUID) -> Visit | None:
    """A visit that we have heard of and that was not called off."""
    asked = {"brand": tx.info["brand_id"], "appointment_id": appointment_id}
    row = (await tx.execute(_VISIT, asked)).mappings().first()
    return Visit(**row) if row else None


def _asked(tx: AsyncSession, by: Caller, now: datetime) -> dict[str, object]:
    boutiques: Sequence[UUID] = sorted(by.boutique_ids)
    return {
        "brand": tx.info["brand_id"],
        "advisor_id": by.advisor_id if by.role is Role.ADVISOR else None,
        "whole_boutique": by.role in rules.WHOLE_BOUTIQUE,
        "boutiques": boutiques,
        "subject": by.subject,
        "now": now,
    }
