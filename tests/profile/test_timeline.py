"""The timeline: every contact of every service once, in the order in which it happened."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from infra.eventlog.port import Entry, Envelope
from tests.asking import BRAND, tell, until
from tests.conftest import Start
from tests.profile.build import ADVISOR, BOUTIQUE, bought, gave_phone, phone, recognised, someone, visit
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _journey(client_id: str) -> list[tuple[str, dict[str, Any]]]:
    agreed = visit(client_id, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    there = {key: agreed[key] for key in ("appointment_id", "client_id", "boutique_id", "advisor_id")}
    answer = {"answer_id": str(uuid4()), "client_id": client_id, "boutique_id": str(BOUTIQUE)}
    order = {"work_order_id": str(uuid4()), **answer}
    at = (NOW + timedelta(minutes=1)).isoformat()
    return [
        ("appointments.confirmed.v1", agreed),
        ("appointments.moved.v1", agreed),
        ("appointments.client-arrived.v1", there | {"arrived_at": at}),
        ("appointments.visit-completed.v1", there | {"completed_at": at, "experience_id": str(uuid4())}),
        (
            "feedback.survey-due.v1",
            {
                "invitation_id": str(uuid4()),
                "survey_id": str(uuid4()),
                "client_id": client_id,
                "boutique_id": str(BOUTIQUE),
                "appointment_id": agreed["appointment_id"],
                "work_order_id": None,
                "trigger": "visit-completed",
            },
        ),
        (
            "profile.message-sent.v1",
            {
                "message_id": str(uuid4()),
                "client_id": client_id,
                "purpose": "survey",
                "template": "survey-invitation",
                "channel": "wechat-subscribe",
            },
        ),
        (
            "feedback.answer-submitted.v1",
            answer | {"advisor_id": str(ADVISOR), "score": 3, "has_comment": True, "survey_id": str(uuid4())},
        ),
        ("feedback.work-order-opened.v1", order | {"severity": "high", "due_at": at}),
        ("feedback.work-order-closed.v1", order | {"closed_at": at}),
        ("feedback.loop-closed.v1", order | {"score": 9, "recovered": True}),
    ]


async def _page(profile: Running, client_id: str, **query: Any) -> Any:
    answer = await profile.client(someone()).get(f"/v1/clients/{client_id}/timeline", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _entered(profile: Running, count: int) -> None:
    async def done() -> bool:
        return len(await profile.rows("select 1 from touchpoint")) == count

    await until(done)


async def test_the_whole_journey_stands_in_the_timeline(running: Start) -> None:
    profile = await running("profile")
    client_id = await bought(profile, "C-1")
    journey = _journey(client_id)
    for minute, (kind, data) in enumerate(journey, start=1):
        at = NOW + timedelta(minutes=minute)
        data |= {field: at.isoformat() for field in ("arrived_at", "completed_at", "closed_at") if field in data}
        await tell(profile, kind, data, at=at)
    await _entered(profile, 11)
    items = (await _page(profile, client_id))["items"]
    assert [item["kind"] for item in reversed(items)] == [
        "purchase",
        "visit-booked",
        "visit-moved",
        "arrived",
        "visit-completed",
        "survey-due",
        "message-sent",
        "answer",
        "work-order-opened",
        "work-order-closed",
        "loop-closed",
    ]
    assert items[0]["details"] == {"score": 9, "recovered": True}
    assert items[-1]["occurred_at"] == "2026-03-01T04:00:00Z"
    chosen = await _page(profile, client_id, kind=["answer", "purchase"])
    assert [item["kind"] for item in chosen["items"]] == ["answer", "purchase"]


async def test_a_visit_missed_says_whether_the_house_had_upset_it(running: Start) -> None:
    profile = await running("profile")
    client_id = await bought(profile, "C-1")
    missed = {"client_id": client_id, "boutique_id": str(uuid4()), "advisor_id": str(uuid4())}
    for minute, said in enumerate(({"excused": True}, {"excused": False}, {}), start=1):
        data = missed | {"appointment_id": str(uuid4())} | said
        await tell(profile, "appointments.no-show-recorded.v1", data, at=NOW + timedelta(minutes=minute))
    await _entered(profile, 4)
    items = (await _page(profile, client_id, kind="no-show"))["items"]
    assert [item["details"]["excused"] for item in items] == [False, False, True]


async def test_pages_follow_one_another_without_gap_or_repeat(running: Start) -> None:
    profile = await running("profile")
    client_id = await bought(profile, "C-1", receipts=7)
    await _entered(profile, 7)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        page = await _page(profile, client_id, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["subject_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert len(set(seen)) == len(seen) == 7
    page = await _page(profile, client_id, limit=2)
    other = await profile.client(someone()).get(
        f"/v1/clients/{client_id}/timeline", params={"cursor": page["next_cursor"], "kind": "answer"}
    )
    assert other.status_code == 400


async def test_a_fact_told_twice_is_one_contact(running: Start) -> None:
    profile = await running("profile")
    client_id = await recognised(profile, "o-1")
    kind, data = _journey(client_id)[0]
    told = Envelope(
        id=uuid4(),
        source="maison/appointments",
        type=kind,
        subject="1",
        time=NOW,
        partitionkey="appointment:1",
        sequence="1",
        brandid=BRAND,
        data=data,
    )
    # The log refilled under another name: the event's own id decides.
    await profile.kit.log.append("appointments", 1, [Entry(1, told)])
    await profile.kit.log.append("appointments-again", 1, [Entry(1, told)])
    await tell(profile, "appointments.no-show-recorded.v1", data)
    assert [item["kind"] for item in (await _page(profile, client_id))["items"]].count("visit-booked") == 1


async def test_contacts_of_a_merged_record_stand_in_the_timeline_of_the_client(running: Start) -> None:
    profile = await running("profile")
    known, newcomer, value = await bought(profile, "C-1"), await recognised(profile, "o-1"), phone()
    await gave_phone(profile, known, value)
    await gave_phone(profile, newcomer, value)
    kind, data = _journey(newcomer)[0]
    await tell(profile, kind, data, at=NOW)
    await _entered(profile, 2)
    assert [item["kind"] for item in (await _page(profile, known))["items"]] == ["visit-booked", "purchase"]
