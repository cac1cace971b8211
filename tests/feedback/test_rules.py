"""The rules of surveys, invitations and answers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feedback.answers.rules import AnswerDoesNotFit, Asked, Reply, judge
from services.feedback.invitations import rules
from services.feedback.invitations.rules import LinkExpired, LinkUsed, Status
from services.feedback.journeys.rules import Trigger
from services.feedback.surveys.rules import Asks, SurveyWithoutScore, check_publishable

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
ASKED = [
    Asked("visit", "score", required=True),
    Asked("again", "score"),
    Asked("where", "choice", options=frozenset({"salon", "floor"})),
    Asked("why", "text"),
    Asked("more", "text"),
]


def codes(*replies: Reply) -> list[str]:
    with pytest.raises(AnswerDoesNotFit) as refused:
        judge(ASKED, replies)
    errors = refused.value.extra["errors"]
    assert isinstance(errors, list)
    return [error["code"] for error in errors]


@pytest.mark.parametrize(
    "questions",
    [[], [(Asks.TEXT, True)], [(Asks.SCORE, False)], [(Asks.SCORE, False), (Asks.SCORE, True)]],
)
def test_a_survey_without_a_required_first_score_is_not_published(questions: list[tuple[Asks, bool]]) -> None:
    with pytest.raises(SurveyWithoutScore):
        check_publishable(questions)


def test_a_survey_that_asks_for_a_score_is_published() -> None:
    check_publishable([(Asks.TEXT, False), (Asks.SCORE, True), (Asks.SCORE, False)])


@pytest.mark.parametrize("status", Status)
def test_only_a_link_that_is_out_may_be_answered(status: Status) -> None:
    if status in {Status.DUE, Status.SENT}:
        rules.check_open(status, expires_at=NOW + timedelta(seconds=1), now=NOW)
        with pytest.raises(LinkExpired):
            rules.check_open(status, expires_at=NOW, now=NOW)
    else:
        with pytest.raises(LinkUsed if status is Status.ANSWERED else LinkExpired):
            rules.check_open(status, expires_at=NOW + timedelta(days=1), now=NOW)


@given(st.integers(1, 10_000))
def test_waiting_grows_and_never_passes_five_minutes(attempts: int) -> None:
    wait = rules.wait_after(attempts)
    assert timedelta(seconds=1) <= wait <= timedelta(minutes=5)
    assert rules.wait_after(attempts + 1) >= wait


def test_a_link_names_its_brand_and_anything_else_names_none() -> None:
    random = "A-_9" * 10 + "abc"
    assert rules.brand_of(f"lumiere.{random}") == "lumiere"
    for wrong in (random, f"*.{random}", f"Lumiere.{random}", f"lumiere.{random}x", f"lumiere.{random}\n", ""):
        assert rules.brand_of(wrong) is None


def test_what_the_invitation_says_fits_into_wechats_fields() -> None:
    assert all(0 < len(rules.words(trigger)) <= 20 for trigger in Trigger)
    assert rules.spelled(date(2026, 5, 3)) == "2026年5月3日"


def test_the_first_score_is_the_answers_and_its_texts_are_joined() -> None:
    judged = judge(
        ASKED,
        [
            Reply("more", text="二"),
            Reply("again", score=9),
            Reply("visit", score=0),
            Reply("why", text="一"),
            Reply("where", choice="salon"),
        ],
    )
    assert (judged.score, judged.comment) == (0, "一\n二")


def test_every_misfit_is_named_and_nothing_she_sent_is_said_back() -> None:
    visit = Reply("visit", score=5)
    assert codes() == ["required"]
    assert codes(visit, Reply("secret", text="x")) == ["unknown-question"]
    assert codes(visit, visit) == ["repeated"]
    assert codes(Reply("visit", text="five")) == ["wants-score"]
    assert codes(visit, Reply("where", choice="garden")) == ["unknown-option"]
    assert codes(visit, Reply("why", choice="salon"), Reply("where", score=1)) == ["wants-text", "wants-choice"]


def test_a_survey_that_asks_for_no_score_takes_no_answer() -> None:
    with pytest.raises(AnswerDoesNotFit):
        judge([Asked("why", "text")], [Reply("why", text="x")])
