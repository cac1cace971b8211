"""What a list may ask for, by whom, and that it is kept as it was said."""

import json
from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.identity import Role
from services.profile.lists import rules
from services.profile.lists.queries.criteria import PARTS
from services.profile.lists.rules import (
    BoutiqueMissing,
    Criteria,
    CriteriaContradict,
    CriteriaHidden,
    CriterionIncomplete,
    Visibility,
    VisibilityTooWide,
)
from services.profile.lists.schemas import CriteriaForm, CriteriaView
from services.profile.segments.rules import Segment

MINE, HERS = UUID(int=1), UUID(int=2)
HERE, THERE = UUID(int=11), UUID(int=12)
EAST, NORTH = UUID(int=21), UUID(int=22)
WORKS_AT = {MINE: HERE, HERS: THERE}


def seen(criteria: Criteria, role: Role) -> None:
    rules.check_seen(
        criteria,
        role=role,
        advisor_id=MINE if role is Role.ADVISOR else None,
        boutique_ids=frozenset({HERE}),
        region_id=EAST if role is Role.REGIONAL else None,
        works_at=WORKS_AT,
    )


@pytest.mark.parametrize(
    ("criteria", "criterion"),
    [
        (Criteria(bought_from=date(2026, 2, 1), bought_to=date(2026, 1, 1)), "bought_to"),
        (Criteria(spent_at_least=2, spent_at_most=1), "spent_at_most"),
        (Criteria(spent_at_least=1, spent_from=date(2026, 2, 1), spent_to=date(2026, 1, 1)), "spent_to"),
        (Criteria(visited_since=date(2026, 2, 1), not_visited_since=date(2026, 1, 1)), "not_visited_since"),
        (Criteria(visited_since=date(2026, 2, 1), not_visited_since=date(2026, 2, 1)), "not_visited_since"),
    ],
)
def test_what_nobody_can_meet_is_refused(criteria: Criteria, criterion: str) -> None:
    with pytest.raises(CriteriaContradict) as refused:
        criteria.check()
    assert refused.value.extra == {"criterion": criterion}


def test_a_period_of_spending_needs_an_amount() -> None:
    with pytest.raises(CriterionIncomplete):
        Criteria(spent_from=date(2026, 1, 1)).check()
    Criteria(spent_from=date(2026, 1, 1), spent_at_most=0).check()
    Criteria(visited_since=date(2026, 1, 1), not_visited_since=date(2026, 2, 1)).check()
    Criteria().check()


@pytest.mark.parametrize(
    ("criteria", "may"),
    [
        (Criteria(advisors=(MINE,)), {Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS}),
        (Criteria(advisors=(HERS,)), {Role.HEADQUARTERS}),
        (Criteria(advisors=(MINE, uuid4())), {Role.HEADQUARTERS}),
        (Criteria(boutiques=(HERE,)), {Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS}),
        (Criteria(boutiques=(HERE, THERE)), {Role.HEADQUARTERS}),
        (Criteria(regions=(EAST,)), {Role.REGIONAL, Role.HEADQUARTERS}),
        (Criteria(regions=(NORTH,)), {Role.HEADQUARTERS}),
    ],
)
def test_who_names_what_is_not_hers_is_refused(criteria: Criteria, may: set[Role]) -> None:
    for role in rules.KEEP_LISTS:
        if role in may:
            seen(criteria, role)
        else:
            with pytest.raises(CriteriaHidden):
                seen(criteria, role)


@pytest.mark.parametrize(
    ("role", "visibility", "boutique_id", "refused"),
    [
        (Role.ADVISOR, Visibility.MINE, None, None),
        (Role.ADVISOR, Visibility.BOUTIQUE, HERE, VisibilityTooWide),
        (Role.MANAGER, Visibility.BOUTIQUE, HERE, None),
        (Role.MANAGER, Visibility.BOUTIQUE, THERE, VisibilityTooWide),
        (Role.MANAGER, Visibility.BRAND, None, VisibilityTooWide),
        (Role.HEADQUARTERS, Visibility.BRAND, None, None),
        (Role.HEADQUARTERS, Visibility.BOUTIQUE, THERE, None),
        (Role.HEADQUARTERS, Visibility.BOUTIQUE, None, BoutiqueMissing),
        (Role.HEADQUARTERS, Visibility.BRAND, HERE, BoutiqueMissing),
    ],
)
def test_a_list_is_for_those_whom_its_keeper_leads(
    role: Role, visibility: Visibility, boutique_id: UUID | None, refused: type[Exception] | None
) -> None:
    if refused is None:
        rules.check_visibility(visibility, boutique_id, role=role, boutique_ids={HERE})
        return
    with pytest.raises(refused):
        rules.check_visibility(visibility, boutique_id, role=role, boutique_ids={HERE})


def test_every_criterion_is_asked_for_somewhere() -> None:
    names = set(CriteriaForm.model_fields)
    assert names == set(CriteriaView.model_fields) == set(Criteria.__dataclass_fields__)
    # The bounds of what was spent are in the amount's part.
    assert names - set(PARTS) == {"spent_from", "spent_to"}
    assert names >= rules.PROFILING


@given(
    st.builds(
        Criteria,
        segments=st.lists(st.sampled_from(Segment)).map(tuple),
        boutiques=st.lists(st.uuids()).map(tuple),
        languages=st.lists(st.sampled_from(["zh", "en"])).map(tuple),
        bought_from=st.none() | st.dates(),
        spent_at_least=st.none() | st.integers(0, 10**15),
        birthday_months=st.lists(st.integers(1, 12)).map(tuple),
        birthday_within_days=st.none() | st.integers(0, 366),
    )
)
def test_criteria_are_read_as_they_were_written(criteria: Criteria) -> None:
    assert rules.read(json.loads(rules.written(criteria))) == criteria
