"""How the lines of a receipt are told apart: new, already there, or refused, and never two of these."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.purchases.rules.lines import LARGEST_MINOR, Fault, Line, receipt_fault, room, sort

NOW = datetime(2026, 6, 1, tzinfo=UTC)

lines = st.lists(
    st.builds(
        Line,
        line=st.integers(-1, 6),
        piece_code=st.sampled_from(["RING-1", "BANK CHARGES", "", " x"]),
        quantity=st.integers(-2, 2),
        unit_minor=st.integers(-1, 3),
        net_minor=st.integers(-3, 3),
        description=st.none(),
    ),
    max_size=30,
)


@given(offered=lines, kept=lines, refused=st.sampled_from([None, Fault.CURRENCY_DIFFERS]))
def test_every_line_ends_in_exactly_one_of_the_three(
    offered: list[Line], kept: list[Line], refused: Fault | None
) -> None:
    stored = {line.line: line for line in sort(kept, {}, left=LARGEST_MINOR).accepted}
    found = sort(offered, stored, left=room(stored.values()), refused=refused)
    assert len(found.accepted) + len(found.repeated) + len(found.rejected) == len(offered)
    assert not {line.line for line in found.accepted} & set(stored)
    assert refused is None or not found.accepted


@given(offered=lines)
def test_sending_the_same_lines_again_adds_none(offered: list[Line]) -> None:
    first = sort(offered, {}, left=LARGEST_MINOR)
    again = sort(offered, {line.line: line for line in first.accepted}, left=room(first.accepted))
    assert again.accepted == []
    assert len(again.repeated) == len(first.accepted) + len(first.repeated)
    assert again.rejected == first.rejected


@given(offered=lines, left=st.integers(0, 8))
def test_a_line_there_was_no_room_for_is_refused_again(offered: list[Line], left: int) -> None:
    first = sort(offered, {}, left=left)
    taken = sum(abs(line.net_minor) for line in first.accepted)
    assert taken <= left
    again = sort(offered, {line.line: line for line in first.accepted}, left=left - taken)
    assert again.accepted == []
    assert [line for line, _ in again.rejected] == [line for line, _ in first.rejected]


@pytest.mark.parametrize(
    ("currency", "purchased_at", "fault"),
    [
        ("CNY", NOW, None),
        ("CNY", datetime(1956, 1, 1, tzinfo=UTC), None),
        ("cny", NOW, Fault.BAD_CURRENCY),
        ("CNY", datetime(2026, 6, 3, tzinfo=UTC), Fault.DATE_IMPOSSIBLE),
        ("CNY", datetime(1836, 1, 1, tzinfo=UTC), Fault.DATE_IMPOSSIBLE),
    ],
)
def test_a_receipt_needs_a_currency_and_a_possible_day(
    currency: str, purchased_at: datetime, fault: Fault | None
) -> None:
    assert receipt_fault(currency, purchased_at, now=NOW) is fault
