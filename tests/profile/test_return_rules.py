"""Returns against their sales, receipts against their totals, shares against the whole: the money always adds up."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.purchases.rules.lines import (
    CODES,
    LARGEST_MINOR,
    WHOLE_BP,
    Details,
    Fault,
    Line,
    Place,
    Share,
    Whole,
    add_up,
    beginning,
    is_serial,
    sort,
    tidy_serial,
)
from services.profile.purchases.rules.returns import Ledger, Told

SALE = Place("till", "R-1", 1)


def told(
    quantity: int,
    *,
    net: int | None = None,
    at: Place = SALE,
    sale: Place | None = None,
    serial: str | None = None,
    currency: str = "CNY",
    piece_code: str = "RING-1",
) -> Told:
    """A line of pieces at 100 each."""
    details = Details(serial, sale) if serial or sale else None
    line = Line(at.line, piece_code, quantity, 100, quantity * 100 if net is None else net, None, details)
    return Told(at, currency, line)


def back(quantity: int, *, number: int = 1, **more: object) -> Told:
    """A return of the sale, on a receipt of its own."""
    return told(-quantity, at=Place("till", f"B-{number}", 1), sale=SALE, **more)  # type: ignore[arg-type]


@given(
    sold=st.integers(1, 5),
    returns=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 400)), max_size=6),
    place=st.integers(0, 6),
)
def test_what_came_back_never_exceeds_what_was_sold_in_whatever_order_it_is_told(
    sold: int, returns: list[tuple[int, int]], place: int
) -> None:
    lines = [back(pieces, number=n, net=-minor) for n, (pieces, minor) in enumerate(returns)]
    lines.insert(min(place, len(lines)), told(sold))
    ledger, kept = Ledger(), []
    for line in lines:
        if not ledger.faults([line]):
            ledger.take(line)
            kept.append(line)
    returned = [line.line for line in kept if line.line.sale]
    if told(sold) in kept:
        assert -sum(line.quantity for line in returned) <= sold
        assert -sum(line.net_minor for line in returned) <= sold * 100


@pytest.mark.parametrize(
    ("kept", "offered", "fault"),
    [
        ([told(2)], back(2), None),
        ([told(2), back(1)], back(1, number=2), None),
        ([told(2), back(1)], back(2, number=2), Fault.RETURN_TOO_LARGE),
        ([told(1)], back(1, net=-101), Fault.RETURN_TOO_LARGE),
        ([told(1)], back(1, currency="EUR"), Fault.RETURN_DIFFERS),
        ([told(1)], back(1, piece_code="RING-2"), Fault.RETURN_DIFFERS),
        ([told(1, serial="A-1")], back(1, serial="A-2"), Fault.RETURN_DIFFERS),
        ([told(1, serial="A-1")], back(1), None),
        ([told(-1)], back(1), Fault.RETURN_OF_NO_SALE),
        ([], told(-1, sale=SALE), Fault.RETURN_OF_NO_SALE),
        ([], back(9), None),
        ([back(2)], told(2), None),
        ([back(2)], told(1), Fault.LESS_THAN_RETURNED),
        ([back(1)], told(2, currency="EUR"), Fault.RETURN_DIFFERS),
        ([told(1, serial="A-1")], told(1, at=Place("till", "R-2", 1), serial="A-1"), Fault.SERIAL_SOLD),
        ([told(1, serial="A-1"), back(1, serial="A-1")], told(1, at=Place("x", "R-2", 1), serial="A-1"), None),
    ],
)
def test_a_line_is_held_against_what_was_sold_and_came_back(
    kept: list[Told], offered: Told, fault: Fault | None
) -> None:
    found = Ledger(kept).faults([offered])
    assert found == ({offered.place.line: fault} if fault else {})


def test_two_returns_on_one_receipt_are_seen_beside_each_other() -> None:
    both = [told(-1, at=Place("till", "B-1", n), sale=SALE) for n in (1, 2)]
    assert Ledger([told(1)]).faults(both) == {2: Fault.RETURN_TOO_LARGE}
    # To look at them took nothing.
    ledger = Ledger([told(1)])
    assert ledger.faults(both) == ledger.faults(both)


@given(parts=st.lists(st.integers(-3, WHOLE_BP), max_size=6))
def test_shares_are_the_whole_or_refused(parts: list[int]) -> None:
    shares = [Share(UUID(int=n), part) for n, part in enumerate(parts)]
    assert add_up(shares) is (sum(parts) == WHOLE_BP and all(part > 0 for part in parts))


def test_an_advisor_named_twice_has_no_two_shares() -> None:
    assert not add_up([Share(UUID(int=1), 5_000), Share(UUID(int=1), 5_000)])


amounts = st.lists(st.integers(-3, 3).filter(bool), min_size=1, max_size=5)


@given(kept=amounts, offered=amounts, total=st.integers(-1_000, 1_000))
def test_what_is_added_to_a_receipt_completes_its_total_or_is_refused(
    kept: list[int], offered: list[int], total: int
) -> None:
    before = {n: Line(n, "RING-1", pieces, 100, pieces * 100, None) for n, pieces in enumerate(kept, start=1)}
    new = [Line(100 + n, "RING-1", pieces, 100, pieces * 100, None) for n, pieces in enumerate(offered)]
    found = sort(new, before, left=LARGEST_MINOR, whole=Whole(total))
    comes_to = (sum(kept) + sum(offered)) * 100
    assert bool(found.accepted) is (comes_to == total)
    assert found.accepted or {why for _, why in found.rejected} == {Fault.TOTAL_DIFFERS}


@given(sides=st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([-1, 1])), max_size=6))
def test_half_an_exchange_is_refused_and_the_rest_is_kept(sides: list[tuple[str | None, int]]) -> None:
    lines = [
        Line(n, "RING-1", side, 100, side * 100, None, Details(exchange=name) if name else None)
        for n, (name, side) in enumerate(sides, start=1)
    ]
    found = sort(lines, {}, left=LARGEST_MINOR, whole=Whole())
    whole = {name for name, both in Counter(name for name, _ in set(sides)).items() if name and both > 1}
    assert {line.line for line in found.accepted} == {
        line.line for line in lines if line.exchange is None or line.exchange in whole
    }
    assert {why for _, why in found.rejected} <= {Fault.EXCHANGE_INCOMPLETE}


@pytest.mark.parametrize(
    ("period", "begins"),
    [("1956", "1956-01-01"), ("1956-03", "1956-03-01"), ("1956-13", None), ("56", None), ("0000", None), ("", None)],
)
def test_an_old_ledger_knows_a_year_or_a_month(period: str, begins: str | None) -> None:
    found = beginning(period)
    assert (found.date().isoformat() if found else None) == begins


def test_a_serial_is_compared_without_the_blanks_it_is_engraved_with() -> None:
    assert tidy_serial(" av 12-34\u3000x ") == "AV12-34X"
    assert is_serial("AV12-34X")
    assert not any(is_serial(wrong) for wrong in ("", "A", "-AB", "A" * 41, "A\u00c4B", "a-1"))


def test_every_later_fault_has_a_code_that_callers_were_promised() -> None:
    assert set(CODES) | set(list(Fault)[:12]) == set(Fault)
    assert set(CODES.values()) <= set(list(Fault)[:12])
