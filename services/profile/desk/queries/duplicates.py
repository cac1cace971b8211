"""Records that may be one person: whom to compare, what is compared, and what waits for a decision."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.clients import queries
from services.profile.clients.models import names
from services.profile.desk.rules import NAMELESS
from services.profile.identities import queries as identities
from services.profile.identities.models import Named, addressed, is_masked, shown_of, tail_of
from services.profile.identities.queries import Known
from services.profile.identities.rules import Standing

# Whoever may be the same person as somebody: who reads the same in any order, or gives a phone with the same end, whole
# or masked, or the same e-mail. Each block is cut where it is no evidence any more.
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
    # Under whichever of her records it was said that her data is not to be used.
    " and not exists (select from restriction r"
    " left join client_alias s on s.brand_id = r.brand_id and s.client_id = r.client_id"
    " where r.brand_id = d.brand_id"
    f" and coalesce(s.canonical_id, r.client_id) in ({_CANONICAL_ONE}, {_CANONICAL_OTHER}))"
    " and (cast(:visible as uuid[]) is null"
    f" or ({_CANONICAL_ONE} = any(:visible) and {_CANONICAL_OTHER} = any(:visible)))"
    " and (cast(:id as uuid) is null or d.duplicate_id = :id)"
    " and (cast(:after_chance as float8) is null or d.probability < :after_chance"
    " or (d.probability = :after_chance and d.duplicate_id > cast(:after_id as uuid)))"
    " order by d.probability desc, d.duplicate_id limit :limit"
)
BLOCK = 200


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two clients who may be one person, how likely that is, and what speaks for it."""

    duplicate_id: UUID
    one_id: UUID
    other_id: UUID
    probability: float
    grounds: list[str]
    found_at: datetime


async def resembling(tx: AsyncSession, one: Named) -> list[UUID]:
    """The records to be compared with this one."""
    asked = {
        "brand": tx.info["brand_id"],
        "turns": [one.pinyin[start:] + one.pinyin[:start] for start in range(len(one.pinyin))],
        "tails": [identities.tail(tx, end) for number in one.phones | one.masks if (end := tail_of(number))],
        "blinds": [identities.blind(tx, Known("email", email)) for email in one.emails],
        "block": BLOCK,
    }
    return list((await tx.execute(_RESEMBLING, asked)).scalars())


async def named(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, Named]:
    """What is compared of these records, each by itself; of whom nobody told a name, none."""
    phones: dict[UUID, set[str]] = defaultdict(set)
    emails: dict[UUID, set[str]] = defaultdict(set)
    masks: dict[UUID, set[str]] = defaultdict(set)
    for known in await identities.identities(tx, client_ids, also_claimed=True):
        if known.standing is Standing.SHARED:
            continue  # it says nothing of who she is
        if known.kind == "phone":
            phones[known.client_id].add(known.value)
        elif known.kind == "email":
            emails[known.client_id].add(known.value)
        elif known.kind == "masked-phone":
            masks[known.client_id].add(known.value)
    born = await queries.birthdays(tx, client_ids)
    found = {}
    for client_id, one in (await queries.by_id(tx, client_ids)).items():
        keys = names.keys(one.display_name, one.family_name, one.given_name)
        # A name that is hidden in part has neither characters nor a reading to be compared.
        is_named = one.display_name not in NAMELESS and not is_masked(one.display_name)
        found[client_id] = Named(
            name=keys.name if is_named else "",
            pinyin=keys.pinyin if is_named else "",
            phones=frozenset(phones[client_id]),
            emails=frozenset(emails[client_id]),
            addressed=addressed(one.salutation),
            masks=frozenset(masks[client_id]),
            shown=shown_of(one.display_name),
            born=born.get(client_id),
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
    """Pairs that wait for a decision, the likeliest first; only those of whom the caller may see both.

    None of somebody whose data is not to be used.
    """
    asked = {
        "brand": tx.info["brand_id"],
        "visible": None if visible is None else list(visible),
        "id": duplicate_id,
        "after_chance": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
    return [Duplicate(**row) for row in (await tx.execute(_DUPLICATES, asked)).mappings()]
