"""The life of a request, and when it must be answered: rules alone."""

from datetime import date
from itertools import product

import pytest

from services.profile.rights import rules
from services.profile.rights.rules import NEXT, SERVICES, RequestStepNotAllowed, Status, Step


@pytest.mark.parametrize(("status", "wanted"), list(product(Status, Step)))
def test_every_step_that_is_not_drawn_is_refused(status: Status, wanted: Step) -> None:
    if (status, wanted) in NEXT:
        assert rules.step(status, wanted) is NEXT[status, wanted]
    else:
        with pytest.raises(RequestStepNotAllowed):
            rules.step(status, wanted)


def test_what_is_over_stays_over() -> None:
    assert {status for status, _ in NEXT} == rules.OPEN
    assert {Status.DONE, Status.REFUSED} <= set(NEXT.values())


def test_it_is_due_on_the_fifteenth_day() -> None:
    assert rules.due_on(date(2026, 2, 20)) == date(2026, 3, 7)


def test_erased_everywhere_means_that_nobody_is_missing() -> None:
    assert rules.is_erased_everywhere(SERVICES)
    for service in SERVICES:
        assert not rules.is_erased_everywhere([one for one in SERVICES if one != service])
