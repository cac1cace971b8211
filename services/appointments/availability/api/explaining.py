"""The route that says why there is no slot."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.identity import permit
from infra.openapi import refuses
from infra.refusal import BadRequest
from infra.wire import After, cursor, read_cursor
from services.appointments.availability import queries
from services.appointments.availability.api.asking import ASKS, own, shown_to, whom
from services.appointments.availability.api.times import LONGEST, RangeTooWide
from services.appointments.availability.rules import Actor, only
from services.appointments.availability.rules.explaining import WORDS, explained
from services.appointments.availability.schemas import (
    ExplainView,
    Instant,
    PartySize,
    RemovedView,
    RuleView,
    instant,
)
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Mode, Span
from services.appointments.directory.schemas.staff import Language

routes = router()


@routes.get("/availability/explain", responses=refuses(404, 409))
@permit(*ASKS)
async def explain(
    *,
    boutique_id: UUID,
    experience_id: UUID,
    starts_from: Annotated[Instant, Query(alias="from")],
    until: Annotated[Instant, Query(alias="to")],
    client_id: UUID | None = None,
    advisor_id: UUID | None = None,
    mine: bool = False,
    party_size: PartySize = 1,
    mode: Mode | None = None,
    language: Annotated[Language | None, Query()] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    kit: OfKit,
    tx: Transaction,
    by: By,
    now: Now,
) -> ExplainView:
    """For each start between `from` and `to` that cannot be had, the rule that removes it.

    A client is never told who else is there. The house may ask for a client (`client_id`) whom it may see.
    """
    if not timedelta(0) < until - starts_from <= LONGEST:
        raise RangeTooWide
    boutique = await directory.own_boutique(tx, boutique_id, by)
    experience = await directory.experience(tx, experience_id)
    client = await whom(tx, kit.peers, client_id, by)
    actor, window = queries.actor(by), Span(starts_from, until)
    stand_ins: list[tuple[UUID, Span]] = []
    if mine:
        advisor_id, stand_ins = await own(tx, client, window, by)
    whose = client.client_id if client else None
    of = f"explain {boutique_id} {experience_id} {starts_from} {until} {advisor_id} {mine} {whose} {party_size}"
    begin = _read(after, f"{of} {mode} {language}")
    offer = queries.offer(experience)
    invited = client is not None and await queries.is_invited(tx, experience_id, client)
    # What is not for her or not offered at all is said of every start; a wrong way or language is a mistake of hers.
    offer.judge_way(mode=mode, language=language)
    around = await queries.surroundings(
        tx, boutique, experience, window, client=client, party_size=party_size, mode=mode, language=language
    )
    outlook = shown_to(by, await queries.outlook(tx, around, window, now=now))
    verdicts = explained(
        outlook if advisor_id is None else only(outlook, advisor_id, stand_ins),
        window,
        actor=actor,
        now=now,
        is_offered=offer.active,
        is_open=offer.is_open_to(segment=client.segment, invited=invited) if client else actor is Actor.HOUSE,
    )
    removed = [(one.starts_at, one.rule) for one in verdicts if one.rule is not None]
    sums = Counter(rule for _, rule in removed)
    shown = removed if begin is None else [one for one in removed if one[0] >= begin]
    return ExplainView(
        zone=boutique.zone,
        free_count=len(verdicts) - len(removed),
        rules=[
            RuleView(rule=rule, count=count, zh=WORDS[rule][0], en=WORDS[rule][1])
            for rule, count in sorted(sums.items(), key=lambda told: (-told[1], told[0]))
        ],
        items=[RemovedView(starts_at=starts_at, rule=rule) for starts_at, rule in shown[:limit]],
        next_cursor=(cursor(shown[limit][0].isoformat(), of=f"{of} {mode} {language}") if len(shown) > limit else None),
    )


def _read(after: str | None, of: str) -> datetime | None:
    key = read_cursor(after, of=of, parts=1)
    try:
        return instant(key[0]) if key else None
    except ValueError:
        raise BadRequest from None
