"""Sending through WeChat: at most once, whatever is cut, killed or withdrawn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from infra.app import forever
from infra.wechat.call import open_http
from infra.wechat.errors import WeChatUnavailable
from services.profile.messages.actions import sending
from tests.asking import until
from tests.conftest import Start
from tests.profile.post import CARE, Post, event, opened
from tests.profile.relationship import consented
from tests.suite.sandbox.house import SURVEY

SENT, REFUSED = "profile.message-sent.v1", "profile.message-refused.v1"


@pytest.fixture
async def post(running: Start) -> Post:
    return await opened(running)


@asynccontextmanager
async def more_instances(post: Post, count: int) -> AsyncIterator[None]:
    """So many further dispatchers on the same database."""
    stop = asyncio.Event()
    loop = sending.dispatching(post.line)
    tasks = [asyncio.create_task(forever(loop, post.profile.kit, stop)) for _ in range(count)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def willing(post: Post, *, times: int = 1) -> tuple[UUID, str]:
    """A client who consents to surveys and has accepted the template."""
    client_id, openid = await post.client()
    await consented(post.profile, client_id)
    await post.accepts(openid, times=times)
    return client_id, openid


async def under_way(post: Post) -> None:
    """Wait until WeChat has a message whose answer is held."""

    async def so() -> bool:
        return post.line.under_way > 0

    await until(so)


async def test_a_queued_message_reaches_her_and_is_announced(post: Post) -> None:
    client_id, openid = await willing(post)
    message_id = (await post.ask(client_id))["message_id"]
    seen = await post.becomes(message_id, "sent")
    assert (seen["channel"], seen["reason"], seen["delivered"]) == ("wechat-subscribe", None, None)
    [received] = await post.received(openid)
    assert received["data"] == {
        "thing1": "上海恒隆店",
        "date2": "2026年3月5日",
        "thing3": "您的感受对我们很重要",
    }
    assert received["page"] == "pages/web/index?url=https%3A%2F%2Fmaison.test%2Fs%2Flumiere.abc"
    assert [fact["data"] for fact in await post.profile.facts(SENT)] == [
        {
            "message_id": message_id,
            "client_id": str(client_id),
            "purpose": "survey",
            "template": SURVEY,
            "channel": "wechat-subscribe",
        }
    ]
    # The push that reports delivery may come at any time; it is told by WeChat's number of the message.
    await post.tell(event(openid, kind="sent", event_id="s-1", message_ref=received["msgid"], error_code=0))
    assert (await post.seen(message_id))["delivered"] is True
    assert (await post.profile.rows("select openid from message")) == [{"openid": None}]


async def test_a_delivery_that_failed_is_shown(post: Post) -> None:
    client_id, openid = await willing(post)
    message_id = (await post.ask(client_id))["message_id"]
    await post.becomes(message_id, "sent")
    [received] = await post.received(openid)
    await post.tell(event(openid, kind="sent", event_id="s-1", message_ref=received["msgid"], error_code=1003))
    assert (await post.seen(message_id))["delivered"] is False


async def test_many_instances_send_each_message_once(post: Post) -> None:
    client_id, openid = await willing(post, times=30)
    async with more_instances(post, 4):
        asked = await asyncio.gather(*(post.ask(client_id) for _ in range(30)))
        for one in asked:
            await post.becomes(one["message_id"], "sent")
    assert post.line.sends == 30
    assert len(await post.received(openid)) == 30
    assert len(await post.profile.facts(SENT)) == 30


async def test_what_an_instance_left_behind_becomes_unknown_after_a_minute_and_is_not_sent_again(post: Post) -> None:
    client_id, _ = await willing(post)
    post.line.gate.clear()
    message_id = (await post.ask(client_id))["message_id"]
    await under_way(post)
    assert (await post.seen(message_id))["status"] == "sending"
    post.clock.advance(seconds=61)
    async with more_instances(post, 1):
        seen = await post.becomes(message_id, "unknown")
        assert seen["reason"] == "interrupted"
    # The first instance wakes up again: what was given up stays so, and nobody announces anything.
    post.line.gate.set()
    await until(lambda: _idle(post))
    assert (await post.seen(message_id))["status"] == "unknown"
    assert post.line.sends == 1
    assert await post.profile.facts(SENT) == []


async def _idle(post: Post) -> bool:
    return post.line.under_way == 0


async def test_an_answer_that_never_came_is_unknown_and_not_sent_again(post: Post) -> None:
    client_id, openid = await willing(post)
    post.line.cut = "after"
    message_id = (await post.ask(client_id))["message_id"]
    assert (await post.becomes(message_id, "unknown"))["reason"] == "no-answer"
    post.line.cut = None
    await post.accepts(openid)
    await post.becomes((await post.ask(client_id))["message_id"], "sent")
    # She has both: the first one did arrive, and was not repeated.
    assert (post.line.sends, len(await post.received(openid))) == (2, 2)


async def test_a_message_that_could_not_leave_the_house_waits_and_is_sent_later(post: Post) -> None:
    client_id, openid = await willing(post)
    post.line.cut = "before"
    message_id = (await post.ask(client_id))["message_id"]

    async def postponed() -> bool:
        rows = await post.profile.rows("select 1 from message where status = 'queued' and due_at > asked_at")
        return bool(rows)

    await until(postponed)
    assert await post.received(openid) == []
    post.line.cut = None
    post.clock.advance(seconds=11)
    await post.becomes(message_id, "sent")
    assert len(await post.received(openid)) == 1


async def test_while_wechat_is_away_and_there_is_no_token_nothing_is_claimed(post: Post) -> None:
    post.line.down = True
    client_id, _ = await willing(post)
    message_id = (await post.ask(client_id))["message_id"]
    kit = post.profile.kit
    async with open_http("http://wechat", transport=post.line) as http:
        another = sending.Post.open(kit.settings, kit.database, http)
        with pytest.raises(WeChatUnavailable):
            await sending.send_next(kit.database, another, clock=post.clock)
        assert (await post.seen(message_id))["status"] == "queued"
        post.line.down = False
        # The service's own dispatcher may be faster.
        await sending.send_next(kit.database, another, clock=post.clock)
        await post.becomes(message_id, "sent")
    assert post.line.sends == 1


async def test_when_wechat_knows_of_no_permission_the_message_fails_and_the_ledger_is_corrected(post: Post) -> None:
    client_id, openid = await willing(post)
    # She turned it off, and the push about it is still on its way.
    await post.house.post(f"/users/{openid}/subscriptions", {"template_id": SURVEY})
    await post.tell(event(openid, event_id="extra"))
    message_id = (await post.ask(client_id))["message_id"]
    assert (await post.becomes(message_id, "failed"))["reason"] == "no-credit"
    assert await post.left(client_id) == 0
    [fact] = await post.profile.facts(REFUSED)
    assert (fact["data"]["message_id"], fact["data"]["reason"]) == (message_id, "no-credit")


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"boutique": "上海恒隆店", "date": "soon", "text": "x"}, "parameter-unfit"),
        ({"boutique": "上海恒隆店", "date": "2026-03-05T14:00:00+08:00"}, "parameter-unfit"),
    ],
)
async def test_a_value_the_template_does_not_take_fails_and_gives_the_credit_back(
    post: Post, variables: dict[str, str], reason: str
) -> None:
    client_id, openid = await willing(post)
    message_id = (await post.ask(client_id, variables=variables))["message_id"]
    assert (await post.becomes(message_id, "failed"))["reason"] == reason
    assert await post.left(client_id) == 1
    assert await post.received(openid) == []


async def test_a_template_the_account_does_not_have_fails_with_wechats_number(post: Post) -> None:
    client_id, openid = await post.client()
    await post.tell(event(openid, template=CARE))
    asked = await post.ask(client_id, purpose="service", template=CARE, variables={"thing1": "x"})
    assert (await post.becomes(asked["message_id"], "failed"))["reason"] == "wechat-40037"
    assert await post.left(client_id, CARE) == 1


async def test_consent_withdrawn_while_a_message_waits_stops_it(post: Post) -> None:
    client_id, openid = await willing(post)
    post.line.cut = "before"
    message_id = (await post.ask(client_id))["message_id"]

    async def postponed() -> bool:
        return bool(await post.profile.rows("select 1 from message where status = 'queued' and due_at > asked_at"))

    await until(postponed)
    await consented(post.profile, client_id, granted=False)
    post.line.cut = None
    post.clock.advance(seconds=11)
    assert (await post.becomes(message_id, "refused"))["reason"] == "no-consent"
    assert await post.left(client_id) == 1
    assert await post.received(openid) == []
    [fact] = await post.profile.facts(REFUSED)
    assert fact["data"]["reason"] == "no-consent"


async def test_an_expired_token_is_renewed_and_a_busy_wechat_is_asked_again(post: Post) -> None:
    client_id, openid = await willing(post, times=2)
    await post.becomes((await post.ask(client_id))["message_id"], "sent")
    await post.house.post("/tokens/expire")
    await post.house.put("/faults", {"busy": 2})
    await post.becomes((await post.ask(client_id))["message_id"], "sent")
    assert len(await post.received(openid)) == 2


async def test_a_quota_used_up_postpones_the_message(post: Post) -> None:
    client_id, openid = await willing(post)
    quotas = post.house.sandbox.world.quotas.model_dump()
    await post.house.put("/quotas", quotas | {"send_per_minute": 0})
    message_id = (await post.ask(client_id))["message_id"]

    async def postponed() -> bool:
        return bool(await post.profile.rows("select 1 from message where status = 'queued' and due_at > asked_at"))

    await until(postponed)
    await post.house.put("/quotas", quotas)
    post.clock.advance(seconds=61)
    await post.becomes(message_id, "sent")
    assert len(await post.received(openid)) == 1


async def test_settings_name_the_template_and_its_parameters(running: Start) -> None:
    bound = f"{SURVEY}?purpose=survey&where=thing1&when=date2&what=thing3"
    post = await opened(running, wechat_templates={"how-was-it": bound})
    client_id, openid = await willing(post)
    variables = {"where": "上海恒隆店", "when": "2026-03-05T14:00:00+08:00", "what": "谢谢"}
    asked = await post.ask(client_id, template="how-was-it", variables=variables, link="pages/survey/index?id=1")
    await post.becomes(asked["message_id"], "sent")
    [received] = await post.received(openid)
    assert received["data"] == {"thing1": "上海恒隆店", "date2": "2026年3月5日 14:00", "thing3": "谢谢"}
    assert received["page"] == "pages/survey/index?id=1"


async def test_what_a_message_said_is_forgotten_once_it_is_settled_or_given_up(post: Post) -> None:
    client_id, _ = await willing(post, times=2)
    await post.becomes((await post.ask(client_id))["message_id"], "sent")
    post.line.gate.clear()
    left_behind = (await post.ask(client_id))["message_id"]
    await under_way(post)
    post.clock.advance(seconds=61)
    async with more_instances(post, 1):
        await post.becomes(left_behind, "unknown")
    post.line.gate.set()
    rows = await post.profile.rows("select openid, variables, link from message")
    assert rows == [{"openid": None, "variables": None, "link": None}] * 2
