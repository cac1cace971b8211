"""Steps 6 and 7: she says how it was, and what was wrong is put right."""

import secrets
from typing import Any
from urllib.parse import unquote

from suite.door import Door
from suite.journey.walk import Walk, WeChatUser, eventually, expect, must

TEMPLATE = "survey-invitation"
COMMENT = "等了二十分钟没有人接待，顾问也不知道我之前买过什么。"


def _link(message: dict[str, Any]) -> str:
    """The path of the answer page inside the message's page."""
    page = unquote(message["page"])
    return page[page.index("/s/") :]


def _answer(path: str, walk: Walk, score: int, words: str) -> None:
    with Door(walk.house.gateway) as anybody:
        anybody.http.headers["Accept"] = "application/json"
        survey = anybody.get(path)
        answers = []
        for question in survey["questions"]:
            if question["kind"] == "score":
                answers.append({"question_id": question["question_id"], "score": score})
            elif question["kind"] == "text":
                answers.append({"question_id": question["question_id"], "text": words})
        anybody.call("POST", path, {"answers": answers})


def _wait_for_invitation(her: WeChatUser, count: int) -> str:
    def arrived() -> list[dict[str, Any]] | None:
        found = her.messages()
        return found if len(found) >= count else None

    messages, _ = eventually("the survey invitation reaches her WeChat", arrived)
    expect("how many invitations she got", saw=len(messages), wanted=count)
    return _link(messages[-1])


def speak(walk: Walk) -> None:
    """The invitation comes on a credit she granted; three of ten becomes a work order within two seconds."""
    her: WeChatUser = walk.known["her"]
    client_id, appointment = walk.known["client_id"], walk.known["appointment"]
    path = _wait_for_invitation(her, 1)
    walk.say("the invitation arrived in WeChat, on the credit that her tap had granted")
    manager = walk.house.staff(f"manager.{walk.known['boutique_code'].lower()}")
    walk.known["manager"] = manager
    _answer(path, walk, 3, COMMENT)
    order, took = eventually(
        "a work order in the manager's queue",
        lambda: next(
            (
                item
                for item in manager.get("/v1/work-orders", boutique_id=appointment["boutique_id"], status="open")[
                    "items"
                ]
                if item["client_id"] == client_id
            ),
            None,
        ),
    )
    must("the work order has a deadline", order["due_at"])
    whole = manager.get(f"/v1/work-orders/{order['work_order_id']}")
    expect("her words on the work order", saw=whole["comment"], wanted=COMMENT)
    walk.say(f"3 of 10: a work order ({order['severity']}) after {took:.2f} s, due {order['due_at']}")
    walk.known["order"] = order


def put_right(walk: Walk) -> None:
    """It is worked and closed, she is asked again, the loop is closed, and her timeline tells it all in order."""
    her: WeChatUser = walk.known["her"]
    manager: Door = walk.known["manager"]
    client_id, appointment, order = walk.known["client_id"], walk.known["appointment"], walk.known["order"]
    at = f"/v1/work-orders/{order['work_order_id']}"
    her.allow_message(TEMPLATE)

    def step(name: str, body: Any = None) -> Any:
        seen = {"If-Match": f'"{manager.get(at)["version"]}"'}
        return manager.call("POST", f"{at}/{name}", body, key=secrets.token_hex(16), headers=seen)

    step("assign", {"advisor_id": appointment["advisor_id"]})
    step("start")
    manager.post(f"{at}/notes", {"text": "Called her, apologised, invited her for a private viewing."})
    step("resolve", {"resolution": "Apology and a private viewing", "cause": "waiting"})
    expect("the work order", saw=step("close")["status"], wanted="closed")
    walk.say("assigned, started, noted, resolved, closed")
    path = _wait_for_invitation(her, 2)
    _answer(path, walk, 9, "谢谢，处理得很好。")
    closed, took = eventually(
        "the loop is closed", lambda: (seen := manager.get(at))["loop"]["state"] == "recovered" and seen
    )
    expect("her second answer on the work order", saw=closed["loop"]["score"], wanted=9)
    walk.say(f"asked again, 9 of 10: the loop was recorded as closed after {took:.2f} s")

    wanted = [
        "visit-booked",
        "arrived",
        "visit-completed",
        "purchase",
        "answer",
        "work-order-opened",
        "work-order-closed",
        "answer",
        "loop-closed",
    ]

    def told() -> list[str] | None:
        items = walk.known["advisor"].get(f"/v1/clients/{client_id}/timeline", limit=100)["items"]
        kinds = [item["kind"] for item in reversed(items)]
        rest = iter(kinds)
        return kinds if all(any(kind == seen for seen in rest) for kind in wanted) else None

    kinds, _ = eventually("her timeline tells it in order", told)
    walk.say("her timeline: " + ", ".join(kinds[-14:]))
