"""What may be sent, and the life of a message."""

from itertools import product

import pytest

from services.profile.messages import rules
from services.profile.messages.actions import delivery
from services.profile.messages.rules import NEXT, Purpose, PurposeNotOpen, Status, Step, StepNotOpen


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
    back = {pair for pair, following in NEXT.items() if following is Status.QUEUED}
    assert back == {(Status.DRAFT, Step.SEND), (Status.QUEUED, Step.WAIT), (Status.SENDING, Step.POSTPONE)}
    assert {status for status, _ in NEXT} == {Status.DRAFT, Status.QUEUED, Status.SENDING, Status.AWAITING_ADVISOR}


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
