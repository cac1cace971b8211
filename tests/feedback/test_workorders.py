"""The queue of the manager: who sees, who works, by when."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra import wire
from tests.asking import Clock, once, problem, until
from tests.conftest import Start
from tests.feedback import build
from tests.feedback.conftest import House, opened


async def policy(house: House, if_match: str | None, **form: Any) -> httpx.Response:
    whole = {"severity": "medium", "respond_within_minutes": 60, "resolve_within_minutes": 600, **form}
    return await house.feedback.client(build.HEADQUARTERS).put(
        "/v1/sla-policies", json=whole, headers={} if if_match is None else {"If-Match": if_match}
    )


async def test_an_advisor_opens_a_work_order_and_the_whole_life_goes_by(house: House) -> None:
    made = await house.raised(build.ADVISOR)
    assert made.status_code == 201
    made = await house.raised()
    assert (made.json()["answer_id"], made.json()["score"], made.json()["comment"]) == (None, None, "表带有划痕")
    order = made.json()["work_order_id"]
    await house.closed(order)
    shown = await house.detail(order)
    assert (shown["status"], shown["assignee_id"]) == ("closed", str(build.ADVISOR_ID))
    assert (await house.step(order, "reopen")).json()["status"] == "in-progress"
    for step in ("start", "close", "reopen"):
        refused = await house.step(order, step)
        assert (refused.status_code, problem(refused)) == (409, "work-order-step-not-allowed")


async def test_her_words_are_for_who_leads_and_for_the_one_who_must_put_it_right(house: House) -> None:
    order = (await house.unhappy())["work_order_id"]
    manager, lin = house.feedback.client(build.MANAGER), house.feedback.client(build.ADVISOR)
    path = f"/v1/work-orders/{order}"
    await manager.post(f"{path}/notes", json={"text": "已电话致歉"}, headers=once())
    before = (await lin.get(path)).json()
    assert (before["comment"], before["notes"], before["score"]) == (None, [], 3)
    for step, body in (("start", None), ("resolve", {"resolution": "x", "cause": "x"}), ("notes", {"text": "x"})):
        refused = await lin.post(f"{path}/{step}", json=body, headers={**once(), "If-Match": "*"})
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:maison:problem:not-your-work-order")

    assert (await house.step(order, "assign", {"advisor_id": str(build.ADVISOR_ID)})).status_code == 200
    after = (await lin.get(path)).json()
    assert (after["comment"], after["notes"][0]["text"]) == ("等了四十分钟，没有人理我", "已电话致歉")
    assert (await house.feedback.client(build.COLLEAGUE).get(path)).json()["comment"] is None
    mine = (await lin.get("/v1/work-orders", params={"assignee_id": str(build.ADVISOR_ID)})).json()["items"]
    assert [one["work_order_id"] for one in mine] == [order]

    assert (await house.step(order, "start", by=build.ADVISOR)).json()["responded_at"] is not None
    done = await house.step(order, "resolve", build.RESOLVED, by=build.ADVISOR)
    assert done.json()["status"] == "resolved"
    assert (await house.step(order, "close", by=build.ADVISOR)).status_code == 403


async def test_a_work_order_of_another_boutique_does_not_exist(house: House) -> None:
    order = (await house.raised()).json()["work_order_id"]
    stranger = house.feedback.client(build.STRANGER)
    assert (await stranger.get("/v1/work-orders")).json()["items"] == []
    asked: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("GET", "/clock", None),
        ("POST", "/start", None),
        ("POST", "/close", None),
        ("POST", "/reopen", None),
        ("POST", "/assign", {"advisor_id": str(build.ADVISOR_ID)}),
        ("POST", "/resolve", {"resolution": "x", "cause": "x"}),
        ("POST", "/notes", {"text": "x"}),
    ]
    for method, tail, body in asked:
        answer = await stranger.request(
            method, f"/v1/work-orders/{order}{tail}", json=body, headers={**once(), "If-Match": "*"}
        )
        assert answer.status_code == 404, tail
        client = house.feedback.client(build.CLIENT)
        assert (await client.request(method, f"/v1/work-orders/{order}{tail}", json=body)).status_code == 403
    assert (await house.raised(build.STRANGER)).status_code == 404
    assert (await house.raised(build.HEADQUARTERS, boutique_id=uuid4())).status_code == 404
    assert len((await house.feedback.client(build.HEADQUARTERS).get("/v1/work-orders")).json()["items"]) == 1


async def test_only_an_advisor_of_the_boutique_can_be_given_a_work_order(house: House) -> None:
    order = (await house.raised()).json()["work_order_id"]
    answer = await house.step(order, "assign", {"advisor_id": str(uuid4())})
    assert (answer.status_code, problem(answer)) == (409, "advisor-not-there")
    assert (await house.detail(order))["status"] == "open"


@pytest.mark.parametrize(("seen", "no"), [('"1"', 412), ("*", 409)])
async def test_of_twenty_who_take_it_up_at_once_one_does(house: House, seen: str, no: int) -> None:
    order = (await house.raised()).json()["work_order_id"]
    answers = await asyncio.gather(*(house.step(order, "start", if_match=seen) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, no: 19}
    assert [step["step"] for step in (await house.detail(order))["history"]] == ["open", "start"]


async def test_a_step_is_taken_from_what_was_seen_and_not_over_what_a_colleague_did_meanwhile(house: House) -> None:
    made = await house.raised()
    order, manager = made.json()["work_order_id"], house.feedback.client(build.MANAGER)
    read = await manager.get(f"/v1/work-orders/{order}")
    assert (made.headers["etag"], read.headers["etag"], read.json()["version"]) == ('"1"', '"1"', 1)
    bodies = {"assign": {"advisor_id": str(build.ADVISOR_ID)}, "resolve": build.RESOLVED}
    for step in ("assign", "start", "resolve", "close", "reopen"):
        blind = await manager.post(f"/v1/work-orders/{order}/{step}", json=bodies.get(step))
        assert (blind.status_code, problem(blind)) == (428, "precondition-missing")
    for version, step in enumerate(("assign", "start", "resolve", "close", "reopen"), start=1):
        late = await house.step(order, step, bodies.get(step), if_match=f'"{version - 1}"')
        assert (late.status_code, problem(late)) == (412, "stale")
        taken = await house.step(order, step, bodies.get(step), if_match=f'"{version}"')
        assert (taken.status_code, taken.headers["etag"]) == (200, f'"{version + 1}"')
    noted = await manager.post(f"/v1/work-orders/{order}/notes", json={"text": "已电话致歉"}, headers=once())
    assert noted.status_code == 201
    assert (await manager.get(f"/v1/work-orders/{order}")).headers["etag"] == '"6"'


async def test_what_the_client_says_again_changes_the_version_too(house: House) -> None:
    order = (await house.unhappy())["work_order_id"]
    await house.closed(order)
    before = (await house.detail(order))["version"]
    await house.profile.asked(2)
    await house.feedback.client().post(house.profile.links()[1], json=build.answers(9))

    async def recovered() -> bool:
        return bool((await house.detail(order))["loop"]["state"] == "recovered")

    await until(recovered)
    late = await house.step(order, "reopen", if_match=f'"{before}"')
    assert (late.status_code, problem(late)) == (412, "stale")


async def test_the_queue_shows_the_next_deadline_first_in_pages_and_what_is_late(running: Start) -> None:
    now = datetime.now(UTC)
    clock = Clock(now)
    house = await opened(running, clock=clock)
    slow = [(await house.raised()).json()["work_order_id"] for _ in range(3)]
    fast = (await house.raised(severity="high")).json()["work_order_id"]
    manager = house.feedback.client(build.MANAGER)
    seen, cursor = [], None
    while True:
        params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await manager.get("/v1/work-orders", params=params)).json()
        seen += [one["work_order_id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [fast, *slow]

    clock.advance(hours=25)
    late = (await manager.get("/v1/work-orders", params={"overdue": "true"})).json()["items"]
    assert [(one["work_order_id"], one["overdue"]) for one in late] == [(fast, True)]
    well = (await manager.get("/v1/work-orders", params={"overdue": "false"})).json()["items"]
    assert [one["work_order_id"] for one in well] == slow
    await house.step(slow[1], "start")
    begun = (await manager.get("/v1/work-orders", params={"status": "in-progress"})).json()["items"]
    assert [one["work_order_id"] for one in begun] == [slow[1]]
    none = await manager.get("/v1/work-orders", params={"boutique_id": str(build.ELSEWHERE)})
    assert none.json()["items"] == []
    filters = "work-orders:None:None:None:None"
    for place in (
        ("soon", uuid4()),
        ("0001-01-01T00:00:00+14:00", uuid4()),
        (now.isoformat(), "x"),
        (now.isoformat(),),
    ):
        made_up = wire.cursor(*place, of=filters)
        assert (await manager.get("/v1/work-orders", params={"cursor": made_up})).status_code == 400
    for wrong in ({"limit": "101"}, {"status": "lost"}, {"overdue": "perhaps"}, {"assignee_id": "me"}):
        assert (await manager.get("/v1/work-orders", params=wrong)).status_code == 422


async def test_a_clock_says_what_is_owed_and_what_was_kept(running: Start) -> None:
    now = datetime.now(UTC)
    clock = Clock(now)
    house = await opened(running, clock=clock)
    order = (await house.raised(severity="high")).json()["work_order_id"]
    manager = house.feedback.client(build.MANAGER)

    async def read() -> tuple[tuple[str, int | None], tuple[str, int | None]]:
        shown = (await manager.get(f"/v1/work-orders/{order}/clock")).json()
        respond, resolve = shown["respond"], shown["resolve"]
        return (respond["state"], respond["remaining_seconds"]), (resolve["state"], resolve["remaining_seconds"])

    assert await read() == (("running", 1800), ("running", 86400))
    clock.advance(minutes=31)
    assert (await read())[0] == ("overdue", -60)
    await house.step(order, "start")
    await house.step(order, "resolve", build.RESOLVED)
    assert await read() == (("missed", None), ("met", None))
    await house.step(order, "reopen")
    assert (await read())[1] == ("running", 86400)


async def test_a_policy_holds_for_work_orders_to_come_and_knows_stale_changes(house: House) -> None:
    before = (await house.raised()).json()
    assert (await policy(house, None)).status_code == 428
    assert (await policy(house, '"7"')).status_code == 412
    turned = await policy(house, '"0"', respond_within_minutes=601)
    assert (turned.status_code, turned.json()["type"]) == (400, "urn:maison:problem:deadlines-out-of-order")
    below = await policy(house, '"0"', at_most_score=2)
    assert (below.status_code, problem(below)) == (400, "bands-out-of-order")
    above = await policy(house, '"0"', severity="high", at_most_score=7)
    assert (above.status_code, problem(above)) == (400, "bands-out-of-order")
    made = await policy(house, '"0"', at_most_score=8)
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert made.json() == {
        "severity": "medium",
        "at_most_score": 8,
        "respond_within_minutes": 60,
        "resolve_within_minutes": 600,
        "version": 1,
    }
    rivals = await asyncio.gather(*(policy(house, '"1"') for _ in range(10)))
    assert Counter(answer.status_code for answer in rivals) == {200: 1, 412: 9}
    kept = (await house.feedback.client(build.MANAGER).get("/v1/sla-policies")).json()["items"]
    assert [(one["severity"], one["at_most_score"], one["version"]) for one in kept] == [
        ("high", 3, 0),
        ("medium", 8, 2),
    ]
    assert (await house.detail(before["work_order_id"]))["due_at"] == before["due_at"]
    order = await house.feedback.client(build.MANAGER).get("/v1/work-orders", params={"limit": 1})
    assert order.json()["items"][0]["due_at"] == before["due_at"]
    path = await house.invited()
    await house.feedback.client().post(path, json=build.answers(8))
    opened_now = await house.queued(2)
    due_at, opened_at = (datetime.fromisoformat(opened_now[name]) for name in ("due_at", "opened_at"))
    assert due_at - opened_at == timedelta(minutes=600)


async def test_a_malformed_policy_is_refused(house: House) -> None:
    for wrong in (0, -1, 10**12, "soon", None, 1.5):
        assert (await policy(house, "*", resolve_within_minutes=wrong)).status_code == 422


async def test_malformed_work_orders_are_refused(house: House) -> None:
    manager = house.feedback.client(build.MANAGER)
    order = (await house.raised()).json()["work_order_id"]
    bodies: list[tuple[str, Any]] = [
        ("", {}),
        ("", {**build.work_order(), "severity": "low"}),
        ("", {**build.work_order(), "text": ""}),
        ("", {**build.work_order(), "text": "x" * 4001}),
        ("", {**build.work_order(), "text": "a\x00b"}),
        ("", {**build.work_order(), "status": "closed"}),
        (f"/{order}/assign", {"advisor_id": "lin"}),
        (f"/{order}/notes", {"text": 5}),
        (f"/{order}/resolve", {"resolution": "x", "cause": "a sentence about 13912345678"}),
        (f"/{order}/resolve", {"resolution": "x"}),
        ("/not-an-id/start", None),
    ]
    for tail, body in bodies:
        answer = await manager.post(f"/v1/work-orders{tail}", json=body, headers={**once(), "If-Match": "*"})
        assert answer.status_code == 422, (tail, body)
        assert "13912345678" not in answer.text
    assert (await manager.get(f"/v1/work-orders/{uuid4()}")).status_code == 404


async def test_an_advisor_sees_what_was_said_of_her_visits_and_reads_the_words_she_must_act_on(
    house: House,
) -> None:
    order = (await house.unhappy())["work_order_id"]
    listed = {
        caller.subject: (await house.feedback.client(caller).get("/v1/answers")).json()["items"]
        for caller in (build.ADVISOR, build.COLLEAGUE, build.MANAGER, build.STRANGER, build.HEADQUARTERS)
    }
    assert {subject: len(items) for subject, items in listed.items()} == {"lin": 1, "wu": 0, "gu": 1, "he": 0, "hq": 1}
    score = {"question_id": "visit", "score": 3, "choice": None, "text": None}
    words = {"question_id": "why", "score": None, "choice": None, "text": "等了四十分钟，没有人理我"}
    assert [listed["lin"][0][name] for name in ("score", "comment", "replies")] == [3, None, [score]]
    await house.step(order, "assign", {"advisor_id": str(build.ADVISOR_ID)})
    hers = (await house.feedback.client(build.ADVISOR).get("/v1/answers")).json()["items"][0]
    for answer in (hers, listed["gu"][0], listed["hq"][0]):
        assert (answer["comment"], answer["replies"]) == (words["text"], [score, words])
    manager = house.feedback.client(build.MANAGER)
    for params, count in (({"survey_id": str(house.survey_id)}, 1), ({"survey_id": str(uuid4())}, 0)):
        assert len((await manager.get("/v1/answers", params=params)).json()["items"]) == count
    assert (await manager.get("/v1/answers", params={"boutique_id": str(build.ELSEWHERE)})).json()["items"] == []
