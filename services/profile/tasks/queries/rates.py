"""Counting what is learned of clients, what is followed up, and how much of it does not sell."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from services.profile.segments import queries as segments
from services.profile.segments.rules import midnight
from services.profile.tasks.rules.kinds import FOLLOW_UPS
from services.profile.tasks.rules.rates import Level, Of, Rates, Share, month_of
from services.profile.tasks.rules.steps import CONTACTS

# Of each person once per group, whichever of her records it was: `good` only if all of hers in the group is.
_GROUPED = """
, placed as (
    select coalesce(alias.canonical_id, counted.client_id) as client_id, counted.boutique_id, place.region_id,
        counted.day, counted.is_good
    from counted
    left join client_alias alias on alias.brand_id = :brand and alias.client_id = counted.client_id
    left join (select distinct on (boutique_id) boutique_id, region_id from boutique where brand_id = :brand
        order by boutique_id, region_id) place on place.boutique_id = counted.boutique_id
    where (cast(:boutiques as uuid[]) is null or counted.boutique_id = any(:boutiques))
        and (cast(:advisor as uuid) is null or counted.advisor_id = :advisor)
), person as (
    select client_id, day, region_id, boutique_id, grouping(region_id) = 0 as by_region,
        grouping(boutique_id) = 0 as by_boutique, bool_and(is_good) as is_good
    from placed
    group by grouping sets ((client_id, day), (client_id, day, region_id), (client_id, day, boutique_id))
)
select by_region, by_boutique, region_id, boutique_id, count(*) as out_of, count(*) filter (where is_good) as good
from person group by by_region, by_boutique, region_id, boutique_id
"""
_OWNER = (
    "left join client_owner owner on owner.brand_id = :brand and owner.client_id = coalesce("
    "(select canonical_id from client_alias a where a.brand_id = :brand and a.client_id = {of}), {of})"
)
_COLLECTION = text(
    f"""
    with served as (
        select client_id, boutique_id from purchase
        where brand_id = :brand and client_id is not null and purchased_at >= :begins_at and purchased_at < :ends_at
        union
        select client_id, boutique_id from touchpoint where brand_id = :brand
        and kind = 'visit-completed' and occurred_at >= :begins_at and occurred_at < :ends_at
    ), told as (
        select client_id from preference where brand_id = :brand and learned_on >= :begins and learned_on < :ends
        union
        select client_id from wish where brand_id = :brand and noted_at >= :begins_at and noted_at < :ends_at
        union
        select client_id from note where brand_id = :brand and written_at >= :begins_at and written_at < :ends_at
        union
        select client_id from client_date where brand_id = :brand and noted_at >= :begins_at and noted_at < :ends_at
        union
        select client_id from consent
        where brand_id = :brand and purpose = 'marketing' and given_at >= :begins_at and given_at < :ends_at
    ), learned as (
        select distinct coalesce(alias.canonical_id, told.client_id) as client_id from told
        left join client_alias alias on alias.brand_id = :brand and alias.client_id = told.client_id
    ), counted as (
        select served.client_id, served.boutique_id, owner.advisor_id, cast(null as date) as day,
            coalesce(alias.canonical_id, served.client_id) in (select client_id from learned) as is_good
        from served
        left join client_alias alias on alias.brand_id = :brand and alias.client_id = served.client_id
        {_OWNER.format(of="served.client_id")}
    )
    """  # noqa: S608 - our own words
    + _GROUPED
)
_IN_TIME = (
    "exists (select from task_outcome o where o.brand_id = task.brand_id and o.task_id = task.task_id"
    " and o.outcome = any(:contacts) and o.given_on <= task.wanted_on)"
)
_FOLLOW_UP = text(
    f"""
    with counted as (
        select client_id, boutique_id, advisor_id, cast(null as date) as day, {_IN_TIME} as is_good
        from task where brand_id = :brand and wanted_on >= :begins and wanted_on < :ends and kind = any(:kinds)
        and status <> 'cancelled' and (wanted_on < :today or {_IN_TIME})
    )
    """  # noqa: S608 - our own words
    + _GROUPED
)
_NOT_SELLING = text(
    f"""
    with message as (
        select client_id, (occurred_at at time zone :zone)::date as day,
            coalesce(details ->> 'purpose', '') <> 'marketing' as is_good
        from touchpoint where brand_id = :brand
        and kind = 'message-sent' and occurred_at >= :begins_at and occurred_at < :ends_at
    ), counted as (
        select o.client_id, o.boutique_id, o.advisor_id, o.given_on as day, not task.is_offer as is_good
        from task_outcome o join task on task.brand_id = o.brand_id and task.task_id = o.task_id
        where o.brand_id = :brand and o.given_on >= :begins and o.given_on < :ends and o.outcome = any(:contacts)
        union all
        select message.client_id, owner.boutique_id, owner.advisor_id, message.day, message.is_good
        from message {_OWNER.format(of="message.client_id")}
    )
    """  # noqa: S608 - our own words
    + _GROUPED
)
_STATEMENTS = {Of.CLIENTS_SERVED: _COLLECTION, Of.CLIENTS_DUE: _FOLLOW_UP, Of.CONTACTS: _NOT_SELLING}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: an advisor's own, some boutiques', or (both None) the brand's."""

    advisor_id: UUID | None
    boutique_ids: Collection[UUID] | None

    @staticmethod
    def of(by: Caller) -> "Scope":
        """What a caller may see."""
        advisor = (by.advisor_id or UUID(int=0)) if by.role is Role.ADVISOR else None
        return Scope(advisor, by.boutique_ids if by.role in {Role.MANAGER, Role.REGIONAL} else None)

    def levels(self) -> tuple[Level, ...]:
        """For whom it is counted. Nobody is shown several advisors beside one another."""
        if self.advisor_id is not None:
            return (Level.ADVISOR,)
        if self.boutique_ids is not None:
            return (Level.TEAM, Level.BOUTIQUE)
        return (Level.BRAND, Level.REGION, Level.BOUTIQUE)


async def rates(tx: AsyncSession, month: str, *, by: Caller, now: datetime) -> list[Rates]:
    """The shares of a month: of everybody in scope together first, then by region and by boutique."""
    scope, zone = Scope.of(by), (await segments.policy(tx)).policy.zone
    begins, ends = month_of(month)
    asked = {
        "brand": tx.info["brand_id"],
        "boutiques": None if scope.boutique_ids is None else sorted(scope.boutique_ids),
        "advisor": scope.advisor_id,
        "begins": begins,
        "ends": ends,
        "begins_at": midnight(begins, zone),
        "ends_at": midnight(ends, zone),
        "zone": zone,
        "today": await segments.today(tx, now),
        "kinds": [kind.value for kind in FOLLOW_UPS],
        "contacts": [outcome.value for outcome in CONTACTS],
    }
    found: dict[tuple[Level, UUID | None], dict[Of, Share]] = {(scope.levels()[0], None): {}}
    for of, statement in _STATEMENTS.items():
        named = {name: value for name, value in asked.items() if f":{name}" in statement.text}
        for row in await tx.execute(statement, named):
            level = Level.REGION if row.by_region else Level.BOUTIQUE if row.by_boutique else scope.levels()[0]
            place = row.region_id if row.by_region else row.boutique_id
            # What happened nowhere that anybody knows counts for the whole alone.
            if level in scope.levels() and (place is not None or level is scope.levels()[0]):
                found.setdefault((level, place), {})[of] = Share(row.good, row.out_of)
    return _sorted(found.items(), scope.levels())


def _sorted(
    found: Iterable[tuple[tuple[Level, UUID | None], dict[Of, Share]]], levels: tuple[Level, ...]
) -> list[Rates]:
    return [
        Rates(
            level,
            place if level is Level.REGION else None,
            place if level is Level.BOUTIQUE else None,
            shares.get(Of.CLIENTS_SERVED, Share()),
            shares.get(Of.CLIENTS_DUE, Share()),
            shares.get(Of.CONTACTS, Share()),
        )
        for (level, place), shares in sorted(found, key=lambda one: (levels.index(one[0][0]), str(one[0][1])))
    ]
