"""The tills' way in."""

from typing import Literal

from fastapi import Response

from infra.app import Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import BodyTooLarge
from services.profile.identities.queries import Known
from services.profile.purchases import actions
from services.profile.purchases.actions import Outcome, Receipt
from services.profile.purchases.rules import Line, NothingTaken
from services.profile.purchases.schemas import (
    BATCH_LINES,
    LineForm,
    ReceiptForm,
    ReceiptOutcome,
    ReceiptsForm,
    ReceiptsView,
    RejectedLine,
)

routes = router()


@routes.post("/purchases", status_code=200, responses={201: {"model": ReceiptOutcome}})
@permit(Role.POS, Role.PARTNER, Role.HEADQUARTERS)
async def keep(form: ReceiptForm, tx: Transaction, response: Response, now: Now) -> ReceiptOutcome:
    """Keep one receipt. Its lines are its key: sending it again, whole or with more lines, changes nothing twice."""
    outcomes = await actions.keep(tx, [_receipt(form)], now=now)
    answer = _outcome(0, outcomes[0])
    if answer.status == "rejected":
        raise NothingTaken(rejected=[line.model_dump(mode="json") for line in answer.rejected[:100]])
    response.status_code = 201 if answer.status == "created" else 200
    return answer


@routes.post("/purchases/batch", status_code=207, max_body_size=8 * 1024 * 1024)
@permit(Role.POS, Role.PARTNER, Role.HEADQUARTERS)
async def keep_many(form: ReceiptsForm, tx: Transaction, now: Now) -> ReceiptsView:
    """Keep up to 1,000 receipts with 10,000 lines together. A wrong line refuses that line only."""
    received = sum(len(receipt.lines) for receipt in form.receipts)
    if received > BATCH_LINES:
        raise BodyTooLarge
    outcomes = await actions.keep(tx, [_receipt(receipt) for receipt in form.receipts], now=now)
    return ReceiptsView(
        received_lines=received,
        accepted_lines=sum(len(outcome.lines.accepted) for outcome in outcomes),
        repeated_lines=sum(len(outcome.lines.repeated) for outcome in outcomes),
        rejected_lines=sum(len(outcome.lines.rejected) for outcome in outcomes),
        items=[_outcome(index, outcome) for index, outcome in enumerate(outcomes)],
    )


def _receipt(form: ReceiptForm) -> Receipt:
    return Receipt(
        pos=form.pos,
        receipt=form.receipt,
        store_code=form.store_code,
        purchased_at=form.purchased_at,
        currency=form.currency,
        customer=Known("pos", form.customer.value, form.customer.system) if form.customer else None,
        lines=tuple(_line(line) for line in form.lines),
    )


def _line(form: LineForm) -> Line:
    net = form.quantity * form.unit_price_minor if form.net_minor is None else form.net_minor
    return Line(form.line, form.piece_code, form.quantity, form.unit_price_minor, net, form.description)


def _outcome(index: int, outcome: Outcome) -> ReceiptOutcome:
    lines = outcome.lines
    status: Literal["created", "extended", "repeated", "rejected"]
    if lines.accepted:
        status = "created" if outcome.created else "extended"
    else:
        status = "repeated" if lines.repeated else "rejected"
    return ReceiptOutcome(
        index=index,
        status=status,
        purchase_id=outcome.purchase_id,
        accepted=len(lines.accepted),
        repeated=len(lines.repeated),
        rejected=[RejectedLine(line=line, code=code) for line, code in lines.rejected],
    )
