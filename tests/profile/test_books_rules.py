"""Who may give a client to whom."""

from uuid import UUID

import pytest

from services.profile.books.rules import may_assign

MINE, ALSO_MINE, THEIRS = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.mark.parametrize(
    ("to", "current", "allowed"),
    [
        (MINE, None, True),
        (MINE, MINE, True),
        (MINE, ALSO_MINE, True),
        (MINE, THEIRS, False),
        (THEIRS, None, False),
        (THEIRS, MINE, False),
    ],
)
def test_a_manager_gives_her_advisors_clients_whom_no_other_boutique_has(
    to: UUID,
    current: UUID | None,
    allowed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert may_assign(to, current, own=frozenset({MINE, ALSO_MINE})) == allowed
