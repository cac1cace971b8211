"""Asking for messages, and the ledger of what a client permits."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.identity import Role
from services.profile.messages.rules import Channel
from tests.asking import once
from tests.conftest import Start
from tests.profile.post import Post, event, message, opened
from tests.profile.relationship import as_role, as_service, consented, owned, registered
from tests.suite.sandbox.house import APPID, CONFIRMED, SURVEY

REFUSED = "profile.message-refused.v1"


@pytest.fixture
async def post(running: Start) -> Post:
    """Profile and WeChat, with the messages held on their way: what is queued stays to be looked at."""
    post = await opened(running)
    post.line.gate.clear()
    return post


@pytest.fixture(autouse=True)
async def _released(post: Post) -> Any:
    yield
    post.line.gate.set()


async def test_a_message_uses_up_the_credit_that_permitted_it(post: Post) -> None:
    client_id, openid = await post.client()
    await consented(post.profile, client_id)
    await post.accepts(openid)
    assert await post.left(client_id) == 1
    first, second = await post.ask(client_id), await post.ask(client_id)
    assert (first["status"], first["reason"]) == ("queued", None)
    assert (second["status"], second["reason"]) == ("refused", "no-credit")
    assert await post.left(client_id) == 0
    assert [fact["data"] for fact in await post.profile.facts(REFUSED)] == [
        {
            "message_id": second["message_id"],
            "client_id": str(client_id),
            "purpose": "survey",
            "template": SURVEY,
            "reason": "no-credit",
            "reference": None,
        }
    ]


async def test_of_twenty_who_want_the_last_credit_one_gets_it(post: Post) -> None:
    client_id, openid = await post.client()
    await consented(post.profile, client_id)
    for number in range(5):
        await post.accepts(openid)
        answers = await asyncio.gather(*(post.ask(client_id) for _ in range(20)))
        assert Counter((answer["status"], answer["reason"]) for answer in answers) == {
            ("queued", None): 1,
            ("refused", "no-credit"): 19,
        }
        assert await post.left(client_id) == 0
        assert len(await post.profile.facts(REFUSED)) == 19 * (number + 1)


async def test_without_consent_a_survey_is_refused_and_her_credit_is_kept(post: Post) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid)
    assert (await post.ask(client_id))["reason"] == "no-consent"
    await consented(post.profile, client_id)
    await consented(post.profile, client_id, granted=False)
    assert (await post.ask(client_id))["reason"] == "no-consent"
    assert (await post.ask(client_id, purpose="marketing"))["reason"] == "no-consent"
    assert await post.left(client_id) == 1
    await post.accepts(openid, template=CONFIRMED)
    assert (await post.ask(client_id, purpose="service"))["status"] == "queued"


async def test_a_client_without_wechat_cannot_be_reached(post: Post) -> None:
    client_id = await registered(post.profile)
    assert (await post.ask(client_id, purpose="service"))["reason"] == "no-channel"


async def test_what_a_refused_message_would_have_said_is_not_kept_and_what_a_queued_one_says_is_sealed(
    post: Post,
) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid, template=CONFIRMED)
    await post.ask(client_id)
    await post.ask(client_id, purpose="service")
    rows = await post.profile.rows("select status, variables, link, openid from message order by message_id")
    assert [row["variables"] is None for row in rows] == [True, False]
    kept = b"".join(value for row in rows for value in row.values() if isinstance(value, bytes))
    assert openid.encode() not in kept
    assert "恒隆".encode() not in kept
    assert b"lumiere.abc" not in kept
    assert str(rows).count(openid) == 0


async def test_the_same_key_asks_once(post: Post) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid, times=2, template=CONFIRMED)
    service, headers = as_service(post.profile), once()
    body = message(client_id, purpose="service")
    first = await service.post("/v1/messages", json=body, headers=headers)
    again = await service.post("/v1/messages", json=body, headers=headers)
    assert (first.json(), first.status_code) == (again.json(), again.status_code)
    assert await post.left(client_id, CONFIRMED) == 1


# --- what WeChat tells -----------------------------------------------------------------------------------------------


async def test_an_event_counts_once_however_often_it_comes(post: Post) -> None:
    client_id, openid = await post.client()
    assert await post.tell(event(openid), event(openid, event_id="e-2")) == 2
    assert await post.tell(event(openid), event(openid, event_id="e-3")) == 1
    answers = await asyncio.gather(*(post.tell(event(openid, event_id="e-4")) for _ in range(10)))
    assert sum(answers) == 1
    assert await post.left(client_id) == 4


async def test_a_credit_of_someone_we_do_not_know_yet_counts_when_we_do(post: Post) -> None:
    openid = await post.house.user("later")
    assert await post.tell(event(openid)) == 1
    client_id, same = await post.client("later")
    assert same == openid
    assert await post.left(client_id) == 1
    rows = await post.profile.rows("select * from message_credit")
    assert openid not in str(rows)


async def test_a_rejection_takes_everything_she_gave_before_it_even_what_is_told_later(post: Post) -> None:
    client_id, openid = await post.client()
    await post.tell(event(openid), event(openid, event_id="e-2"))
    await post.tell(event(openid, kind="rejected", event_id="e-3", occurred_at="2026-03-02T12:00:00Z"))
    assert await post.left(client_id) == 0
    await post.tell(event(openid, event_id="e-4", occurred_at="2026-03-02T11:59:59Z"))
    assert await post.left(client_id) == 0
    await post.tell(event(openid, event_id="e-5", occurred_at="2026-03-02T12:00:01Z"))
    assert await post.left(client_id) == 1


async def test_batches_that_overlap_do_not_dead_lock(post: Post) -> None:
    client_id, openid = await post.client()
    other = await post.house.user("other")
    batch = [event(who, event_id=f"e-{who}-{number}") for number in range(10) for who in (openid, other)]
    answers = await asyncio.gather(*(post.tell(*(batch if turn % 2 else reversed(batch))) for turn in range(10)))
    assert sum(answers) == 20
    assert await post.left(client_id) == 10


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "popup"},
        {"openid": ""},
        {"event_id": "e\n1"},
        {"occurred_at": "2026-03-01T12:00:00"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"occurred_at": "9999-12-31T23:59:59-14:00"},
        {"error_code": 2**40},
        {"surprise": 1},
    ],
)
async def test_an_event_that_is_none_is_refused(post: Post, changed: dict[str, Any]) -> None:
    answer = await as_service(post.profile, "gateway").post("/v1/wechat/events", json={"events": [event(**changed)]})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:maison:problem:malformed")


# --- who may ---------------------------------------------------------------------------------------------------------


async def test_staff_write_to_the_clients_they_serve_and_never_send_surveys(post: Post) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid, times=3, template=CONFIRMED)
    advisor_id, boutique_id = await owned(post.profile, client_id)

    async def asked(role: Role, purpose: str = "service", **fields: Any) -> tuple[int, str]:
        answer = await as_role(post.profile, role, **fields).post(
            "/v1/messages", json=message(client_id, purpose=purpose), headers=once()
        )
        body = answer.json()
        return answer.status_code, body.get("status") if answer.status_code == 202 else body["type"].split(":")[-1]

    assert await asked(Role.ADVISOR, advisor_id=advisor_id) == (202, "queued")
    assert await asked(Role.ADVISOR, advisor_id=uuid4()) == (404, "not-found")
    assert await asked(Role.MANAGER, boutique_ids=frozenset({boutique_id})) == (202, "queued")
    assert await asked(Role.MANAGER, boutique_ids=frozenset({uuid4()})) == (404, "not-found")
    assert await asked(Role.CLIENT_SERVICE) == (202, "queued")
    assert await asked(Role.ADVISOR, "marketing", advisor_id=advisor_id) == (202, "refused")
    assert await asked(Role.ADVISOR, "survey", advisor_id=advisor_id) == (403, "purpose-not-open")
    assert await asked(Role.POS) == (403, "not-permitted")
    assert await asked(Role.CLIENT, client_id=client_id) == (403, "not-permitted")


async def test_permissions_and_messages_are_absent_for_those_who_do_not_serve_her(post: Post) -> None:
    client_id, openid = await post.client()
    await consented(post.profile, client_id)
    await post.accepts(openid)
    message_id = (await post.ask(client_id))["message_id"]
    advisor_id, _ = await owned(post.profile, client_id)
    hers = as_role(post.profile, Role.ADVISOR, advisor_id=advisor_id)
    stranger = as_role(post.profile, Role.ADVISOR, advisor_id=uuid4())
    for path in (f"/v1/clients/{client_id}/permissions", f"/v1/messages/{message_id}"):
        assert (await hers.get(path)).status_code == 200
        assert (await stranger.get(path)).status_code == 404
    assert (await hers.get(f"/v1/messages/{uuid4()}")).status_code == 404
    assert (await hers.get(f"/v1/clients/{uuid4()}/permissions")).status_code == 404


async def test_the_ledger_says_what_is_permitted(post: Post) -> None:
    client_id, openid = await post.client()
    await consented(post.profile, client_id, "marketing")
    await post.accepts(openid, times=2)
    permissions = (await as_role(post.profile).get(f"/v1/clients/{client_id}/permissions")).json()
    by = {one["purpose"]: one.pop("channels") for one in permissions["purposes"]}
    assert {one["channel"]: one["reason"] for one in by["survey"]} == dict.fromkeys(Channel, "no-consent")
    assert permissions == {
        "client_id": str(client_id),
        "purposes": [
            {"purpose": "service", "needs_consent": False, "permitted": True},
            {"purpose": "survey", "needs_consent": True, "permitted": False},
            {"purpose": "marketing", "needs_consent": True, "permitted": True},
        ],
        "reachable": True,
        "credits": [{"channel": "wechat-subscribe", "template": SURVEY, "remaining": 2}],
    }


async def test_after_a_merge_the_credits_of_both_openids_are_hers(post: Post) -> None:
    gateway = as_service(post.profile, "gateway")
    ids = []
    for key in ("one", "two"):
        client_id, openid = await post.client(key)
        await post.accepts(openid, template=CONFIRMED)
        ids.append(client_id)
    made = await as_role(post.profile).post(
        "/v1/clients", json={"display_name": "Li Na", "phone": "13800138001"}, headers=once()
    )
    survivor = UUID(made.json()["client_id"])
    phone = {"kind": "phone", "value": "13800138001", "source": "wechat"}
    joined = await gateway.post(f"/v1/clients/{ids[0]}/identities", json=phone)
    assert joined.json() == {"client_id": str(survivor), "merged": True}
    assert await post.left(survivor, CONFIRMED) == 1
    assert (await post.ask(ids[0], purpose="service"))["status"] == "queued"
    assert await post.left(survivor, CONFIRMED) == 0
    assert await post.left(ids[1], CONFIRMED) == 1


async def test_another_brands_client_and_credits_are_not_there(post: Post) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid)
    other = as_service(post.profile, brand_id="aurore")
    body = message(client_id, purpose="service")
    assert (await other.post("/v1/messages", json=body, headers=once())).status_code == 404
    theirs = await other.post("/v1/clients/recognise", json={"appid": APPID, "openid": openid})
    permissions = await other.get(f"/v1/clients/{theirs.json()['client_id']}/permissions")
    assert permissions.json()["credits"] == []
