"""One statement out of criteria: each that is said adds its own words, and its values are bound."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from services.profile.books.queries.deputies import LASTS
from services.profile.clients.models import days
from services.profile.lists.queries.engaged import engaged
from services.profile.lists.queries.frames import ALIAS, HERS, Frame, Part
from services.profile.lists.queries.spending import spent
from services.profile.lists.rules import Criteria
from services.profile.segments import queries as segments
from services.profile.touchpoints.rules import ONLINE

NEWCOMER = "newcomer"  # a segment, and a stage of life

_IN = "c.client_id in (select {hers} from {table} t {alias} where t.brand_id = :brand and {where})"
# The last word of each person on some purposes, over all records that are she.
_WORDS = (
    f"select distinct on ({HERS}, t.purpose) {HERS} as client_id, t.withdrawn_at"  # noqa: S608 - our own words
    f" from consent t {ALIAS} where t.brand_id = :brand and t.purpose = any({{purposes}}) and t.replaced_at is null"
    f" order by {HERS}, t.purpose, coalesce(t.withdrawn_at, t.given_at) desc, t.consent_id desc"
)
ALLOWED = f"select word.client_id from ({_WORDS}) word where word.withdrawn_at is null"  # noqa: S608
_DENIED = f"select word.client_id from ({_WORDS}) word where word.withdrawn_at is not null"  # noqa: S608

# Who is in a list at all: a surviving record, of somebody who was not erased and whose data may be used.
SOMEBODY = f"""
c.brand_id = :brand
and not exists (select from client_alias t where t.brand_id = :brand and t.client_id = c.client_id)
and not exists (select from tombstone t where t.brand_id = :brand and t.aggregate = 'client:' || c.client_id)
and not exists (select from (select {HERS} as client_id from restriction t {ALIAS} where t.brand_id = :brand) r
    where r.client_id = c.client_id)
"""  # noqa: S608
# The records of those whom the caller may see.
_SEEN = """
seen as materialized (
    select o.client_id from client_owner o where o.brand_id = :brand and {where}
    union
    select a.client_id from client_owner o
    join client_alias a on a.brand_id = o.brand_id and a.canonical_id = o.client_id
    where o.brand_id = :brand and {where}
)
"""
_HERS_OR_LENT = f"""
(o.advisor_id = :scope_advisor
or o.client_id in (select deputy.client_id from client_deputy deputy
    where deputy.brand_id = :brand and deputy.advisor_id = :scope_advisor and {LASTS})
or o.advisor_id in (select deputy.owner_advisor_id from book_deputy deputy
    where deputy.brand_id = :brand and deputy.advisor_id = :scope_advisor and {LASTS}))
"""  # noqa: S608 - our own words
_OWNED = "exists (select from client_owner o where o.brand_id = :brand and o.client_id = c.client_id and {where})"

_BOUGHT = f"""
c.client_id in (
    select {HERS} from purchase t {ALIAS} where t.brand_id = :brand and t.client_id is not null
    and t.purchased_at >= :bought_since and t.purchased_at < :bought_until
    and exists (
        select from purchase_line l where l.brand_id = :brand and l.purchase_id = t.purchase_id and l.net_minor > 0
        and (cardinality(cast(:bought_pieces as text[])) = 0 or l.piece_code = any(:bought_pieces))
        and (cardinality(cast(:bought_categories as text[])) = 0 or l.category = any(:bought_categories))
    )
)
"""  # noqa: S608
_VISITS = f"""
select {HERS} as client_id from touchpoint t {ALIAS} where t.brand_id = :brand
and t.kind in ('arrived', 'visit-completed') and t.occurred_at >= {{since}}
union all
select {HERS} from reported_contact t {ALIAS} where t.brand_id = :brand and t.kind = 'door'
and t.occurred_at >= {{since}}
"""  # noqa: S608
# Of several records that are one person the canonical one's birthday goes first.
_BIRTHDAY = f"""
select {HERS} as client_id from client t {ALIAS}
left join client own on own.brand_id = a.brand_id and own.client_id = a.canonical_id
where t.brand_id = :brand and t.birthday_blind = any({{blinds}}) and t.birthday is not null and own.birthday is null
"""  # noqa: S608
_DAY = f"select {HERS} from client_date t {ALIAS} where t.brand_id = :brand and t.day_blind = any({{blinds}})"  # noqa: S608
_POINTS = f"""
c.client_id in (
    select {HERS} from points_account t {ALIAS} where t.brand_id = :brand group by 1
    having sum(t.points) >= :points_at_least
)
"""  # noqa: S608


def _in(table: str, where: str, **values: object) -> Part:
    return Part(_IN.format(hers=HERS, table=table, alias=ALIAS, where=where), values)


def _segments(one: Criteria, _: Frame) -> Part:
    return _standing("segment", [segment.value for segment in one.segments])


def _lifecycles(one: Criteria, _: Frame) -> Part:
    return _standing("lifecycle", [lifecycle.value for lifecycle in one.lifecycles])


def _standing(column: str, wanted: Sequence[str]) -> Part:
    asked = f"cast(:{column}s as text[])"
    if NEWCOMER not in wanted:
        return _in("client_segment", f"t.{column} = any({asked})", **{f"{column}s": list(wanted)})
    # Of whom nothing is reckoned she has not bought: a newcomer.
    words = (
        "not exists (select from client_segment s where s.brand_id = :brand and s.client_id = c.client_id"
        f" and s.segment is not null and coalesce(s.{column}, '') <> all({asked}))"
    )
    return Part(words, {f"{column}s": list(wanted)})


def _owned(where: str, **values: object) -> Part:
    return Part(_OWNED.format(where=where), values)


def _regions(one: Criteria, _: Frame) -> Part:
    where = (
        "o.boutique_id in (select b.boutique_id from boutique b where b.brand_id = :brand"
        " and b.region_id = any(cast(:regions as uuid[])))"
    )
    return _owned(where, regions=list(one.regions))


def _bought(one: Criteria, frame: Frame) -> Part:
    return Part(
        _BOUGHT,
        {
            "bought_since": frame.begins(one.bought_from),
            "bought_until": frame.ends(one.bought_to),
            "bought_pieces": list(one.bought_pieces),
            "bought_categories": list(one.bought_categories),
        },
    )


def _visited(one: Criteria, frame: Frame) -> Part:
    words = f"c.client_id in ({_VISITS.format(since=':visited_since')})"
    return Part(words, {"visited_since": frame.begins(one.visited_since)})


def _not_visited(one: Criteria, frame: Frame) -> Part:
    words = f"not exists (select from ({_VISITS.format(since=':not_visited_since')}) v where v.client_id = c.client_id)"
    return Part(words, {"not_visited_since": frame.begins(one.not_visited_since)})


def _birthday_months(one: Criteria, frame: Frame) -> Part:
    kept = [sign for sign, day in days.every(frame.today).items() if day.month in one.birthday_months]
    return _birthdays("birthday_months", kept, frame)


def _birthday_within(one: Criteria, frame: Frame) -> Part:
    return _birthdays("birthdays_within", _signs(frame, one.birthday_within_days or 0), frame)


def _birthdays(name: str, signs: Sequence[str], frame: Frame) -> Part:
    blinds = [keyring(frame.tx).blind(days.BIRTHDAYS, sign) for sign in signs]
    return Part(f"c.client_id in ({_BIRTHDAY.format(blinds=f'cast(:{name} as bytea[])')})", {name: blinds})


def _day_within(one: Criteria, frame: Frame) -> Part:
    ring, signs = keyring(frame.tx), _signs(frame, one.day_within_days or 0)
    kept = _DAY.format(blinds="cast(:days as bytea[])")
    hers = _BIRTHDAY.format(blinds="cast(:birthdays_too as bytea[])")
    values = {
        "days": [ring.blind(days.DATES, sign) for sign in signs],
        "birthdays_too": [ring.blind(days.BIRTHDAYS, sign) for sign in signs],
    }
    return Part(f"c.client_id in ({kept} union all {hers})", values)


def _signs(frame: Frame, within: int) -> list[str]:
    last = frame.today + timedelta(days=within)
    return [sign for sign, day in days.every(frame.today).items() if day <= last]


def _consents(one: Criteria, _: Frame) -> Part:
    allowed = ALLOWED.format(purposes="cast(:consents as text[])")
    return Part(f"c.client_id in ({allowed})", {"consents": list(one.consents)})


def _researched(one: Criteria, frame: Frame) -> Part:
    since = frame.now - timedelta(days=one.researched_within_days or 0)
    kinds = [kind.value for kind in ONLINE]
    where = "t.kind = any(cast(:online as text[])) and t.occurred_at >= :researched_since"
    return _in("reported_contact", where, online=kinds, researched_since=since)


# What each criterion adds, by its name; those that are bounds of another one are in that one's.
PARTS: Mapping[str, Callable[[Criteria, Frame], Part]] = {
    "segments": _segments,
    "lifecycles": _lifecycles,
    "engagement_at_least": engaged,
    "advisors": lambda one, _: _owned("o.advisor_id = any(cast(:advisors as uuid[]))", advisors=list(one.advisors)),
    "boutiques": lambda one, _: _owned(
        "o.boutique_id = any(cast(:boutiques as uuid[]))", boutiques=list(one.boutiques)
    ),
    "regions": _regions,
    "languages": lambda one, _: Part("c.language = any(cast(:languages as text[]))", {"languages": [*one.languages]}),
    "bought_categories": _bought,
    "bought_pieces": _bought,
    "bought_from": _bought,
    "bought_to": _bought,
    "spent_at_least": spent,
    "spent_at_most": spent,
    "visited_since": _visited,
    "not_visited_since": _not_visited,
    "wished_pieces": lambda one, _: _in(
        "wish", "t.closed_at is null and t.piece_code = any(cast(:wished as text[]))", wished=list(one.wished_pieces)
    ),
    "birthday_months": _birthday_months,
    "birthday_within_days": _birthday_within,
    "day_within_days": _day_within,
    "consents": _consents,
    "tiers": lambda one, _: _in(
        "card", "t.ended_at is null and t.tier_id = any(cast(:tiers as uuid[]))", tiers=list(one.tiers)
    ),
    "points_at_least": lambda one, _: Part(_POINTS, {"points_at_least": one.points_at_least}),
    "researched_within_days": _researched,
}


async def meeting(tx: AsyncSession, criteria: Criteria, *, by: Caller, now: datetime) -> Part:
    """The words for those who meet criteria and whom the caller may see; `c` is the client."""
    seen = scope(by, now=now)
    frame = Frame(tx, now, await segments.policy(tx), is_scoped=seen is not None)
    # Bounds of one another come to the same part, which counts once.
    makers = dict.fromkeys(PARTS[name] for name in sorted(criteria.said & PARTS.keys()))
    parts = [make(criteria, frame) for make in makers]
    return _together(tx, [*parts, *_spared(criteria)], seen)


def snapshot(tx: AsyncSession, list_id: UUID, criteria: Criteria, *, by: Caller, now: datetime) -> Part:
    """The words for those who were in a list when it was frozen by these criteria, and whom the caller may see."""
    kept = _in("list_member", "t.list_id = :list_id", list_id=list_id)
    return _together(tx, [kept, *_spared(criteria)], scope(by, now=now))


def _spared(criteria: Criteria) -> list[Part]:
    if not criteria.is_profiling:
        return []
    denied = _DENIED.format(purposes="array['personalisation']")
    return [Part(f"not exists (select from ({denied}) off where off.client_id = c.client_id)", {})]


def scope(by: Caller, *, now: datetime) -> Part | None:
    """Whom the caller may see, by the owner `o`; None for all.

    An advisor her own clients and those she stands in for just now, a manager those of her boutiques.
    """
    if by.role is Role.HEADQUARTERS:
        return None
    if by.role is Role.ADVISOR:
        return Part(_HERS_OR_LENT, {"scope_advisor": by.advisor_id, "now": now})
    where = "o.boutique_id = any(cast(:scope_boutiques as uuid[]))"
    return Part(where, {"scope_boutiques": sorted(by.boutique_ids)})


def _together(tx: AsyncSession, parts: Sequence[Part], seen: Part | None) -> Part:
    if seen is not None:
        before = _SEEN.format(where=seen.words) if any(part.before for part in parts) else ""
        own = _owned(seen.words, **seen.values)
        parts = [Part(own.words, own.values, before), *parts]
    values: dict[str, Any] = {"brand": tx.info["brand_id"]}
    for part in parts:
        values |= part.values
    words = " and ".join((SOMEBODY, *(part.words for part in parts)))
    before = ", ".join(part.before for part in parts if part.before)
    return Part(words, values, before)
