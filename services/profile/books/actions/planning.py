"""Planning a handover: nothing changes before somebody starts it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import violated
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.books.queries import handovers, policy, staff
from services.profile.books.queries.handovers import Handed, Handover
from services.profile.books.rules import handovers as rules
from services.profile.books.rules.handovers import Step, Why
from services.profile.books.rules.owners import AdvisorNotThere
from services.profile.books.rules.placing import Advisor, Match, Placement, Reason, place
from services.profile.books.rules.policy import Load
from services.profile.segments import queries as segments

# Ten thousand clients with all they bought are more than an ordinary statement is allowed.
_PATIENCE = text("select set_config('statement_timeout', '14s', true)")
_PLAN = text(
    "insert into handover (brand_id, handover_id, from_advisor_id, boutique_id, reason, rule, status, planned_by,"
    " planned_at) values (:brand, :handover_id, :from_advisor_id, :boutique_id, :reason, cast(:rule as jsonb),"
    " 'planned', :by, :now)"
)
# Whoever is erased just now is waited for, and is there no more.
_LOCK_CLIENTS = text(
    "select client_id from client where brand_id = :brand and client_id = any(:ids) order by client_id for share"
)
_PLACE = text(
    "insert into handover_client (brand_id, handover_id, client_id, advisor_id, boutique_id, is_counted, reasons,"
    " state)"
    " select :brand, :handover_id, client_id, advisor_id, boutique_id, is_counted, string_to_array(reasons, ','),"
    " 'planned' from unnest(cast(:ids as uuid[]), cast(:advisors as uuid[]), cast(:boutiques as uuid[]),"
    " cast(:counted as boolean[]), cast(:reasons as text[])) as item"
    " (client_id, advisor_id, boutique_id, is_counted, reasons)"
)
_REPLACE = text(
    "update handover_client set advisor_id = :advisor_id, boutique_id = :boutique_id, reasons = :reasons"
    " where brand_id = :brand and handover_id = :handover_id and client_id = :client_id"
)
_TAKEN = text(
    "select count(*) from handover_client where brand_id = :brand and handover_id = :handover_id"
    " and advisor_id = :advisor_id and is_counted and client_id <> :client_id"
)


@dataclass(frozen=True)
class Rule:
    """What a plan is made by: where takers are looked for, or who they are; what brings client and advisor together."""

    match: tuple[Match, ...] = tuple(Match)
    boutique_ids: tuple[UUID, ...] = ()
    advisor_ids: tuple[UUID, ...] = ()

    @staticmethod
    def read(told: Mapping[str, Any]) -> "Rule":
        """The rule out of what was kept."""
        return Rule(
            tuple(Match(one) for one in told["match"]),
            tuple(UUID(one) for one in told["boutique_ids"]),
            tuple(UUID(one) for one in told["advisor_ids"]),
        )

    def told(self) -> str:
        """The rule as it is kept."""
        ids = {name: [str(one) for one in getattr(self, name)] for name in ("boutique_ids", "advisor_ids")}
        return json.dumps({"match": [one.value for one in self.match], **ids})


@dataclass(frozen=True)
class Wanted:
    """Whose book is to be handed over, why, and by what rule."""

    from_advisor_id: UUID
    reason: Why
    rule: Rule = field(default_factory=Rule)


@dataclass(frozen=True)
class Planned:
    """A plan that nothing has come of yet."""

    giver: Advisor
    placements: list[Placement]


async def draw(
    tx: AsyncSession, wanted: Wanted, *, boutiques: Collection[UUID] | None, now: datetime, is_lenient: bool = False
) -> Planned:
    """Say who would go where; `boutiques` are those the caller leads, None for all of them.

    Raises NotFound, HandoverToOneself, AdvisorGone, AdvisorAway, AdvisorNotThere, NobodyToTakeOver, NothingToHandOver;
    a lenient plan has clients that go to nobody instead.
    """
    await tx.execute(_PATIENCE)
    giver = (await staff.by_id(tx, [wanted.from_advisor_id])).get(wanted.from_advisor_id)
    if giver is None:
        raise NotFound
    setting = (await policy.policy(tx)).policy
    # A manager hands over whom her boutiques have, whether the advisor is still there or has moved away.
    subjects = await handovers.subjects(tx, giver.advisor_id, setting, boutiques=boutiques)
    if boutiques is not None and giver.boutique_id not in boutiques:
        if not subjects:
            raise NotFound
        giver = replace(giver, boutique_id=min(one.boutique_id for one in subjects))
    takers = await _takers(tx, wanted, giver, boutiques=boutiques, now=now)
    if not is_lenient:
        if not takers:
            raise rules.NobodyToTakeOver
        if not subjects:
            raise rules.NothingToHandOver
    loads = await policy.loads(tx, [one.advisor_id for one in takers], setting)
    return Planned(giver, place(subjects, takers, loads, setting, wanted.rule.match))


async def plan(tx: AsyncSession, wanted: Wanted, planned: Planned, *, by: str, now: datetime) -> UUID:
    """Keep a plan; raises HandoverOpen. Whoever is erased meanwhile is not in it."""
    brand, handover_id = tx.info["brand_id"], new_id()
    row = {
        "brand": brand,
        "handover_id": handover_id,
        "from_advisor_id": wanted.from_advisor_id,
        "boutique_id": planned.giver.boutique_id,
        "reason": wanted.reason.value,
        "rule": wanted.rule.told(),
        "by": by,
        "now": now,
    }
    try:
        async with tx.begin_nested():
            await tx.execute(_PLAN, row)
    except IntegrityError as fault:
        if violated(fault) != "uq_handover_open":
            raise
        raise rules.HandoverOpen(handover_id=str(await handovers.open_of(tx, wanted.from_advisor_id))) from None
    ids = [one.client_id for one in planned.placements]
    there = set((await tx.execute(_LOCK_CLIENTS, {"brand": brand, "ids": ids})).scalars())
    await _write(tx, handover_id, [one for one in planned.placements if one.client_id in there])
    return handover_id


async def catch_up(tx: AsyncSession, handover: Handover, *, now: datetime) -> None:
    """Place by the plan's own rule whom the advisor was given since it was drawn: nobody stays with a leaver unseen.

    Raises AdvisorAway, AdvisorGone, AdvisorNotThere.
    """
    known = (await staff.by_id(tx, [handover.from_advisor_id])).get(handover.from_advisor_id)
    places = await handovers.places(tx, handover)
    strangers = await handovers.came_since(tx, handover, places)
    if not strangers or known is None:
        return
    setting = (await policy.policy(tx)).policy
    subjects = await handovers.subjects(tx, handover.from_advisor_id, setting, boutiques=places)
    came = [one for one in subjects if one.client_id in strangers]
    wanted = Wanted(handover.from_advisor_id, Why(handover.reason), Rule.read(handover.rule))
    giver = replace(known, boutique_id=handover.boutique_id)
    takers = await _takers(tx, wanted, giver, boutiques=None, now=now)
    loads = await policy.loads(tx, [one.advisor_id for one in takers], setting)
    for one in await handovers.counts(tx, handover.handover_id):
        if one.advisor_id is not None:
            before = loads.get(one.advisor_id, Load())
            loads[one.advisor_id] = replace(
                before, counted=before.counted + one.counted, clients=before.clients + one.clients
            )
    await _write(tx, handover.handover_id, place(came, takers, loads, setting, wanted.rule.match))


async def give_to(
    tx: AsyncSession,
    handover_id: UUID,
    client_id: UUID,
    advisor_id: UUID,
    *,
    boutiques: Collection[UUID] | None,
    now: datetime,
) -> Handed:
    """Have one client of a plan go to another advisor; raises NotFound, HandoverStepNotPossible, BookFull and kin."""
    handover = await handovers.handover(tx, handover_id, boutiques=boutiques, lock=True)
    rules.step(handover.status, Step.CHANGE)
    await catch_up(tx, handover, now=now)
    entry = await handovers.entry(tx, handover_id, client_id)
    taker = (await staff.by_id(tx, [advisor_id])).get(advisor_id)
    if taker is None or (boutiques is not None and taker.boutique_id not in boutiques):
        raise AdvisorNotThere
    rules.check_taker(taker, handover.from_advisor_id, today=await segments.today(tx, now))
    asked = {"brand": tx.info["brand_id"], "handover_id": handover_id, "client_id": client_id, "advisor_id": advisor_id}
    if entry.is_counted:
        setting = (await policy.policy(tx)).policy
        loads = await policy.loads(tx, [advisor_id], setting)
        planned: int = (await tx.execute(_TAKEN, asked)).scalar_one()
        setting.check_room((loads[advisor_id].counted if advisor_id in loads else 0) + planned + 1)
    place_of = {"boutique_id": taker.boutique_id, "reasons": [Reason.BY_HAND.value]}
    await tx.execute(_REPLACE, asked | place_of)
    return await handovers.entry(tx, handover_id, client_id)


async def _takers(
    tx: AsyncSession, wanted: Wanted, giver: Advisor, *, boutiques: Collection[UUID] | None, now: datetime
) -> list[Advisor]:
    """Who may take over: those who are named, or whoever is there at the boutiques."""
    today, named = await segments.today(tx, now), wanted.rule.advisor_ids
    if named:
        known = await staff.by_id(tx, named)
        for advisor_id in named:
            taker = known.get(advisor_id)
            if taker is None or (boutiques is not None and taker.boutique_id not in boutiques):
                raise AdvisorNotThere
            rules.check_taker(taker, giver.advisor_id, today=today)
        return list(known.values())
    places = wanted.rule.boutique_ids or (giver.boutique_id,)
    if boutiques is not None and not set(places) <= set(boutiques):
        raise NotFound
    there = await staff.at(tx, places)
    return [one for one in there if one.advisor_id != giver.advisor_id and not one.is_away(today)]


async def _write(tx: AsyncSession, handover_id: UUID, placements: Sequence[Placement]) -> None:
    await tx.execute(
        _PLACE,
        {
            "brand": tx.info["brand_id"],
            "handover_id": handover_id,
            "ids": [one.client_id for one in placements],
            "advisors": [one.advisor_id for one in placements],
            "boutiques": [one.boutique_id for one in placements],
            "counted": [one.is_counted for one in placements],
            "reasons": [",".join(one.reasons) for one in placements],
        },
    )
