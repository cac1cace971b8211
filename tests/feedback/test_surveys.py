"""Surveys in versions, and journeys."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra import wire
from tests.asking import once
from tests.conftest import Start
from tests.feedback import build
from tests.feedback.conftest import draw, publish
from tests.running import Running


@pytest.fixture
async def feedback(running: Start) -> Running:
    """Feedback alone."""
    return await running("feedback")


async def drafted(feedback: Running, form: Any) -> httpx.Response:
    return await feedback.client(build.HEADQUARTERS).post("/v1/surveys", json=form, headers=once())


async def test_a_correction_is_another_version_and_what_was_published_stays(feedback: Running) -> None:
    first = await publish(feedback, build.survey())
    second = await drafted(feedback, build.survey(title=build.words("新", "New")))
    assert (second.json()["version"], second.json()["status"]) == (2, "draft")
    headquarters = feedback.client(build.HEADQUARTERS)
    published = (await headquarters.get(f"/v1/surveys/{first}")).json()
    assert (published["version"], published["status"], published["title"]["en"]) == (
        1,
        "published",
        "Your visit",
    )
    again = await headquarters.post(f"/v1/surveys/{first}/publish")
    assert again.json() == published
    listed = (await headquarters.get("/v1/surveys", params={"code": "after-visit"})).json()["items"]
    assert [survey["version"] for survey in listed] == [2, 1]
    only = (await headquarters.get("/v1/surveys", params={"status": "draft"})).json()["items"]
    assert [survey["version"] for survey in only] == [2]


async def test_two_drafts_at_once_both_get_a_number(feedback: Running) -> None:
    answers = await asyncio.gather(*(drafted(feedback, build.survey()) for _ in range(5)))
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4, 5]


async def test_a_survey_without_a_score_is_not_published(feedback: Running) -> None:
    survey_id = (await drafted(feedback, build.survey(questions=[build.wrote()]))).json()["survey_id"]
    answer = await feedback.client(build.HEADQUARTERS).post(f"/v1/surveys/{survey_id}/publish")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith(":survey-without-score")


async def test_only_a_published_survey_stands_in_a_journey(feedback: Running) -> None:
    survey_id = (await drafted(feedback, build.survey())).json()["survey_id"]
    step = {"trigger": "visit-completed", "survey_id": survey_id, "delay_minutes": 60}
    refused = await draw(feedback, step)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":survey-not-published")
    assert (await draw(feedback, {**step, "survey_id": str(uuid4())})).status_code == 404
    await feedback.client(build.HEADQUARTERS).post(f"/v1/surveys/{survey_id}/publish")
    drawn = await draw(feedback, step)
    assert drawn.status_code == 201
    assert drawn.json()["steps"] == [step]
    listed = (await feedback.client(build.MANAGER).get("/v1/journeys")).json()["items"]
    assert listed == [drawn.json()]


async def test_a_malformed_survey_is_refused(feedback: Running) -> None:
    forms: list[dict[str, Any]] = [
        {},
        build.survey(code="with space"),
        build.survey(code=""),
        build.survey(title={"zh": "一"}),
        build.survey(title=build.words("", "x")),
        build.survey(questions=[]),
        build.survey(questions=[build.score(), build.score()]),
        build.survey(questions=[build.score()] * 21),
        build.survey(questions=[{**build.choice(), "options": []}]),
        build.survey(questions=[{**build.choice(), "options": build.choice()["options"][:1] * 2}]),
        build.survey(questions=[{**build.wrote(), "options": build.choice()["options"]}]),
        build.survey(questions=[build.score(kind="stars")]),
        build.survey(questions=[build.score(text=build.words("x" * 501, "x"))]),
        build.survey(colour="red"),
        build.survey(title=build.words("a\x00b", "x")),
    ]
    for form in forms:
        assert (await drafted(feedback, form)).status_code == 422, form


async def test_a_malformed_journey_is_refused(feedback: Running) -> None:
    drawings: list[list[dict[str, Any]]] = [
        [],
        [{"trigger": "birthday", "survey_id": str(uuid4())}],
        [{"trigger": "visit-completed", "survey_id": "1"}],
        [{"trigger": "visit-completed", "survey_id": str(uuid4()), "delay_minutes": -1}],
        [{"trigger": "visit-completed", "survey_id": str(uuid4()), "delay_minutes": 10**12}],
        [{"trigger": "visit-completed", "survey_id": str(uuid4())}] * 2,
    ]
    for steps in drawings:
        assert (await draw(feedback, *steps)).status_code == 422, steps


async def test_surveys_and_journeys_are_headquarters_to_make_and_staffs_to_read(feedback: Running) -> None:
    for path in ("/v1/surveys", "/v1/journeys"):
        for caller in (build.MANAGER, build.ADVISOR, build.CLIENT):
            assert (await feedback.client(caller).post(path, json={})).status_code == 403
        assert (await feedback.client(build.ADVISOR).get(path)).status_code == 200
        assert (await feedback.client(build.CLIENT).get(path)).status_code == 403
        assert (await feedback.client(build.MANAGER).get(path, params={"limit": 0})).status_code == 422
        assert (await feedback.client(build.MANAGER).get(path, params={"cursor": "x"})).status_code == 400


async def test_surveys_and_journeys_are_read_by_page(feedback: Running) -> None:
    survey_id = str(await publish(feedback, build.survey()))
    for _ in range(2):
        await drafted(feedback, build.survey())
        assert (await draw(feedback, {"trigger": "visit-completed", "survey_id": survey_id})).status_code == 201
    assert (await draw(feedback, {"trigger": "visit-completed", "survey_id": survey_id})).status_code == 201
    manager = feedback.client(build.MANAGER)
    for path in ("/v1/surveys", "/v1/journeys"):
        whole = (await manager.get(path)).json()["items"]
        first = (await manager.get(path, params={"limit": 2})).json()
        rest = (await manager.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert first["items"] + rest["items"] == whole
        assert (len(whole), rest["next_cursor"]) == (3, None)
    made_up = wire.cursor("not-an-id", of="journeys")
    assert (await manager.get("/v1/journeys", params={"cursor": made_up})).status_code == 400
