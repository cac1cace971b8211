"""Campaigns without a database: their life, their window, and what becomes of a client."""

from datetime import date, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.campaigns import rules
from services.profile.campaigns.rules import (
    NEXT,
    Asked,
    CampaignStepNotOpen,
    CampaignWindowClosed,
    Fate,
    Status,
    Step,
)

TODAY = date(2026, 3, 2)


def test_every_step_that_is_not_drawn_is_refused() -> None:
    for status, step in product(Status, Step):
        if (status, step) in NEXT:
            assert rules.after(status, step) is NEXT[status, step]
        else:
            with pytest.raises(CampaignStepNotOpen):
                rules.after(status, step)


@pytest.mark.parametrize(
    ("ahead", "lasts", "fits"),
    [(0, 0, True), (-1, 5, False), (3, -1, False), (3, 92, True), (3, 93, False), (366, 0, True), (367, 0, False)],
)
def test_a_window_leaves_advisors_some_days_to_come(ahead: int, lasts: int, *, fits: bool) -> None:
    due_on = TODAY + timedelta(days=ahead)
    if fits:
        rules.check_window(due_on, due_on + timedelta(days=lasts), today=TODAY)
    else:
        with pytest.raises(CampaignWindowClosed):
            rules.check_window(due_on, due_on + timedelta(days=lasts), today=TODAY)


@pytest.mark.parametrize(
    ("asked", "purpose", "fate"),
    [
        (Asked("no-consent", is_owned=True, has_offer=False), "marketing", Fate.REFUSED),
        (Asked("fatigue", is_owned=False, has_offer=True), "marketing", Fate.REFUSED),
        (Asked(None, is_owned=False, has_offer=False), "marketing", Fate.NOBODY),
        (Asked(None, is_owned=True, has_offer=True), "marketing", Fate.ASKED_ALREADY),
        (Asked(None, is_owned=True, has_offer=True), "service", Fate.TASK),
        (Asked(None, is_owned=True, has_offer=False), "marketing", Fate.TASK),
    ],
)
def test_what_becomes_of_a_client_of_the_list(asked: Asked, purpose: str, fate: Fate) -> None:
    assert rules.fate(asked, uuid4(), uuid4(), purpose=purpose, control_bp=0) is fate


@given(st.uuids(), st.uuids(), st.integers(0, 5_000), st.integers(0, 5_000))
def test_the_lot_falls_the_same_however_often_it_is_drawn(campaign: UUID, client: UUID, few: int, more: int) -> None:
    few, more = sorted((few, more))
    assert rules.draws(campaign, client, few) is rules.draws(campaign, client, few)
    # Whoever is left out of a small control group is left out of a larger one.
    assert rules.draws(campaign, client, more) or not rules.draws(campaign, client, few)
    assert not rules.draws(campaign, client, 0)


def test_the_lot_takes_about_as_many_as_it_should_and_others_in_another_campaign() -> None:
    clients, one, other = [uuid4() for _ in range(5_000)], uuid4(), uuid4()
    drawn = {client for client in clients if rules.draws(one, client, 1_000)}
    assert 380 < len(drawn) < 620
    assert drawn != {client for client in clients if rules.draws(other, client, 1_000)}
