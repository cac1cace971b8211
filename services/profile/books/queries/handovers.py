"""Reading handovers: who is to go where, how far each has come."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.profile.books.queries import policy as policies
from services.profile.books.queries.used import IS_USED
from services.profile.books.rules.handovers import Status
from services.profile.books.rules.placing import Subject
from services.profile.books.rules.policy import Policy

_COLUMNS = (
    "handover_id, from_advisor_id, boutique_id, reason, rule, status, first_contact_on, planned_by, planned_at,"
    " started_at, ended_at, version"
)
_HANDOVER = f"select {_COLUMNS} from handover where brand_id = :brand and handover_id = :handover_id"  # noqa: S608
_LIST = text(
    f"select {_COLUMNS} from handover where brand_id = :brand"  # noqa: S608 - our own words
    " and (cast(:boutiques as uuid[]) is null or boutique_id = any(:boutiques))"
    " and (cast(:advisor_id as uuid) is null or from_advisor_id = :advisor_id)"
    " and (cast(:after as uuid) is null or handover_id < :after) order by handover_id desc limit :limit"
)
_OPEN = text(
    "select handover_id from handover where brand_id = :brand and from_advisor_id = :advisor_id"
    " and status in ('planned', 'started')"
)
# What she has bought counts by whichever of her records it stands.
_SUBJECTS = text(
    "select owner.client_id, owner.boutique_id, client.language,"  # noqa: S608 - our own words
    f" {policies.IS_COUNTED} as is_counted,"
    " array(select distinct line.category from purchase join purchase_line line using (brand_id, purchase_id)"
    " where purchase.brand_id = :brand and line.category is not null and purchase.client_id = any(array("
    "select alias.client_id from client_alias alias where alias.brand_id = :brand"
    " and alias.canonical_id = owner.client_id union all select owner.client_id))) as categories"
    " from client_owner owner join client on client.brand_id = :brand and client.client_id = owner.client_id"
    f" where owner.brand_id = :brand and owner.advisor_id = :advisor_id and {IS_USED}"
    " and (cast(:boutiques as uuid[]) is null or owner.boutique_id = any(:boutiques))"
)
_ENTRY = (
    "select hc.client_id, hc.advisor_id, hc.boutique_id, hc.is_counted, hc.reasons, hc.state, hc.left_out_for,"
    " hc.contacted_at, hc.wecom, hc.wecom_code from handover_client hc"
    " where hc.brand_id = :brand and hc.handover_id = :handover_id"
)
# An entry of somebody whose data may not be used is shown to nobody.
_ENTRIES = text(
    f"with owner as ({_ENTRY}) select * from owner where client_id > :after and {IS_USED}"  # noqa: S608 - our own words
    " order by client_id limit :limit"
)
_ONE = text(f"with owner as ({_ENTRY} and hc.client_id = :client_id) select * from owner where {IS_USED}")  # noqa: S608
# Who has changed boutique since the plan.
_ELSEWHERE = text(
    "select hc.advisor_id from handover_client hc join advisor a using (brand_id, advisor_id)"
    " where hc.brand_id = :brand and hc.handover_id = :handover_id and a.boutique_id <> hc.boutique_id limit 1"
)
_COUNTS = text(
    "select advisor_id, state, wecom, count(*) as clients, count(*) filter (where is_counted) as counted,"
    " count(contacted_at) as contacted from handover_client"
    " where brand_id = :brand and handover_id = :handover_id group by advisor_id, state, wecom"
)


_CAME = text(
    "select o.client_id from client_owner o where o.brand_id = :brand and o.advisor_id = :advisor_id"
    " and o.boutique_id = any(:boutiques) and not exists (select from handover_client hc where hc.brand_id = :brand"
    " and hc.handover_id = :handover_id and hc.client_id = o.client_id)"
)
# Where the plan's clients are: a manager plans for her own boutiques, and nobody else's come along later.
_PLACES = text(
    "select distinct o.boutique_id from handover_client hc join client_owner o"
    " on o.brand_id = hc.brand_id and o.client_id = hc.client_id and o.advisor_id = :advisor_id"
    " where hc.brand_id = :brand and hc.handover_id = :handover_id"
)


@dataclass(frozen=True, slots=True)
class Handover:
    """A book that is handed over; `rule` is what the plan was made by."""

    handover_id: UUID
    from_advisor_id: UUID
    boutique_id: UUID
    reason: str
    rule: Mapping[str, Any]
    status: Status
    first_contact_on: date | None
    planned_by: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Handed:
    """One client of a handover: where she goes and why, and how far she has come."""

    client_id: UUID
    advisor_id: UUID | None
    boutique_id: UUID | None
    is_counted: bool
    reasons: tuple[str, ...]
    state: str
    left_out_for: str | None
    contacted_at: datetime | None
    wecom: str
    wecom_code: int | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many clients of one advisor stand at one point."""

    advisor_id: UUID | None
    state: str
    wecom: str
    clients: int
    counted: int
    contacted: int


async def handover(
    tx: AsyncSession, handover_id: UUID, *, boutiques: Collection[UUID] | None, lock: bool = False
) -> Handover:
    """One handover; raises NotFound when there is none, or none of these boutiques."""
    statement = text(_HANDOVER + (" for update" if lock else ""))
    row = (await tx.execute(statement, {"brand": tx.info["brand_id"], "handover_id": handover_id})).one_or_none()
    if row is None or (boutiques is not None and row.boutique_id not in boutiques):
        raise NotFound
    return _read(row)


async def handovers(
    tx: AsyncSession, *, boutiques: Collection[UUID] | None, advisor_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Handover]:
    """Handovers, the latest first; of some boutiques, if named, and of one advisor's book."""
    asked = {
        "brand": tx.info["brand_id"],
        "boutiques": None if boutiques is None else list(boutiques),
        "advisor_id": advisor_id,
        "after": after,
        "limit": limit,
    }
    return [_read(row) for row in await tx.execute(_LIST, asked)]


async def open_of(tx: AsyncSession, advisor_id: UUID) -> UUID | None:
    """The handover of this advisor's book that is planned or under way."""
    asked = {"brand": tx.info["brand_id"], "advisor_id": advisor_id}
    found: UUID | None = (await tx.execute(_OPEN, asked)).scalar_one_or_none()
    return found


async def subjects(
    tx: AsyncSession, advisor_id: UUID, setting: Policy, *, boutiques: Collection[UUID] | None
) -> list[Subject]:
    """The clients of a book whose data may be used, as a plan looks at them; of some boutiques, if named."""
    asked = {
        "brand": tx.info["brand_id"],
        "advisor_id": advisor_id,
        "boutiques": None if boutiques is None else list(boutiques),
        **policies.counting(setting),
    }
    return [
        Subject(row.client_id, row.boutique_id, row.language, frozenset(row.categories), row.is_counted)
        for row in await tx.execute(_SUBJECTS, asked)
    ]


async def came_since(tx: AsyncSession, handover: Handover, boutiques: Collection[UUID]) -> set[UUID]:
    """Whom the advisor owns at these boutiques and the plan does not know."""
    asked = {
        "brand": tx.info["brand_id"],
        "handover_id": handover.handover_id,
        "advisor_id": handover.from_advisor_id,
        "boutiques": list(boutiques),
    }
    return set((await tx.execute(_CAME, asked)).scalars())


async def places(tx: AsyncSession, handover: Handover) -> set[UUID]:
    """The boutiques that a plan is about."""
    asked = {
        "brand": tx.info["brand_id"],
        "handover_id": handover.handover_id,
        "advisor_id": handover.from_advisor_id,
    }
    return {handover.boutique_id, *(await tx.execute(_PLACES, asked)).scalars()}


async def entries(tx: AsyncSession, handover_id: UUID, *, after: UUID, limit: int) -> list[Handed]:
    """The clients of a handover behind one of them, whose data may be used."""
    asked = {"brand": tx.info["brand_id"], "handover_id": handover_id, "after": after, "limit": limit}
    return [_handed(row) for row in await tx.execute(_ENTRIES, asked)]


async def entry(tx: AsyncSession, handover_id: UUID, client_id: UUID) -> Handed:
    """One client of a handover; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "handover_id": handover_id, "client_id": client_id}
    row = (await tx.execute(_ONE, asked)).one_or_none()
    if row is None:
        raise NotFound
    return _handed(row)


async def taker_elsewhere(tx: AsyncSession, handover_id: UUID) -> UUID | None:
    """Somebody of the plan who works at another boutique by now than the plan says, if there is one."""
    asked = {"brand": tx.info["brand_id"], "handover_id": handover_id}
    found: UUID | None = (await tx.execute(_ELSEWHERE, asked)).scalar_one_or_none()
    return found


async def counts(tx: AsyncSession, handover_id: UUID) -> list[Count]:
    """How many stand where."""
    rows = await tx.execute(_COUNTS, {"brand": tx.info["brand_id"], "handover_id": handover_id})
    return [Count(*row) for row in rows]


def _read(row: Any) -> Handover:
    return Handover(**{**row._mapping, "status": Status(row.status)})  # noqa: SLF001 - as below


def _handed(row: Any) -> Handed:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row by name
    return Handed(**fields | {"reasons": tuple(fields["reasons"])})
