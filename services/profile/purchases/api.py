"""The tills' way in."""

from collections import defaultdict
from datetime import date
from typing import Annotated, Literal

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import BodyTooLarge
from infra.wire import After, Limit, Page, Spelled, cursor, read_id_cursor
from services.profile.identities.models import PhoneUnreadable, e164
from services.profile.identities.queries import Known
from services.profile.purchases.actions import receipts
from services.profile.purchases.actions.drafts import About, Outcome, Payment, Receipt
from services.profile.purchases.queries import cash, stores
from services.profile.purchases.queries.stores import Bought
from services.profile.purchases.rules.cash import bounds
from services.profile.purchases.rules.lines import (
    CODES,
    Details,
    Fault,
    Line,
    NothingTaken,
    Place,
    Share,
    Whole,
    beginning,
    tidy_serial,
)
from services.profile.purchases.rules.stores import average, check_period, per_one
from services.profile.purchases.schemas import (
    BATCH_LINES,
    CashFlagView,
    CategoryView,
    CustomerForm,
    LineForm,
    Reason,
    ReceiptForm,
    ReceiptOutcome,
    ReceiptsForm,
    ReceiptsView,
    RejectedLine,
    StoreTypesView,
    StoreTypeView,
)

routes = router()

DETAILS = {"serial", "returns", "exchange", "gift_for", "category", "limited_edition"}


@routes.post("/purchases", status_code=200, responses={201: {"model": ReceiptOutcome}})
@permit(Role.POS, Role.PARTNER, Role.HEADQUARTERS)
async def keep(form: ReceiptForm, tx: Transaction, response: Response, now: Now) -> ReceiptOutcome:
    """Keep one receipt. Its lines are its key: sending it again, whole or with more lines, changes nothing twice."""
    outcomes = await receipts.keep(tx, [_receipt(form)], now=now)
    answer = _outcome(0, outcomes[0])
    if answer.status == "rejected":
        refused = answer.model_dump(mode="json", include={"rejected", "reasons"})
        raise NothingTaken(**{name: lines[:100] for name, lines in refused.items()})
    response.status_code = 201 if answer.status == "created" else 200
    return answer


@routes.post("/purchases/batch", status_code=207, max_body_size=8 * 1024 * 1024)
@permit(Role.POS, Role.PARTNER, Role.HEADQUARTERS)
async def keep_many(form: ReceiptsForm, tx: Transaction, now: Now) -> ReceiptsView:
    """Keep up to 1,000 receipts with 10,000 lines together. A wrong line refuses that line only."""
    received = sum(len(receipt.lines) for receipt in form.receipts)
    if received > BATCH_LINES:
        raise BodyTooLarge
    outcomes = await receipts.keep(tx, [_receipt(receipt) for receipt in form.receipts], now=now)
    return ReceiptsView(
        received_lines=received,
        accepted_lines=sum(len(outcome.lines.accepted) for outcome in outcomes),
        repeated_lines=sum(len(outcome.lines.repeated) for outcome in outcomes),
        rejected_lines=sum(len(outcome.lines.rejected) for outcome in outcomes),
        items=[_outcome(index, outcome) for index, outcome in enumerate(outcomes)],
    )


@routes.get("/cash-flags")
@permit(Role.HEADQUARTERS)
async def cash_flags(tx: Transaction, after: After = None, limit: Limit = 50) -> Page[CashFlagView]:
    """Days of clients, and anonymous receipts, with RMB 100,000 or more in cash; those flagged last come first."""
    of = "cash-flags"
    found = await cash.cash_flags(tx, after=read_id_cursor(after, of=of), limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[CashFlagView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].flag_id, of=of) if more else None,
    )


@routes.get("/purchases/by-store-type")
@permit(Role.HEADQUARTERS, Role.REGIONAL)
async def by_store_type(
    from_on: Annotated[date, Spelled], to_on: Annotated[date, Spelled], *, tx: Transaction, by: By
) -> StoreTypesView:
    """What is bought where: basket, category, frequency, limited editions. A regional manager sees her boutiques."""
    check_period(from_on, to_on)
    boutiques = by.boutique_ids if by.role is Role.REGIONAL else None
    found = await stores.by_type(tx, begins=bounds(from_on)[0], ends=bounds(to_on)[1], boutiques=boutiques)
    categories: dict[tuple[str | None, str], list[CategoryView]] = defaultdict(list)
    for one in found:
        if not one.is_whole:
            categories[one.boutique_type, one.currency].append(CategoryView.model_validate(one))
    return StoreTypesView(
        from_on=from_on,
        to_on=to_on,
        items=[_of_type(one, categories[one.boutique_type, one.currency]) for one in found if one.is_whole],
    )


def _of_type(bought: Bought, categories: list[CategoryView]) -> StoreTypeView:
    return StoreTypeView(
        boutique_type=bought.boutique_type,
        currency=bought.currency,
        receipts=bought.receipts,
        clients=bought.clients,
        pieces=bought.pieces,
        sold_minor=bought.sold_minor,
        returned_minor=bought.returned_minor,
        basket_minor=average(bought.sold_minor, bought.receipts),
        basket_pieces=per_one(bought.pieces, bought.receipts),
        frequency=per_one(bought.known_receipts, bought.clients),
        limited_pieces=bought.limited_pieces,
        categories=categories,
    )


def _receipt(form: ReceiptForm) -> Receipt:
    phone, fault = _phone(form.phone)
    purchased_at = form.purchased_at
    if form.purchased_in is not None:
        # Both, and they would contradict each other sooner or later.
        purchased_at = beginning(form.purchased_in) if purchased_at is None else None
    about = About(
        channel=form.channel,
        purchased_in=form.purchased_in,
        scan_ref=form.scan_ref,
        payments=tuple(Payment(one.method, one.amount_minor) for one in form.payments),
        phone=phone,
        masked_phone=form.masked_phone,
        masked_name=form.masked_name,
    )
    return Receipt(
        pos=form.pos,
        receipt=form.receipt,
        store_code=form.store_code,
        purchased_at=purchased_at,
        currency=form.currency,
        customer=_known(form.customer),
        lines=tuple(_line(line) for line in form.lines),
        whole=Whole(form.total_minor, tuple(Share(one.advisor_id, one.share_bp) for one in form.shares)),
        about=about if about != About() else None,
        fault=fault,
    )


def _phone(typed: str | None) -> tuple[str | None, Fault | None]:
    try:
        return e164(typed) if typed is not None else None, None
    except PhoneUnreadable:
        return None, Fault.BAD_PHONE


def _known(customer: CustomerForm | None) -> Known | None:
    return Known(customer.kind, customer.value, customer.system) if customer else None


def _line(form: LineForm) -> Line:
    net = form.quantity * form.unit_price_minor if form.net_minor is None else form.net_minor
    plain = (form.line, form.piece_code, form.quantity, form.unit_price_minor, net, form.description)
    # Nearly every line says no more than that.
    if form.model_fields_set.isdisjoint(DETAILS):
        return Line(*plain)
    details = Details(
        serial=tidy_serial(form.serial) if form.serial is not None else None,
        sale=Place(form.returns.pos, form.returns.receipt, form.returns.line) if form.returns else None,
        exchange=form.exchange,
        recipient=_known(form.gift_for),
        category=form.category,
        is_limited=form.limited_edition,
    )
    return Line(*plain, details if details != Details() else None)


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
        rejected=[
            RejectedLine.model_validate({"line": line, "code": CODES.get(why, why)}) for line, why in lines.rejected
        ],
        reasons=[Reason(line=line, reason=why) for line, why in lines.rejected if why in CODES],
    )
