"""Reads over several capabilities: finding a client, and everything a card shows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.books import queries as books
from services.profile.clients import models, queries
from services.profile.clients.queries import Client
from services.profile.desk.rules import NAMELESS
from services.profile.identities import queries as identities
from services.profile.identities.models import Named, addressed
from services.profile.identities.queries import Identity, Known
from services.profile.identities.rules import Standing
from services.profile.segments import queries as segments
from services.profile.segments.rules import Segment

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
# Whoever may be the same person as somebody: who reads the same in any order, or gives a phone with the same end, or
# the same e-mail. Each block is cut where it is no evidence any more.
_RESEMBLING = text(
    '(select client_id from client where brand_id = :brand and pinyin collate "C" = any(:turns) limit :block)'
    " union (select client_id from identity where brand_id = :brand and tail = any(:tails) limit :block)"
    " union (select client_id from identity where brand_id = :brand and kind = 'email' and blind = any(:blinds)"
    " limit :block)"
)
_COUNT = text("select count(*) from client where brand_id = :brand")
_CANONICAL_ONE, _CANONICAL_OTHER = "coalesce(a.canonical_id, d.one_id)", "coalesce(b.canonical_id, d.other_id)"
_DUPLICATES = text(
    f"select d.duplicate_id, {_CANONICAL_ONE} as one_id, {_CANONICAL_OTHER} as other_id, d.probability, d.grounds,"  # noqa: S608
    " d.found_at from duplicate d"
    " left join client_alias a on a.brand_id = d.brand_id and a.client_id = d.one_id"
    " left join client_alias b on b.brand_id = d.brand_id and b.client_id = d.other_id"
    f" where d.brand_id = :brand and {_CANONICAL_ONE} <> {_CANONICAL_OTHER}"
    # What was decided shows elsewhere: they are one, or two for good.
    " and not exists (select from never_merge n where n.brand_id = d.brand_id and ("
    f" (n.one_id, n.other_id) in ((d.one_id, d.other_id), ({_CANONICAL_ONE}, {_CANONICAL_OTHER}),"
    f" ({_CANONICAL_OTHER}, {_CANONICAL_ONE}))))"
    " and not exists (select from tombstone t where t.brand_id = d.brand_id and t.aggregate in"
    f" ('client:' || {_CANONICAL_ONE}, 'client:' || {_CANONICAL_OTHER}))"
    " and (cast(:visible as uuid[]) is null"
    f" or ({_CANONICAL_ONE} = any(:visible) and {_CANONICAL_OTHER} = any(:visible)))"
    " and (cast(:id as uuid) is null or d.duplicate_id = :id)"
    " and (cast(:after_chance as float8) is null or d.probability < :after_chance"
    " or (d.probability = :after_chance and d.duplicate_id > cast(:after_id as uuid)))"
    " order by d.probability desc, d.duplicate_id limit :limit"
)
BLOCK = 200
LAST = "\U0010ffff"  # behind every character a key may hold


@dataclass(frozen=True, slots=True)
class Card:
    """A client with what the relationship adds to her record."""

    client: Client
    segment: Segment
    owner_advisor_id: UUID | None


@dataclass(frozen=True, slots=True)
class Kept:
    """One field of two records, and from which of them it is kept."""

    field: str
    client: str | None
    other: str | None
    kept: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two clients who may be one person, how likely that is, and what speaks for it."""

    duplicate_id: UUID
    one_id: UUID
    other_id: UUID
    probability: float
    grounds: list[str]
    found_at: datetime


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


async def kept(tx: AsyncSession, survivor: UUID, merged: UUID) -> list[Kept]:
    """What goes on if these two become one: her own, but for an advisor she has not."""
    one, other = await cards(tx, [survivor, merged])
    fields = [
        Kept(field, getattr(one.client, field), getattr(other.client, field), "client")
        for field in ("display_name", "family_name", "given_name", "salutation", "language")
    ]
    hers, theirs = one.owner_advisor_id, other.owner_advisor_id
    whose = "other" if hers is None and theirs is not None else "client"
    return [*fields, Kept("owner_advisor_id", str(hers) if hers else None, str(theirs) if theirs else None, whose)]


async def resembling(tx: AsyncSession, one: Named) -> list[UUID]:
    """The records to be compared with this one."""
    asked = {
        "brand": tx.info["brand_id"],
        "turns": [one.pinyin[start:] + one.pinyin[:start] for start in range(len(one.pinyin))],
        "tails": [identities.tail(tx, phone) for phone in one.phones],
        "blinds": [identities.blind(tx, Known("email", email)) for email in one.emails],
        "block": BLOCK,
    }
    return list((await tx.execute(_RESEMBLING, asked)).scalars())


async def named(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, Named]:
    """What is compared of these records, each by itself; of whom nobody told a name, none."""
    phones: dict[UUID, set[str]] = defaultdict(set)
    emails: dict[UUID, set[str]] = defaultdict(set)
    for known in await identities.identities(tx, client_ids, also_claimed=True):
        if known.standing is Standing.SHARED:
            continue  # it says nothing of who she is
        if known.kind == "phone":
            phones[known.client_id].add(known.value)
        elif known.kind == "email":
            emails[known.client_id].add(known.value)
    found = {}
    for client_id, one in (await queries.by_id(tx, client_ids)).items():
        keys = models.keys(one.display_name, one.family_name, one.given_name)
        is_named = one.display_name not in NAMELESS
        found[client_id] = Named(
            name=keys.name if is_named else "",
            pinyin=keys.pinyin if is_named else "",
            phones=frozenset(phones[client_id]),
            emails=frozenset(emails[client_id]),
            addressed=addressed(one.salutation),
        )
    return found


async def records(tx: AsyncSession) -> int:
    """How many records the brand has."""
    return int((await tx.execute(_COUNT, {"brand": tx.info["brand_id"]})).scalar_one())


async def duplicates(
    tx: AsyncSession,
    *,
    visible: Sequence[UUID] | None,
    after: tuple[float, UUID] | None = None,
    duplicate_id: UUID | None = None,
    limit: int = 1,
) -> list[Duplicate]:
    """Pairs that wait for a decision, the likeliest first; only those of whom the caller may see both."""
    asked = {
        "brand": tx.info["brand_id"],
        "visible": None if visible is None else list(visible),
        "id": duplicate_id,
        "after_chance": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
    return [Duplicate(**row) for row in (await tx.execute(_DUPLICATES, asked)).mappings()]


async def phones(tx: AsyncSession, client_ids: Sequence[UUID]) -> list[Identity]:
    """The phones of these records, the latest first."""
    every = await identities.identities(tx, client_ids)
    return [one for one in reversed(every) if one.kind == "phone"]


def _page(tx: AsyncSession, visible: Sequence[UUID] | None, after: UUID | None, limit: int) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "visible": None if visible is None else list(visible),
        "after": after,
        "limit": limit,
    }
