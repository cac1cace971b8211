"""Drafts: what they name, who may change and send them, and how they end."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Role
from services.profile.messages.actions import drafts, rewording
from tests.asking import once, problem, tell
from tests.conftest import Start
from tests.profile.build import line, receipt
from tests.profile.post import BY_SMS, Post, opened
from tests.profile.relationship import as_role, as_service, caller, consented, owned
from tests.suite.sandbox.house import CONFIRMED

EMAIL = "her@example.com"
BY_EMAIL = {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_security": "none", "smtp_from": "letters@maison.test"}
WORDS = "欧阳女士，您好。周六下午茶，给您留了窗边的位置。"


@pytest.fixture
async def post(running: Start) -> Post:
    return await opened(running, **BY_EMAIL, **BY_SMS)


async def her(post: Post, name: str = "欧阳若怡", email: str = EMAIL) -> tuple[UUID, httpx.AsyncClient]:
    """A client who allows marketing, with an address, and her advisor."""
    form = {"display_name": name, "salutation": "女士", "language": "zh-CN"}
    made = await as_role(post.profile).post("/v1/clients", json=form, headers=once())
    client_id = UUID(made.json()["client_id"])
    known = {"kind": "email", "value": email, "source": "wechat"}
    given = await as_service(post.profile, "gateway").post(f"/v1/clients/{client_id}/identities", json=known)
    assert given.is_success, given.text
    await consented(post.profile, client_id, "marketing")
    advisor_id, boutique_id = await owned(post.profile, client_id)
    return client_id, as_role(
        post.profile,
        Role.ADVISOR,
        advisor_id=advisor_id,
        boutique_ids=frozenset({boutique_id}),
        subject=str(advisor_id),
    )


async def drafted(by: httpx.AsyncClient, client_id: UUID, **changed: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """A new draft, and the header that changes it."""
    form = {"client_id": str(client_id), "purpose": "marketing", "template": "thank-you", "draft": True} | changed
    asked = await by.post("/v1/messages", json=form, headers=once())
    assert (asked.status_code, asked.json()["status"]) == (202, "draft"), asked.text
    return await looked_at(by, asked.json()["message_id"])


async def looked_at(by: httpx.AsyncClient, message_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    seen = await by.get(f"/v1/messages/{message_id}")
    return seen.json(), {"If-Match": seen.headers["ETag"]}


async def history(post: Post, client_id: UUID) -> None:
    """She came and bought a bracelet for herself and a ring for somebody; she returned a watch."""
    number = {"kind": "pos", "system": "till", "value": "T-HERS", "source": "pos"}
    given = await as_service(post.profile).post(f"/v1/clients/{client_id}/identities", json=number)
    assert given.is_success, given.text
    lines = [
        line(1, piece_code="BR-1", description="玫瑰金手镯"),
        line(2, piece_code="WA-1", description="月相腕表"),
    ]
    back = [
        line(1, piece_code="WA-1", description="月相腕表", quantity=-1)
        | {"returns": {"pos": "till", "receipt": "R-HERS", "line": 2}}
    ]
    receipts = [receipt("R-HERS", lines, customer="T-HERS"), receipt("R-BACK", back, customer="T-HERS")]
    sold = await as_role(post.profile, Role.POS).post("/v1/purchases/batch", json={"receipts": receipts})
    assert sold.status_code == 207, sold.text
    done = {
        "appointment_id": str(uuid4()),
        "client_id": str(client_id),
        "boutique_id": str(uuid4()),
        "advisor_id": str(uuid4()),
    }
    await tell(post.profile, "appointments.visit-completed.v1", done)


async def test_a_draft_names_what_she_knows_we_know_and_says_why(post: Post) -> None:
    client_id, advisor = await her(post)
    await history(post, client_id)
    draft, _ = await drafted(advisor, client_id)
    assert (draft["status"], draft["drafted_by"]) == ("draft", "template")
    assert draft["text"].startswith("欧阳女士，您好。")
    assert "玫瑰金手镯" in draft["text"]
    assert "月相腕表" not in draft["text"]
    assert set(draft["named"]) >= {"salutation", "piece"}
    assert draft["named"]["piece"] == "she bought it from us"
    english, _ = await drafted(advisor, client_id, language="en")
    assert english["text"].startswith("Dear")
    kept = str(await post.profile.rows("select words, variables, named, words_blind from message"))
    assert "玫瑰" not in kept
    assert "欧阳" not in kept


async def test_a_person_sends_what_she_has_read_or_changed_and_nobody_else_did_meanwhile(post: Post) -> None:
    client_id, advisor = await her(post)
    draft, seen = await drafted(advisor, client_id)
    at = f"/v1/messages/{draft['message_id']}"
    assert (await advisor.post(f"{at}/send", json={})).status_code == 428
    changed = await advisor.patch(at, json={"text": WORDS}, headers=seen)
    assert (changed.json()["text"], changed.json()["drafted_by"]) == (WORDS, "person")
    assert (await advisor.post(f"{at}/send", json={}, headers=seen)).status_code == 412
    fresh = {"If-Match": changed.headers["ETag"]}
    assert (
        problem(
            await as_role(post.profile, Role.ADVISOR, advisor_id=uuid4()).post(f"{at}/send", json={}, headers=fresh)
        )
        == "not-found"
    )
    sent = await advisor.post(f"{at}/send", json={}, headers=fresh)
    assert (sent.status_code, sent.json()["status"], sent.json()["channel"]) == (200, "queued", "email")
    again = await advisor.post(f"{at}/send", json={}, headers={"If-Match": "*"})
    assert problem(again) == "message-step-not-open"
    # Nobody sees any more what it says: it is on its way.
    assert (await looked_at(advisor, draft["message_id"]))[0]["text"] is None


async def test_of_ten_who_send_one_draft_at_once_one_does(post: Post) -> None:
    client_id, advisor = await her(post)
    draft, _ = await drafted(advisor, client_id)
    at, any_version = f"/v1/messages/{draft['message_id']}/send", {"If-Match": "*"}
    answers = await asyncio.gather(*(advisor.post(at, json={}, headers=any_version) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert len(await post.profile.rows("select 1 from message where status <> 'draft'")) == 1


async def test_a_draft_the_ledger_refuses_stays_one(post: Post) -> None:
    client_id, advisor = await her(post)
    draft, seen = await drafted(advisor, client_id)
    await consented(post.profile, client_id, "marketing", granted=False)
    sent = (await advisor.post(f"/v1/messages/{draft['message_id']}/send", json={}, headers=seen)).json()
    assert (sent["status"], sent["reason"]) == ("draft", "no-consent")
    await consented(post.profile, client_id, "marketing")
    _, fresh = await looked_at(advisor, draft["message_id"])
    sent = (await advisor.post(f"/v1/messages/{draft['message_id']}/send", json={}, headers=fresh)).json()
    assert (sent["status"], sent["reason"]) == ("queued", None)


async def test_a_draft_nobody_sends_is_over_after_its_days_and_forgotten(post: Post) -> None:
    client_id, advisor = await her(post)
    draft, seen = await drafted(advisor, client_id)
    post.clock.advance(days=7, minutes=1)
    late = await advisor.post(f"/v1/messages/{draft['message_id']}/send", json={}, headers=seen)
    assert problem(late) == "message-step-not-open"
    await drafts.expire(post.profile.kit.database, now=post.clock())
    [row] = await post.profile.rows("select status, words from message")
    assert (row["status"], row["words"]) == ("expired", None)


async def test_what_is_of_no_use_after_a_moment_does_not_wait_beyond_it_because_a_person_sent_it(post: Post) -> None:
    client_id, advisor = await her(post)
    post.clock.advance(hours=10)  # ten in the evening
    draft, seen = await drafted(advisor, client_id, expires_at=(post.clock() + timedelta(hours=2)).isoformat())
    sent = (await advisor.post(f"/v1/messages/{draft['message_id']}/send", json={}, headers=seen)).json()
    assert (sent["status"], sent["reason"]) == ("draft", "quiet-hours")


async def test_a_deputy_changes_and_sends_as_the_owner_does(post: Post) -> None:
    client_id, advisor = await her(post)
    draft, seen = await drafted(advisor, client_id)
    deputy_id = uuid4()
    joined = {"advisor_id": str(deputy_id), "boutique_id": str(uuid4()), "region_id": str(uuid4())}
    await tell(post.profile, "appointments.advisor-joined.v1", joined)
    until_at = (post.clock() + timedelta(days=3)).isoformat()
    named = await advisor.put(
        f"/v1/clients/{client_id}/deputy", json={"advisor_id": str(deputy_id), "until_at": until_at}
    )
    assert named.status_code == 200, named.text
    deputy = as_role(post.profile, Role.ADVISOR, advisor_id=deputy_id, subject=str(deputy_id))
    at = f"/v1/messages/{draft['message_id']}"
    changed = await deputy.patch(at, json={"text": WORDS}, headers=seen)
    assert changed.status_code == 200, changed.text
    sent = await deputy.post(f"{at}/send", json={}, headers={"If-Match": changed.headers["ETag"]})
    assert sent.json()["status"] == "queued", sent.text


async def test_of_what_may_not_be_used_no_draft_is_written(post: Post) -> None:
    client_id, advisor = await her(post)
    officer = as_role(post.profile, Role.PRIVACY)
    asked = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": "restrict"}, headers=once())
    for step in ("verify", "start"):
        path = f"/v1/data-requests/{asked.json()['request_id']}/{step}"
        assert (await officer.post(path, headers={**once(), "If-Match": "*"})).is_success
    form = {"client_id": str(client_id), "purpose": "marketing", "template": "thank-you", "draft": True}
    assert problem(await advisor.post("/v1/messages", json=form, headers=once())) == "not-found"
    assert await post.profile.rows("select 1 from message") == []


async def test_the_same_words_go_to_a_few_clients_a_day_and_others_must_differ_in_more_than_the_name(
    post: Post,
) -> None:
    names = ("欧阳若怡", "曾小贤", "李若怡", "王静")
    people = [await her(post, name, f"her{number}@example.com") for number, name in enumerate(names)]
    advisor_id, boutique_id = await owned(post.profile, people[0][0])
    for client_id, _ in people:
        await owned(post.profile, client_id, advisor_id=advisor_id, boutique_id=boutique_id)
    advisor = as_role(
        post.profile, Role.ADVISOR, advisor_id=advisor_id, subject="ad", boutique_ids=frozenset({boutique_id})
    )
    any_version = {"If-Match": "*"}
    for number, (client_id, _) in enumerate(people):
        draft, _ = await drafted(advisor, client_id)
        at = f"/v1/messages/{draft['message_id']}/send"
        answer = await advisor.post(at, json={}, headers=any_version)
        if number < 3:
            assert answer.json()["status"] == "queued", answer.text
            continue
        assert (answer.status_code, problem(answer)) == (409, "message-same-to-many")
        own = await advisor.post(at, json={"text": WORDS}, headers=any_version)
        assert own.json()["status"] == "queued", own.text


async def test_words_are_bounded_lead_into_the_house_alone_and_kinds_without_words_need_some(post: Post) -> None:
    client_id, advisor = await her(post)
    draft, _ = await drafted(advisor, client_id)
    at, any_version = f"/v1/messages/{draft['message_id']}", {"If-Match": "*"}
    away = await advisor.patch(at, json={"text": "看 https://elsewhere.test"}, headers=any_version)
    assert problem(away) == "link-not-ours"
    assert (await advisor.patch(at, json={"text": "x" * 4001}, headers=any_version)).status_code == 422
    form = {"client_id": str(client_id), "purpose": "service", "template": CONFIRMED, "draft": True}
    assert problem(await advisor.post("/v1/messages", json=form, headers=once())) == "message-kind-without-words"
    form = {"client_id": str(client_id), "purpose": "service", "template": "thank-you", "draft": True}
    assert problem(await advisor.post("/v1/messages", json=form, headers=once())) == "purpose-not-of-template"


async def test_a_value_over_its_parameter_is_named_with_the_limit(post: Post) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid, template=CONFIRMED)
    form = {
        "client_id": str(client_id),
        "purpose": "service",
        "template": CONFIRMED,
        "variables": {"thing1": "字" * 21, "time2": "2026-03-05T14:00:00+08:00", "name3": "陈静"},
    }
    desk = as_role(post.profile, Role.CLIENT_SERVICE)
    answer = await desk.post("/v1/messages", json=form, headers=once())
    assert (answer.status_code, problem(answer)) == (400, "message-too-long")
    assert (answer.json()["parameter"], answer.json()["limit"], answer.json()["unit"]) == ("thing1", 20, "characters")
    assert await post.left(client_id, CONFIRMED) == 1
    assert await post.profile.rows("select 1 from message") == []


# --- the assistant ---------------------------------------------------------------------------------------------------


class Assistant(httpx.AsyncBaseTransport):
    """An OpenAI-compatible API that says what it is told to, and keeps what it was asked."""

    def __init__(self, *answers: str | int) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(await request.aread()))
        answer = self.answers.pop(0)
        if isinstance(answer, int):
            return httpx.Response(answer, text="away")
        return httpx.Response(200, json={"choices": [{"message": {"role": "assistant", "content": answer}}]})


ON = {"assistant_url": "http://assistant/v1", "assistant_key": "k", "assistant_model": "m"}


async def test_the_assistant_learns_no_fact_of_hers_and_what_it_writes_is_a_draft(running: Start) -> None:
    post = await opened(running, **BY_EMAIL, **ON)
    client_id, advisor = await her(post)
    await history(post, client_id)
    draft, seen = await drafted(advisor, client_id)
    kit, message_id = post.profile.kit, UUID(draft["message_id"])
    double = Assistant("{salutation}，{piece}在您手上一定很美。", "作为顶级客户，{salutation}……", 503)
    at: dict[str, Any] = {"if_match": "*", "now": post.clock()}
    by = caller(Role.CLIENT_SERVICE)
    texts = []
    for _ in range(3):
        async with kit.database.transaction("lumiere") as tx:
            task = await rewording.task(tx, message_id, settings=kit.settings, by=by, **at)
        found = await rewording.answer(task, kit.settings, transport=double)
        async with kit.database.transaction("lumiere") as tx:
            await rewording.keep(tx, message_id, found, by=by, **at)
        now, _ = await looked_at(advisor, draft["message_id"])
        texts.append((now["status"], now["drafted_by"], now["text"]))
    # A forbidden word and an absent assistant leave the draft as it was.
    assert texts == [("draft", "assistant", "欧阳女士，玫瑰金手镯在您手上一定很美。")] * 3
    told = json.dumps(double.asked, ensure_ascii=False)
    assert "欧阳" not in told
    assert "玫瑰金" not in told
    assert EMAIL not in told
    stale = await advisor.post(f"/v1/messages/{message_id}/wording", headers=seen)
    assert stale.status_code == 412


async def test_without_a_setting_there_is_no_assistant(post: Post) -> None:
    client_id, advisor = await her(post)
    draft, seen = await drafted(advisor, client_id)
    answer = await advisor.post(f"/v1/messages/{draft['message_id']}/wording", headers=seen)
    assert (answer.status_code, problem(answer)) == (409, "assistant-off")
