"""Reads over several capabilities: finding a client, and everything a card shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.books import queries as books
from services.profile.clients import models, queries
from services.profile.clients.queries import Client
from services.profile.identities import queries as identities
from services.profile.identities.queries import Identity
from services.profile.segments import queries as segments
from services.profile.segments.rules import Segment
from services.profile.touchpoints.rules import ONLINE

# Each key has its index in byte order; a merged record is found by its own name but shown as the one it belongs to.
# The page goes by id, so that a client who matches by name and by pinyin stands on one page only.
_KEYS = ("name_key", "given_key", "pinyin", "initials")
_MATCHING = " union ".join(
    f'select client_id from client where brand_id = :brand and {key} collate "C" >= :from and {key} collate "C" < :to'  # noqa: S608
    for key in _KEYS
)
_BY_NAME = text(
    f"select distinct coalesce(a.canonical_id, c.client_id) as client_id from ({_MATCHING}) c"  # noqa: S608
    " left join client_alias a on a.brand_id = :brand and a.client_id = c.client_id"
    " where (cast(:visible as uuid[]) is null or coalesce(a.canonical_id, c.client_id) = any(:visible))"
    " and (cast(:after as uuid) is null or coalesce(a.canonical_id, c.client_id) > :after)"
    " order by 1 limit :limit"
)
_BY_TAIL = text(
    "select distinct coalesce(a.canonical_id, i.client_id) as client_id from identity i"
    " left join client_alias a on a.brand_id = i.brand_id and a.client_id = i.client_id"
    " where i.brand_id = :brand and i.tail = :tail"
    " and (cast(:visible as uuid[]) is null or coalesce(a.canonical_id, i.client_id) = any(:visible))"
    " and (cast(:after as uuid) is null or coalesce(a.canonical_id, i.client_id) > :after)"
    " order by 1 limit :limit"
)
# Each buyer's first purchase of the period in a boutique; a merged record's purchases and contacts are the client's.
_RESEARCH = text(
    """
    with buyer as (
        select coalesce(a.canonical_id, p.client_id) as client_id, min(p.purchased_at) as bought_at
        from purchase p left join client_alias a on a.brand_id = p.brand_id and a.client_id = p.client_id
        where p.brand_id = :brand and p.client_id is not null and p.boutique_id is not null and p.net_minor > 0
            and p.purchased_at >= :since and p.purchased_at < :until
        group by 1
    )
    select count(*) as buyers, count(*) filter (where exists (
        select from reported_contact c
        where c.brand_id = :brand and c.kind = any(:online) and c.occurred_at <= buyer.bought_at
            and c.occurred_at >= buyer.bought_at - make_interval(days => :days)
            and (c.client_id = buyer.client_id or c.client_id in (
                select client_id from client_alias where brand_id = :brand and canonical_id = buyer.client_id))
    )) as researched
    from buyer
    """
)
LAST = "\U0010ffff"  # behind every character a key may hold


@dataclass(frozen=True, slots=True)
class Card:
    """A client with what the relationship adds to her record."""

    client: Client
    segment: Segment
    owner_advisor_id: UUID | None


@dataclass(frozen=True, slots=True)
class Research:
    """How many bought in a boutique, and how many of them had researched online."""

    buyers: int
    researched: int


async def found_by_name(
    tx: AsyncSession, typed: str, *, visible: Sequence[UUID] | None, after: UUID | None, limit: int
) -> list[UUID]:
    """Clients whose name, given name, pinyin or initials begin with this, by id; `visible` None means all."""
    start = models.fold(typed)
    if not start:
        return []
    asked = {"from": start, "to": start + LAST, **_page(tx, visible, after, limit)}
    return list((await tx.execute(_BY_NAME, asked)).scalars())


async def found_by_tail(
    tx: AsyncSession, digits: str, *, visible: Sequence[UUID] | None, after: UUID | None, limit: int
) -> list[UUID]:
    """Clients whose phone ends with these four digits, by id; `visible` None means all."""
    asked = {"tail": identities.tail(tx, digits), **_page(tx, visible, after, limit)}
    return list((await tx.execute(_BY_TAIL, asked)).scalars())


async def cards(tx: AsyncSession, client_ids: Sequence[UUID]) -> list[Card]:
    """The cards of canonical records, in the order asked; three statements however many."""
    if not client_ids:
        return []
    clients = await queries.by_id(tx, client_ids)
    owners = await books.owners(tx, client_ids)
    placed = await segments.current(tx, client_ids)
    return [
        Card(
            clients[client_id],
            placed[client_id],
            owners[client_id].advisor_id if client_id in owners else None,
        )
        for client_id in client_ids
        if client_id in clients
    ]


async def phones(tx: AsyncSession, client_ids: Sequence[UUID]) -> list[Identity]:
    """The phones of these records, the latest first."""
    every = await identities.identities(tx, client_ids)
    return [one for one in reversed(every) if one.kind == "phone"]


async def research_online(tx: AsyncSession, *, since: datetime, until: datetime, days: int) -> Research:
    """Of those who bought in a boutique in the period, how many had contacts online in the days before."""
    asked = {"since": since, "until": until, "days": days, "online": [kind.value for kind in ONLINE]}
    return Research(**(await tx.execute(_RESEARCH, {"brand": tx.info["brand_id"], **asked})).mappings().one())


def _page(tx: AsyncSession, visible: Sequence[UUID] | None, after: UUID | None, limit: int) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "visible": None if visible is None else list(visible),
        "after": after,
        "limit": limit,
    }
