"""SMS, e-mail and WeCom: at most once each, what their answers mean, and what is heard of them afterwards."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.sms.client import Report
from services.profile.messages.actions import reports
from suite.sandbox.mail import MailDouble
from tests.asking import once, tell, until
from tests.conftest import Start
from tests.profile.post import BY_SMS, BY_WECOM, CORP, NEWS, Post, opened
from tests.profile.relationship import as_role, as_service, consented, owned
from tests.suite.sandbox.house import CONFIRMED

SENT, DELIVERED = "profile.message-sent.v1", "profile.message-delivered.v1"
PHONE, EMAIL, CONTACT = "+8613900000001", "her@example.com", "wmHER0001"
SMS_TEMPLATES = {CONFIRMED: "1000001?purpose=service&1=thing1&2=time2", NEWS: "1000002?purpose=marketing&1=boutique"}


@pytest.fixture
async def mailbox() -> AsyncIterator[MailDouble]:
    async with MailDouble() as double:
        yield double


@pytest.fixture
async def post(running: Start, mailbox: MailDouble) -> Post:
    by_email = {
        "smtp_host": mailbox.host,
        "smtp_port": mailbox.port,
        "smtp_security": "none",
        "smtp_from": "Maison <letters@maison.test>",
    }
    return await opened(running, sms_templates=SMS_TEMPLATES, **BY_SMS, **BY_WECOM, **by_email)


async def her(post: Post, **known: str) -> UUID:
    """A client who allows marketing, with these addresses."""
    made = await as_role(post.profile).post(
        "/v1/clients", json={"display_name": "李若怡", "salutation": "女士"}, headers=once()
    )
    client_id = UUID(made.json()["client_id"])
    for kind, value in known.items():
        form = {"kind": kind, "value": value, "source": "wechat"} | ({"system": CORP} if kind == "wecom" else {})
        given = await as_service(post.profile, "gateway").post(f"/v1/clients/{client_id}/identities", json=form)
        assert given.is_success, given.text
    await consented(post.profile, client_id, "marketing")
    return client_id


async def written(post: Post, client_id: UUID, **changed: Any) -> dict[str, Any]:
    """A message in words, asked for by a service: exempt from what people are asked."""
    form = {
        "client_id": str(client_id),
        "purpose": "marketing",
        "template": "thank-you",
        "text": "李女士，您好。期待再次与您相见。",
        "subject": "感谢您的光临",
    }
    answer = await as_service(post.profile).post("/v1/messages", json=form | changed, headers=once())
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


# --- SMS -------------------------------------------------------------------------------------------------------------


async def confirmed(post: Post, client_id: UUID) -> dict[str, Any]:
    variables = {"thing1": "上海恒隆店", "time2": "3月5日14:00"}
    return await post.ask(client_id, purpose="service", variables=variables, link=None)


async def test_an_sms_is_sent_once_and_its_delivery_is_told(post: Post) -> None:
    client_id = await her(post, phone=PHONE)
    asked = await confirmed(post, client_id)
    await post.becomes(asked["message_id"], "sent")

    async def told() -> bool:
        return bool((await post.seen(asked["message_id"]))["delivered"])

    [row] = await post.profile.rows("select channel_ref, address, variables from message")
    assert (row["address"], row["variables"]) == (None, None)
    await reports.take(
        post.profile.kit.database, [Report(row["channel_ref"], delivered=True, code="")] * 2, now=post.clock()
    )
    await until(told)
    [fact] = await post.profile.facts(DELIVERED)
    assert (fact["data"]["message_id"], fact["data"]["delivered"]) == (asked["message_id"], True)
    assert [one["data"]["channel"] for one in await post.profile.facts(SENT)] == ["sms"]
    assert PHONE not in str(await post.profile.rows("select * from message"))
    assert PHONE not in str(await post.profile.facts())


async def test_an_account_to_mend_and_a_number_written_to_just_now_wait(post: Post) -> None:
    client_id = await her(post, phone=PHONE)
    await post.house.put("/sms/trouble", {"next_error": "AuthFailure.SignatureExpire"})
    asked = await confirmed(post, client_id)

    async def postponed() -> bool:
        return bool(await post.profile.rows("select 1 from message where status = 'queued' and due_at > asked_at"))

    await until(postponed)
    post.clock.advance(minutes=5, seconds=1)
    await post.becomes(asked["message_id"], "sent")
    second = await confirmed(post, client_id)
    await until(postponed)
    assert (await post.seen(second["message_id"]))["status"] == "queued"
    assert len((await post.house.get("/sms"))["items"]) == 1


async def test_an_internal_error_of_tencent_leaves_it_open_and_is_not_repeated(post: Post) -> None:
    client_id = await her(post, phone=PHONE)
    await post.house.put("/sms/trouble", {"next_error": "InternalError.Timeout"})
    asked = await confirmed(post, client_id)
    assert (await post.becomes(asked["message_id"], "unknown"))["reason"] == "no-answer"


# --- e-mail ----------------------------------------------------------------------------------------------------------


async def test_a_letter_arrives_once_and_one_click_takes_her_off(post: Post, mailbox: MailDouble) -> None:
    client_id = await her(post, email=EMAIL)
    asked = await written(post, client_id)
    assert asked["channel"] == "email"
    await post.becomes(asked["message_id"], "sent")
    [letter] = mailbox.mailbox.letters
    assert letter["Message-ID"] == f"<{asked['message_id']}@maison.test>"
    assert letter.get_content().strip() == "李女士，您好。期待再次与您相见。"
    link = str(letter["List-Unsubscribe"]).strip(" <>").removeprefix("https://maison.test")
    assert str(client_id) not in link
    anybody = post.profile.client()
    # Mail programs open links by themselves: looking changes nothing.
    assert (await anybody.get(link)).status_code == 200
    assert (await written(post, client_id))["status"] == "queued"
    one_click = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        left = await anybody.post(link, content="List-Unsubscribe=One-Click", headers=one_click)
        assert left.status_code == 200
    again = await written(post, client_id)
    assert {one["channel"]: one["reason"] for one in again["channels"]}["email"] == "channel-declined"
    forged = link.rpartition(".")[0] + ".AAAAAAAAAAAAAAAAAAAAAA"
    assert (await anybody.post(forged)).status_code == 404
    assert (await anybody.post("/u/nothing")).status_code == 404


async def test_a_bounce_fails_a_busy_server_waits_and_a_cut_line_is_unknown(post: Post, mailbox: MailDouble) -> None:
    client_id = await her(post, email=EMAIL)
    mailbox.mailbox.refuses_recipients.append("550 no such user")
    asked = await written(post, client_id)
    assert (await post.becomes(asked["message_id"], "failed"))["reason"] == "email-550"
    mailbox.mailbox.refuses_data.append("451 later")
    asked = await written(post, client_id)

    async def postponed() -> bool:
        return bool(await post.profile.rows("select 1 from message where status = 'queued' and due_at > asked_at"))

    await until(postponed)
    post.clock.advance(minutes=5, seconds=1)
    await post.becomes(asked["message_id"], "sent")
    mailbox.mailbox.drops = 1
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "unknown")
    assert len(mailbox.mailbox.letters) == 2


# --- WeCom -----------------------------------------------------------------------------------------------------------


async def in_wecom(post: Post, client_id: UUID, contact: str = CONTACT, *, friends: bool = True) -> str:
    """Her advisor is in WeCom, and has her in her contacts (or not); answers the advisor's id there."""
    advisor_id, boutique_id = uuid4(), uuid4()
    joined = {
        "advisor_id": str(advisor_id),
        "boutique_id": str(boutique_id),
        "display_name": "陈静",
        "languages": ["zh"],
    }
    await tell(post.profile, "appointments.advisor-joined.v1", joined)
    await owned(post.profile, client_id, advisor_id=advisor_id, boutique_id=boutique_id)
    userid = f"chenjing-{advisor_id.hex[:6]}"
    await post.profile.rows(
        "update advisor set wecom_userid = $1 where advisor_id = $2 returning advisor_id", userid, advisor_id
    )
    await post.house.put(f"/wecom/members/{userid}", {"name": "陈静"})
    items = [{"external_userid": contact, "userids": [userid] if friends else []}]
    await post.house.post("/wecom/clients", {"items": items})
    return userid


async def sent_to(post: Post, contact: str = CONTACT) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await post.house.get("/wecom/group-sends"))["items"]
    return [one for one in found if contact in one["clients"]]


async def test_a_wecom_message_leaves_when_her_advisor_confirms_it(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    userid = await in_wecom(post, client_id)
    asked = await written(post, client_id)
    assert asked["channel"] == "wecom"
    await post.becomes(asked["message_id"], "awaiting-advisor")
    [waiting] = await sent_to(post)
    assert (waiting["sender"], waiting["text"]) == (userid, "李女士，您好。期待再次与您相见。")
    assert await post.profile.facts(SENT) == []
    post.clock.advance(minutes=3)
    await asyncio.sleep(0)
    await post.house.post(f"/wecom/group-sends/{waiting['msgid']}/confirm")
    post.clock.advance(minutes=3)
    await post.becomes(asked["message_id"], "sent")
    assert [one["data"]["channel"] for one in await post.profile.facts(SENT)] == ["wecom"]
    assert CONTACT not in str(await post.profile.rows("select * from message"))


async def test_who_is_no_contact_of_her_advisor_gets_nothing_and_no_other_channel_is_tried(
    post: Post, mailbox: MailDouble
) -> None:
    client_id = await her(post, wecom=CONTACT, email=EMAIL)
    await in_wecom(post, client_id, friends=False)
    asked = await written(post, client_id, channel="wecom")
    seen = await post.becomes(asked["message_id"], "failed")
    assert seen["reason"] in {"not-a-contact", "wecom-40096", "wecom-84061"}
    assert mailbox.mailbox.letters == []


async def test_a_no_takes_back_what_her_advisor_has_not_confirmed(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    await consented(post.profile, client_id, "marketing", granted=False)
    post.clock.advance(minutes=3)
    assert (await post.becomes(asked["message_id"], "refused"))["reason"] == "no-consent"
    [stopped] = await sent_to(post)
    await post.house.post(f"/wecom/group-sends/{stopped['msgid']}/confirm")
    [stopped] = await sent_to(post)
    assert stopped["confirmed_at"] is None
    assert await post.profile.facts(SENT) == []


async def test_what_waits_for_an_advisor_whose_client_she_is_no_more_is_taken_back(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    await owned(post.profile, client_id)
    post.clock.advance(minutes=3)
    assert (await post.becomes(asked["message_id"], "refused"))["reason"] == "no-channel"
    [stopped] = await sent_to(post)
    assert stopped["stopped_at"] is not None


async def test_nothing_goes_to_a_number_that_is_hers_no_more(post: Post) -> None:
    client_id = await her(post, phone=PHONE)
    await post.house.put("/sms/trouble", {"next_error": "AuthFailure.SignatureExpire"})
    asked = await confirmed(post, client_id)

    async def postponed() -> bool:
        return bool(await post.profile.rows("select 1 from message where status = 'queued' and due_at > asked_at"))

    await until(postponed)
    await post.profile.rows("update identity set standing = 'shared' where kind = 'phone' returning 1")
    post.clock.advance(minutes=5, seconds=1)
    assert (await post.becomes(asked["message_id"], "refused"))["reason"] == "no-channel"
    assert (await post.house.get("/sms"))["items"] == []


async def test_what_an_advisor_confirmed_before_the_no_was_told_is_sent(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    [waiting] = await sent_to(post)
    await post.house.post(f"/wecom/group-sends/{waiting['msgid']}/confirm")
    await consented(post.profile, client_id, "marketing", granted=False)
    post.clock.advance(minutes=3)
    await post.becomes(asked["message_id"], "sent")


async def test_what_an_advisor_may_have_confirmed_before_she_left_counts_and_nothing_new_goes_by_her(
    post: Post,
) -> None:
    client_id = await her(post, wecom=CONTACT)
    await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    await post.profile.rows("update advisor set left_at = now() returning 1")
    post.clock.advance(minutes=3)
    assert (await post.becomes(asked["message_id"], "unknown"))["reason"] == "not-confirmed"
    assert (await written(post, client_id))["reason"] == "no-channel"


async def test_a_message_that_wecom_knows_nothing_of_is_over_after_a_week_too(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    await post.profile.rows("update message set channel_ref = 'msg-of-another-corp' returning 1")
    post.clock.advance(days=7, minutes=1)
    assert (await post.becomes(asked["message_id"], "unknown"))["reason"] == "not-confirmed"


async def test_an_advisor_who_does_not_confirm_leaves_it_unknown_after_a_week(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    post.clock.advance(days=7, minutes=1)
    assert (await post.becomes(asked["message_id"], "unknown"))["reason"] == "not-confirmed"


async def test_wecom_goes_before_sms_and_e_mail_unless_a_person_chose(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT, email=EMAIL, phone=PHONE)
    await in_wecom(post, client_id)
    assert (await written(post, client_id))["channel"] == "wecom"
    assert (await written(post, client_id, channel="email"))["channel"] == "email"
