"""Who may give a client to whom."""

from uuid import UUID

import pytest

from services.profile.books.rules.owners import AdvisorNotThere, check_advisor, may_assign

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


@pytest.mark.parametrize(
    ("works_at", "by_service", "allowed"),
    [
        (MINE, False, True),
        (MINE, True, True),
        (THEIRS, False, False),
        (THEIRS, True, False),
        (None, False, False),
        (None, True, True),
    ],
)
def test_a_client_goes_to_an_advisor_only_where_that_advisor_is_known_to_work(
    *, works_at: UUID | None, by_service: bool, allowed: bool
) -> None:
    try:
        check_advisor(MINE, works_at, by_service=by_service)
    except AdvisorNotThere:
        assert not allowed
    else:
        assert allowed
