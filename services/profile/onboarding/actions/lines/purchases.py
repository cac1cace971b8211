"""A line of a receipt."""

import re

from services.profile.onboarding.actions.lines.row import Cells, Wrong, begins, known_of, name_of
from services.profile.onboarding.actions.said import (
    PurchaseLine,
    Whom,
    Worth,
)
from services.profile.onboarding.models import cells
from services.profile.onboarding.models.cells import When
from services.profile.onboarding.rules.reasons import Reason
from services.profile.purchases.rules.lines import Line as ReceiptLine

_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
_LONGEST_DESCRIPTION = 500


def purchase_line(of: Cells, number: int) -> PurchaseLine:
    """One line of a receipt."""
    receipt = of.number_of("receipt")
    if not receipt:
        raise Wrong(Reason.RECEIPT_MISSING, "receipt")
    piece_code = of.number_of("piece_code")
    if not piece_code:
        raise Wrong(Reason.PIECE_CODE_MISSING, "piece_code")
    store = of.text("store")
    if not store:
        raise Wrong(Reason.STORE_MISSING, "store")
    if not _CODE.match(store):
        raise Wrong(Reason.STORE_UNFIT, "store")
    currency, when, quantity, unit, net = money(of)
    told = of.every("line")
    place = cells.whole(told[0], Reason.LINE_UNREADABLE) if told else 0
    known = known_of(of)
    description = of.text("description")[:_LONGEST_DESCRIPTION] or None
    line = ReceiptLine(place, piece_code, quantity, unit, net, description)
    return PurchaseLine(
        number=number,
        whom=Whom(tuple(known), name_of(of)) if known else None,
        pos=of.plan.constants["pos"],
        receipt=receipt,
        store=store,
        currency=currency,
        when=when,
        purchased_at=begins(when, of.zone),
        line=line,
        worth=Worth(currency, when.year, net),
        numbered=bool(told),
    )


def money(of: Cells) -> tuple[str, When, int, int, int]:
    """Currency, when, quantity, unit price and net of a purchase's line, in minor units."""
    currency = cells.currency_of(of.text("currency"))
    if not currency:
        raise Wrong(Reason.CURRENCY_MISSING, "currency")
    when = of.when("purchased_on")
    if when is None:
        raise Wrong(Reason.DATE_UNREADABLE, "purchased_on")
    quantity = cells.whole(of.text("quantity"), Reason.QUANTITY_UNREADABLE)
    net = cells.minor(of.text("net"), currency) if of.text("net") else None
    # Old systems write what comes back with a negative price, a negative quantity or both.
    if net is not None and net < 0 < quantity:
        quantity = -quantity
    of.asking = "unit_price"
    if price := of.text("unit_price"):
        unit = cells.minor(price, currency)
        if unit < 0:
            unit, quantity = -unit, -abs(quantity)
    elif net is None or not quantity:
        raise Wrong(Reason.PRICE_UNREADABLE, "unit_price")
    else:
        unit = abs(net) // abs(quantity)
    if net is None:
        net = unit * quantity
    elif quantity < 0 < net:
        net = -net
    return currency, when, quantity, unit, net
