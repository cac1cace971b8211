"""The way in for what other systems saw of a client, and what their reports come to."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.wire import Spelled
from services.profile.identities import models as identities
from services.profile.identities.models import EmailUnreadable, PhoneUnreadable
from services.profile.identities.queries import Known
from services.profile.touchpoints import actions, queries
from services.profile.touchpoints.actions import Reported
from services.profile.touchpoints.rules import Contact, Fault, PeriodTooWide, Taken
from services.profile.touchpoints.schemas import (
    IndexItem,
    IndexView,
    MissedItem,
    MissedView,
    PersonForm,
    TouchpointForm,
    TouchpointOutcome,
    TouchpointsForm,
    TouchpointsView,
)

routes = router()

LONGEST = timedelta(days=366)
Since = Annotated[AwareDatetime, Spelled, Query(alias="from")]
Until = Annotated[AwareDatetime, Spelled, Query(alias="to")]


@routes.post("/touchpoints/batch", status_code=207, max_body_size=2 * 1024 * 1024)
@permit(Role.POS, Role.PARTNER, Role.HEADQUARTERS)
async def report(form: TouchpointsForm, tx: Transaction, now: Now) -> TouchpointsView:
    """Enter up to 1,000 contacts, late and out of order as they come. Sent again, they change nothing."""
    outcomes = await actions.report(tx, [_reported(one) for one in form.touchpoints], now=now)
    return TouchpointsView(
        received=len(outcomes),
        created=sum(outcome is Taken.CREATED for outcome in outcomes),
        repeated=sum(outcome is Taken.REPEATED for outcome in outcomes),
        rejected=sum(isinstance(outcome, Fault) for outcome in outcomes),
        items=[_outcome(index, outcome) for index, outcome in enumerate(outcomes)],
    )


@routes.get("/touchpoints/index")
@permit(Role.HEADQUARTERS)
async def index(since: Since, until: Until, tx: Transaction) -> IndexView:
    """The WeChat index: what clients do there, and each thing's share."""
    found = await queries.wechat_index(tx, **period(since, until))
    total = sum(one.count for one in found)
    return IndexView(
        total=total,
        items=[
            IndexItem(
                kind=one.kind,
                count=one.count,
                clients=one.clients,
                share=round(one.count / total, 4) if total else None,
            )
            for one in found
        ],
    )


@routes.get("/wishes/missing")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def missing(since: Since, until: Until, tx: Transaction, by: By) -> MissedView:
    """What clients wanted and did not find there, at the caller's boutiques."""
    boutiques = None if by.role is Role.HEADQUARTERS else by.boutique_ids
    found = await queries.missed(tx, **period(since, until), boutiques=boutiques)
    return MissedView(items=[MissedItem.model_validate(one) for one in found])


def period(since: datetime, until: datetime) -> dict[str, datetime]:
    """The bounds of a report; raises PeriodTooWide."""
    if not timedelta(0) < until - since <= LONGEST:
        raise PeriodTooWide
    return {"since": since, "until": until}


def _reported(form: TouchpointForm) -> Reported:
    return Reported(
        system=form.system,
        ref=form.ref,
        kind=Contact(form.kind),
        person=_person(form.person),
        occurred_at=form.occurred_at,
        boutique_id=form.boutique_id,
        advisor_id=form.advisor_id,
        piece_code=form.piece_code,
        why_not=form.why_not,
    )


def _person(form: PersonForm) -> UUID | Known | None:
    """Her id or an identifier of hers; None where it is both, neither or half."""
    if form.client_id is not None:
        return form.client_id if (form.kind, form.system, form.value) == (None, None, None) else None
    if form.kind is None or form.value is None:
        return None
    try:
        match form.kind:
            case "phone":
                return Known("phone", identities.e164(form.value))
            case "email":
                return Known("email", identities.mailbox(form.value))
    except (PhoneUnreadable, EmailUnreadable):
        return None
    return Known(form.kind, form.value, form.system or "")


def _outcome(index: int, outcome: Taken | Fault) -> TouchpointOutcome:
    if isinstance(outcome, Fault):
        return TouchpointOutcome(index=index, status="rejected", code=outcome)
    return TouchpointOutcome(index=index, status=outcome.value)
