"""The page behind a link: public, shown as often as wanted, answered once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from infra.problems import MEDIA_TYPE
from tests.asking import Clock, until
from tests.conftest import Start
from tests.feedback import build
from tests.feedback.conftest import House, draw, opened, publish

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": HTML, "Accept-Language": "en"}


def guarded(answer: httpx.Response) -> bool:
    """Neither cached nor passed on as a referrer."""
    return answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"


async def test_the_page_speaks_her_language_carries_everything_itself_and_looking_does_not_use_it_up(
    house: House,
) -> None:
    path = await house.invited()
    anyone = house.feedback.client()
    chinese = await anyone.get(path, headers={"Accept": HTML, "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
    english = await anyone.get(path, headers={"Accept": HTML, "Accept-Language": "en-GB"})
    plain = await anyone.get(path)
    assert [answer.status_code for answer in (chinese, english, plain)] == [200, 200, 200]
    assert all(guarded(answer) for answer in (chinese, english, plain))
    assert '<html lang="zh-CN">' in chinese.text
    assert "这次到店，您的感受如何？" in chinese.text
    assert '<html lang="en">' in english.text
    assert "How was your visit?" in english.text
    for outside in ("http://", "https://", "<script", "<img", "<link", "url(", "@import"):
        assert outside not in english.text
    assert path.rpartition("/")[2] not in english.text
    assert "default-src 'none'" in english.headers["content-security-policy"]
    assert (await anyone.post(path, json=build.answers(10))).status_code == 200


async def test_a_link_asked_for_as_json_gives_the_questions_and_nothing_about_her(house: House) -> None:
    path = await house.invited()
    answer = await house.feedback.client().get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert guarded(answer)
    assert set(answer.json()) == {"title", "questions", "expires_at"}
    assert [question["kind"] for question in answer.json()["questions"]] == ["score", "choice", "text"]


async def test_the_page_is_answered_without_a_script(house: House) -> None:
    path = await house.invited()
    anyone = house.feedback.client()
    sent = urlencode({"visit": "2", "where": "salon", "why": "等太久\r\n没有水"})
    answer = await anyone.post(path, content=sent, headers=FORM)
    assert answer.status_code == 200
    assert "Thank you" in answer.text
    assert guarded(answer)
    order = await house.queued(1)
    assert (order["score"], order["comment"]) == (2, "等太久\n没有水")
    again = await anyone.post(path, content=sent, headers=FORM)
    assert again.status_code == 410
    assert "already been answered" in again.text
    looked = await anyone.get(path, headers={"Accept": HTML, "Accept-Language": "zh"})
    assert looked.status_code == 410
    assert guarded(looked)


async def test_a_page_sent_without_a_fitting_score_comes_back_with_her_words_kept_and_harmless(house: House) -> None:
    path = await house.invited()
    words = '</textarea><script>alert("1")</script>'
    for score in ("", "11", "-1", "3.5", "²", "三", "9" * 20):
        sent = urlencode({"visit": score, "why": words})
        answer = await house.feedback.client().post(path, content=sent, headers=FORM)
        assert answer.status_code == 422
        assert "<script>" not in answer.text
        assert "&lt;/textarea&gt;&lt;script&gt;" in answer.text
    assert (await house.feedback.client().post(path, json=build.answers())).status_code == 200


async def test_whatever_a_survey_says_the_page_shows_it_as_text(house: House) -> None:
    evil = build.words('<script>alert("zh")</script>', "\"'><img src=x onerror=alert(1)>")
    options = [{"option_id": one, "text": evil} for one in ("a", "b")]
    form = build.survey(
        "evil",
        title=evil,
        questions=[
            build.score(text=evil),
            {"question_id": "c", "kind": "choice", "text": evil, "options": options},
            {"question_id": "t", "kind": "text", "text": evil},
        ],
    )
    survey_id = await publish(house.feedback, form)
    assert (await draw(house.feedback, {"trigger": "visit-completed", "survey_id": str(survey_id)})).status_code == 201
    path = await house.invited()
    for language in ("zh", "en"):
        page = await house.feedback.client().get(path, headers={"Accept": HTML, "Accept-Language": language})
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "&lt;" in page.text


async def test_of_twenty_answers_at_once_one_counts_and_the_others_are_gone(house: House) -> None:
    path = await house.invited()
    clients = [house.feedback.client() for _ in range(20)]
    answers = await asyncio.gather(*(client.post(path, json=build.answers(1)) for client in clients))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 410: 19}
    assert {answer.json()["type"] for answer in answers if answer.status_code == 410} == {
        "urn:maison:problem:survey-answered"
    }
    assert len(await house.feedback.rows("select 1 from answer")) == 1
    assert len(await house.feedback.facts("feedback.answer-submitted.v1")) == 1


async def test_a_link_is_gone_after_fourteen_days(running: Start) -> None:
    clock = Clock(datetime.now(UTC))
    house = await opened(running, clock=clock)
    path = await house.invited(completed_at=clock.now)
    clock.advance(days=14)
    for answer in (
        await house.feedback.client().get(path),
        await house.feedback.client().post(path, json=build.answers()),
    ):
        assert answer.status_code == 410
        assert answer.json()["type"] == "urn:maison:problem:survey-expired"
        assert guarded(answer)

    async def expired() -> bool:
        rows = await house.feedback.rows("select status from invitation")
        return [row["status"] for row in rows] == ["expired"]

    await until(expired)


async def test_an_unknown_link_does_not_exist(house: House) -> None:
    random = "a" * 43
    tokens = ["x", "lumiere.x", f"*.{random}", f"lumiere.{random}", f"ombre.{random}", "lumiere." + "a" * 5000]
    tokens += [f"lumiere.%00{random[1:]}", "..%2f..%2fetc", "%ff%fe"]
    for token in tokens:
        for answer in (
            await house.feedback.client().get(f"/s/{token}"),
            await house.feedback.client().post(f"/s/{token}", json=build.answers()),
        ):
            assert answer.status_code in {404, 422}, token
            assert answer.headers["content-type"] == MEDIA_TYPE


BAD: list[Any] = [
    [],
    {},
    {"answers": []},
    {"answers": "3"},
    {"answers": [{"question_id": "visit"}]},
    {"answers": [{"question_id": "visit", "score": 11}]},
    {"answers": [{"question_id": "visit", "score": -1}]},
    {"answers": [{"question_id": "visit", "score": "3"}]},
    {"answers": [{"question_id": "visit", "score": True}]},
    {"answers": [{"question_id": "visit", "score": 3.5}]},
    {"answers": [{"question_id": "visit", "score": 10**30}]},
    {"answers": [{"question_id": "visit", "score": 3, "text": "both"}]},
    {"answers": [{"question_id": "why", "text": "no score"}]},
    {"answers": [{"question_id": "visit", "score": 3}, {"question_id": "visit", "score": 4}]},
    {"answers": [{"question_id": "visit", "score": 3}, {"question_id": "secret", "text": "13912345678"}]},
    {"answers": [{"question_id": "visit", "score": 3}, {"question_id": "where", "choice": "garden"}]},
    {"answers": [{"question_id": "visit", "score": 3}, {"question_id": "why", "text": "x" * 2001}]},
    {"answers": [{"question_id": "visit", "score": 3}, {"question_id": "why", "text": "a\x00b"}]},
    {"answers": [{"question_id": "visit", "score": 3, "phone": "13912345678"}]},
    {"answers": [{"question_id": "visit", "score": 3}] * 21},
]


async def test_a_malformed_answer_is_refused_uses_nothing_up_and_is_not_said_back(house: House) -> None:
    path = await house.invited()
    anyone = house.feedback.client()
    json = {"Content-Type": "application/json"}
    refused = [await anyone.post(path, json=body) for body in BAD]
    refused += [
        await anyone.post(path, content=body, headers=json)
        for body in (b"", b"null", b"{", b"\xff\xfe", b'{"answers": NaN}', b"[" * 10_000, b'{"a":"\\ud800"}')
    ]
    refused += [
        await anyone.post(path, content=body, headers={**FORM, "Accept": "*/*"})
        for body in (b"visit=3&visit=4", b"why=%ff", b"why=%00", b"&".join(b"a%d=1" % n for n in range(60)))
    ]
    for answer in refused:
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert "13912345678" not in answer.text
    strange = await anyone.post(path, content=b"x", headers={"Content-Type": "text/plain"})
    assert strange.status_code == 400
    large = await anyone.post(path, content=b" " * 300_000, headers=json)
    assert large.status_code == 413
    assert (await anyone.post(path, json=build.answers())).status_code == 200


async def test_a_field_nobody_knows_is_refused_without_repeating_its_name(house: House) -> None:
    path = await house.invited()
    canary = "zqxcanaryfield"
    for form in ({"answers": [{"question_id": "visit", "score": 2, canary: 1}]}, {"answers": [], canary: 1}):
        answer = await house.feedback.client().post(path, json=form)
        assert answer.status_code == 422
        assert canary not in answer.text
