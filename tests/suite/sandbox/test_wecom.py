"""The adapter of WeCom against the sandbox's corp: transfers, group-sends, notices, welcomes, and what goes wrong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.wechat.call import open_http
from infra.wechat.errors import CalledTooOften, WeChatRejected, WeChatUnavailable
from infra.wechat.token_store import MemoryTokenStore
from infra.wecom import contacts, sends, transfers
from infra.wecom.access_token import Agent
from infra.wecom.answers import SendStatus, TransferStatus
from infra.wecom.client import Channel, open_channel
from infra.wecom.texts import within
from tests.suite.sandbox.house import House, no_pause, open_house

CORPID, SECRET, AGENT = "ww0000000000000001", "corp-secret", 1000002
HOURS = 3600.0


@dataclass
class Corp:
    """A sandbox with two members, and the channel of the application."""

    house: House
    wecom: Channel

    async def clients(self, count: int, *userids: str) -> list[str]:
        """New clients these members have."""
        new = {"items": [{"userids": list(userids)} for _ in range(count)]}
        return list((await self.house.post("/wecom/clients", new))["items"])

    async def member(self, userid: str, **changed: object) -> None:
        await self.house.put(f"/wecom/members/{userid}", dict(changed))

    async def leave(self, userid: str) -> None:
        await self.house.post(f"/wecom/members/{userid}/leave")

    async def refuse(self, client: str) -> None:
        answer = await self.house.control.patch(f"/sandbox/wecom/clients/{client}", json={"refuses": True})
        assert answer.is_success

    async def hand(self, *clients: str, to: str = "bo") -> list[int]:
        """Submit in service from Ada; the errcodes."""
        return [one.errcode for one in await transfers.transfer_customer(self.wecom, "ada", to, clients)]

    async def results(self, *, to: str = "bo", resigned: bool = False) -> dict[str, TransferStatus]:
        found, _ = await transfers.transfer_result(self.wecom, "ada", to, resigned=resigned)
        return {one.external_userid: one.status for one in found}


@pytest.fixture
async def corp() -> AsyncIterator[Corp]:
    house = open_house(wecom_corpid=CORPID, wecom_secret=SECRET, wecom_agent_id=AGENT)
    http = open_http("http://wecom", transport=house.control._transport)  # noqa: SLF001 - the same process
    made = Corp(house, open_channel(http, Agent(CORPID, AGENT, SECRET), MemoryTokenStore(), pause=no_pause))
    for userid in ("ada", "bo", "cai"):
        await made.member(userid)
    yield made
    await house.sandbox.pusher.close()


async def test_a_transfer_ends_by_itself_after_a_day_and_the_former_member_loses_her(corp: Corp) -> None:
    her, other = await corp.clients(2, "ada")
    assert await corp.hand(her, other) == [0, 0]
    found, cursor = await transfers.transfer_result(corp.wecom, "ada", "bo", resigned=False)
    assert ([one.status for one in found], cursor) == ([TransferStatus.WAITING] * 2, "")
    assert all(one.takeover_at is not None for one in found)
    await corp.house.pass_time(hours=23.9)
    assert set((await corp.results()).values()) == {TransferStatus.WAITING}
    await corp.refuse(other)
    await corp.house.pass_time(hours=0.2)
    assert await corp.results() == {her: TransferStatus.DONE, other: TransferStatus.REFUSED}
    assert await contacts.list_contacts(corp.wecom, "bo") == [her]
    # In service a client who refuses stays where she was.
    assert await contacts.list_contacts(corp.wecom, "ada") == [other]
    assert [one.add_way for one in (await contacts.get_contact(corp.wecom, her)).follows] == [202]


async def test_a_leavers_clients_are_unassigned_until_they_are_handed_over(corp: Corp) -> None:
    her, other = await corp.clients(2, "ada")
    with pytest.raises(WeChatRejected) as rejected:
        await corp.hand(her, to="nobody")
    assert rejected.value.errcode == 60111
    assert [one.errcode for one in await transfers.resigned_transfer_customer(corp.wecom, "ada", "bo", [her])] == [
        40097
    ]
    await corp.leave("ada")
    found, _ = await transfers.get_unassigned_list(corp.wecom)
    assert {(one.handover_userid, one.external_userid) for one in found} == {("ada", her), ("ada", other)}
    said = await transfers.resigned_transfer_customer(corp.wecom, "ada", "bo", [her, other])
    assert [one.errcode for one in said] == [0, 0]
    assert await transfers.get_unassigned_list(corp.wecom) == ([], "")
    await corp.refuse(other)
    await corp.house.pass_time(hours=25)
    assert await corp.results(resigned=True) == {her: TransferStatus.DONE, other: TransferStatus.REFUSED}
    # She is lost: nobody has her any more.
    with pytest.raises(WeChatRejected) as rejected:
        await contacts.get_contact(corp.wecom, other)
    assert rejected.value.errcode == 84061


@pytest.mark.parametrize("at_root", [False, True])
async def test_a_client_who_cannot_be_handed_over_is_named_with_wecoms_code(corp: Corp, *, at_root: bool) -> None:
    await corp.house.put("/wecom/switches", {"at_root": at_root})
    (hers,) = await corp.clients(1, "cai")
    assert await corp.hand("wm-unknown") == [40096]
    assert await corp.hand(hers) == [40131]
    (moving,) = await corp.clients(1, "ada")
    assert await corp.hand(moving) == [0]
    assert await corp.hand(moving) == [40100]
    assert await corp.hand(moving, to="ada") == [40130]
    await corp.member("bo", client_limit=0)
    assert await corp.hand(*await corp.clients(1, "ada")) == [40099]
    await corp.member("bo", verified=False)
    assert await corp.hand(*await corp.clients(1, "ada")) == [40098]


async def test_a_client_is_handed_over_twice_in_ninety_days_and_the_takers_limit_may_stop_it_at_the_end(
    corp: Corp,
) -> None:
    (her,) = await corp.clients(1, "ada")
    for _ in range(2):
        assert await corp.hand(her) == [0]
        await corp.house.pass_time(hours=25)
        await corp.house.post(f"/wecom/clients/{her}/contacts", {"userid": "ada"})
    assert await corp.hand(her) == [40128]
    await corp.house.pass_time(days=91)
    await corp.house.control.delete(f"/sandbox/wecom/clients/{her}/contacts/bo")
    assert await corp.hand(her) == [0]
    await corp.member("bo", client_limit=0)
    await corp.house.pass_time(hours=25)
    assert (await corp.results())[her] is TransferStatus.LIMIT_REACHED


async def test_more_than_a_hundred_are_not_submitted_and_a_thousand_results_are_one_page(corp: Corp) -> None:
    many = await corp.clients(1001, "ada")
    with pytest.raises(ValueError, match="100"):
        await transfers.transfer_customer(corp.wecom, "ada", "bo", many[:101])
    for start in range(0, 1001, 100):
        await corp.hand(*many[start : start + 100])
    first, cursor = await transfers.transfer_result(corp.wecom, "ada", "bo", resigned=False)
    rest, end = await transfers.transfer_result(corp.wecom, "ada", "bo", resigned=False, cursor=cursor)
    assert (len(first), len(rest), end) == (1000, 1, "")


async def test_the_token_is_shared_replaced_once_when_refused_and_busy_calls_are_repeated(corp: Corp) -> None:
    (her,) = await corp.clients(1, "ada")
    first = await corp.wecom.tokens.current()
    await corp.house.post("/wecom/tokens/expire")
    assert await corp.hand(her) == [0]
    assert await corp.wecom.tokens.current() != first
    await corp.house.put("/faults", {"busy": 3})
    assert await contacts.list_contacts(corp.wecom, "ada") == [her]
    await corp.house.put("/faults", {"busy": 4})
    with pytest.raises(WeChatUnavailable):
        await contacts.list_contacts(corp.wecom, "ada")
    await corp.house.put("/quotas", {"wecom_per_minute": 0})
    with pytest.raises(CalledTooOften):
        await contacts.list_contacts(corp.wecom, "ada")


async def test_wrong_credentials_are_a_fault(corp: Corp) -> None:
    http = open_http("http://wecom", transport=corp.house.control._transport)  # noqa: SLF001 - the same process
    for agent, errcode in ((Agent(CORPID, AGENT, "wrong"), 40001), (Agent("ww-other", AGENT, SECRET), 40013)):
        with pytest.raises(WeChatRejected) as rejected:
            await open_channel(http, agent, MemoryTokenStore(), pause=no_pause).tokens.current()
        assert rejected.value.errcode == errcode


async def test_a_group_send_waits_for_the_member_and_says_what_became_of_each(corp: Corp) -> None:
    her, gone, full, strange = [*await corp.clients(3, "ada"), *await corp.clients(1, "bo")]
    sent = await sends.add_msg_template(corp.wecom, "ada", [her, gone, full, strange], "春季新品")
    assert sent.msgid is not None
    assert sent.failed == {strange}
    results, _ = await sends.get_groupmsg_send_result(corp.wecom, sent.msgid, "ada")
    assert {one.status for one in results} == {SendStatus.UNSENT}
    await corp.house.control.delete(f"/sandbox/wecom/clients/{gone}/contacts/ada")
    await had_her_share(corp, full)
    await corp.house.post(f"/wecom/group-sends/{sent.msgid}/confirm")
    results, cursor = await sends.get_groupmsg_send_result(corp.wecom, sent.msgid, "ada")
    assert {one.external_userid: one.status for one in results} == {
        her: SendStatus.SENT,
        gone: SendStatus.NOT_A_FRIEND,
        full: SendStatus.ENOUGH_ALREADY,
    }
    assert cursor == ""
    assert (await sends.add_msg_template(corp.wecom, "ada", [strange], "春季新品")).msgid is None


async def had_her_share(corp: Corp, client: str) -> None:
    """As many group-sends as the month has days, at most."""
    for _ in range(31):
        sent = await sends.add_msg_template(corp.wecom, "ada", [client], "…")
        await corp.house.post(f"/wecom/group-sends/{sent.msgid}/confirm")


async def test_a_notice_names_who_did_not_get_it_and_is_dropped_when_repeated(corp: Corp) -> None:
    await corp.member("Dan", active=False)
    said = await sends.message_send(corp.wecom, ["ada", "Dan", "nobody"], "早安", repeat_check=600)
    assert said.invalid == {"Dan", "nobody"}
    await sends.message_send(corp.wecom, ["ada", "Dan", "nobody"], "早安", repeat_check=600)
    assert [one["userid"] for one in await received(corp)] == ["ada"]
    assert (await sends.message_send(corp.wecom, ["nobody"], "早安")).invalid == {"nobody"}
    for number in range(70):
        await sends.message_send(corp.wecom, ["bo"], f"第{number}条")
    # Thirty a minute; the rest is dropped without a word.
    assert 30 <= sum(one["userid"] == "bo" for one in await received(corp)) <= 60


async def received(corp: Corp) -> list[dict[str, Any]]:
    return list((await corp.house.get("/wecom/notices"))["items"])


async def test_a_welcome_is_said_once_within_twenty_seconds(corp: Corp) -> None:
    (her,) = await corp.clients(1, "bo")

    async def code() -> str:
        return str((await corp.house.post(f"/wecom/clients/{her}/contacts", {"userid": "ada"}))["welcome_code"])

    first = await code()
    await corp.house.put("/wecom/switches", {"welcome_busy": 1})
    said = [await contacts.send_welcome_msg(corp.wecom, first, "您好") for _ in range(3)]
    assert said == ["busy", "sent", "chatting"]
    late = await code()
    await corp.house.pass_time(seconds=21)
    assert await contacts.send_welcome_msg(corp.wecom, late, "您好") == "over"
    assert [one["text"] for one in (await corp.house.get("/wecom/welcomes"))["items"]] == ["您好"]


@pytest.mark.parametrize(("text", "limit", "kept"), [("您好", 6, "您好"), ("您好吗", 8, "您…"), ("abcdef", 5, "ab…")])
def test_a_text_is_shortened_by_bytes_at_a_characters_edge(text: str, limit: int, kept: str) -> None:
    assert within(text, limit) == kept
    assert len(within(text, limit).encode()) <= limit


async def test_escaped_chinese_is_refused_as_wecom_does(corp: Corp) -> None:
    token = await corp.wecom.tokens.current()
    answer = await corp.house.control.post(
        "/cgi-bin/message/send", params={"access_token": token}, content=b'{"touser": "\\u738b"}'
    )
    assert answer.json()["errcode"] == 40033
