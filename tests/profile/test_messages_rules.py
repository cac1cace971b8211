"""What may be sent, and the life of a message."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.messages import rules
from services.profile.messages.actions import delivery
from services.profile.messages.rules import NEXT, Asked, Purpose, PurposeNotOpen, Reason, Status, Step, StepNotOpen


def asked(
    purpose: Purpose = Purpose.SURVEY,
    *,
    consent: bool = True,
    channels: int = 1,
    credits: int = 1,  # noqa: A002
    restricted: bool = False,
) -> Asked:
    return Asked(purpose, consent, channels, credits, restricted)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (asked(), None),
        (asked(consent=False), Reason.NO_CONSENT),
        (asked(Purpose.MARKETING, consent=False), Reason.NO_CONSENT),
        (asked(Purpose.SERVICE, consent=False), None),
        (asked(channels=0), Reason.NO_CHANNEL),
        (asked(credits=0), Reason.NO_CREDIT),
        # The first reason in the list of rules is the one said.
        (asked(consent=False, channels=0, credits=0), Reason.NO_CONSENT),
        (asked(channels=0, credits=0), Reason.NO_CHANNEL),
        (asked(restricted=True, consent=False), Reason.RESTRICTED),
        (asked(Purpose.SERVICE, restricted=True), Reason.RESTRICTED),
    ],
)
def test_the_first_reason_against_a_message_is_the_one_said(message: Asked, reason: Reason | None) -> None:
    assert rules.verdict(message) is reason


@given(purpose=st.sampled_from(Purpose), consent=st.booleans(), channels=st.integers(0, 3), left=st.integers(0, 3))
def test_nothing_is_sent_without_consent_a_way_to_her_and_a_credit(
    *, purpose: Purpose, consent: bool, channels: int, left: int
) -> None:
    permitted = rules.verdict(Asked(purpose, consent, channels, left)) is None
    assert permitted == ((consent or purpose is Purpose.SERVICE) and channels > 0 and left > 0)


def test_a_survey_is_never_sent_by_hand() -> None:
    with pytest.raises(PurposeNotOpen):
        rules.check_purpose(Purpose.SURVEY, by_hand=True)
    rules.check_purpose(Purpose.SURVEY, by_hand=False)
    rules.check_purpose(Purpose.MARKETING, by_hand=True)
    rules.check_purpose(Purpose.SERVICE, by_hand=True)


@pytest.mark.parametrize(("status", "step"), [pair for pair in product(Status, Step) if pair not in NEXT])
def test_every_pair_that_is_not_drawn_is_refused(status: Status, step: Step) -> None:
    with pytest.raises(StepNotOpen):
        rules.after(status, step)


def test_what_was_claimed_once_goes_back_to_the_queue_only_by_being_postponed() -> None:
    assert [step for (_, step), following in NEXT.items() if following is Status.QUEUED] == [Step.POSTPONE]
    assert {status for status, _ in NEXT} == {Status.QUEUED, Status.SENDING}


@pytest.mark.parametrize(
    ("setting", "template_id", "filled"),
    [
        ({}, "survey-invitation", {"thing1": "a", "date2": "b", "thing3": "c"}),
        ({"survey-invitation": "TPL"}, "TPL", {"thing1": "a", "date2": "b", "thing3": "c"}),
        (
            {"survey-invitation": "TPL?boutique=thing4&date=date1&text=thing5"},
            "TPL",
            {"thing4": "a", "date1": "b", "thing5": "c"},
        ),
    ],
)
def test_a_setting_says_the_template_id_and_where_needed_the_parameters(
    setting: dict[str, str], template_id: str, filled: dict[str, str]
) -> None:
    template = rules.template("survey-invitation", setting)
    assert template.template_id == template_id
    assert template.fill({"boutique": "a", "date": "b", "text": "c"}) == filled


@pytest.mark.parametrize(
    ("name", "settings", "purpose"),
    [
        ("survey-invitation", {}, Purpose.SURVEY),
        # What a template of ours is for is not the settings' to change.
        ("survey-invitation", {"survey-invitation": "TPL?purpose=service"}, Purpose.SURVEY),
        ("care-note", {"care-note": "TPL?purpose=service&text=thing1"}, Purpose.SERVICE),
        ("care-note", {"care-note": "TPL?purpose=nonsense"}, None),
        ("care-note", {}, None),
        # The id of a template is not a name of it.
        ("TPL", {"survey-invitation": "TPL"}, None),
    ],
)
def test_a_template_names_its_purpose(name: str, settings: dict[str, str], purpose: Purpose | None) -> None:
    template = rules.template(name, settings)
    assert template.purpose is purpose
    assert "purpose" not in template.parameters


def test_a_variable_of_an_unknown_template_is_taken_for_its_parameter() -> None:
    assert rules.template("care-note", {}).fill({"thing1": "a"}) == {"thing1": "a"}


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("date2", "2026-03-05", "2026年3月5日"),
        ("date2", "2026年3月5日", "2026年3月5日"),
        ("date2", "2026-03-05T14:30:00+08:00", "2026年3月5日 14:30"),
        ("time2", "2026-03-05T14:30:00+08:00", "2026年3月5日 14:30"),
        ("time2", "2026-03-05", "2026年3月5日 00:00~23:59"),
        ("time2", "2026年3月5日", "2026年3月5日 00:00~23:59"),
        ("time2", "15:01", "15:01"),
        ("thing1", "2026-03-05", "2026-03-05"),
    ],
)
def test_days_and_times_are_written_as_wechat_wants_them(key: str, value: str, written: str) -> None:
    assert delivery.written(key, value) == written


@pytest.mark.parametrize(
    ("link", "page"),
    [
        (None, ""),
        ("pages/visit/index?id=1", "pages/visit/index?id=1"),
        (
            "https://maison.test/s/lumiere.x?a=b",
            "pages/web/index?url=https%3A%2F%2Fmaison.test%2Fs%2Flumiere.x%3Fa%3Db",
        ),
    ],
)
def test_a_web_address_opens_inside_the_page_that_shows_one(link: str | None, page: str) -> None:
    assert delivery.page(link) == page
