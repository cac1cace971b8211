"""Messages that members send to clients once they confirm, and notices to the members themselves."""

from collections.abc import Mapping, Sequence

from infra.wechat.errors import WeChatUnavailable
from infra.wecom import answers
from infra.wecom.answers import GroupSend, Notified, SendResult, SendStatus
from infra.wecom.client import Channel
from infra.wecom.codes import ALL_INVALID, NOBODY_TO_SEND_TO
from infra.wecom.texts import LONGEST_NOTICE, LONGEST_TEXT, within

MOST_CLIENTS = 10_000  # of one group-send
MOST_MEMBERS = 1000  # of one notice
RESULTS_AT_ONCE = 500

_PATH = "/cgi-bin/externalcontact"


async def add_msg_template(
    wecom: Channel, sender: str, clients: Sequence[str], text: str, *, attachments: Sequence[Mapping[str, object]] = ()
) -> GroupSend:
    """Ask `sender` to send `text` to up to 10,000 of her clients. Nothing leaves before she confirms in WeCom."""
    if not 0 < len(clients) <= MOST_CLIENTS:
        raise ValueError(f"1 to {MOST_CLIENTS} clients at once")
    body: dict[str, object] = {
        "chat_type": "single",
        "sender": sender,
        "external_userid": list(clients),
        "text": {"content": within(text, LONGEST_TEXT)},
    }
    if attachments:
        body["attachments"] = list(attachments)
    expected = frozenset({NOBODY_TO_SEND_TO})
    answer = await wecom.call("POST", f"{_PATH}/add_msg_template", body=body, expected=expected)
    if answer.errcode:
        return GroupSend(None, frozenset(clients))
    return GroupSend(answer.text("msgid"), _texts(answer.fields.get("fail_list")))


async def cancel_groupmsg_send(wecom: Channel, msgid: str) -> None:
    """Stop a group-send that its sender has not confirmed; what she has confirmed stays sent. Safe to repeat."""
    await wecom.call("POST", f"{_PATH}/cancel_groupmsg_send", body={"msgid": msgid})


async def get_groupmsg_send_result(
    wecom: Channel, msgid: str, userid: str, *, cursor: str = ""
) -> tuple[list[SendResult], str]:
    """What became of a group-send at up to 500 clients, and the cursor of the next ones (empty: none)."""
    body = {"msgid": msgid, "userid": userid, "limit": RESULTS_AT_ONCE, "cursor": cursor}
    answer = await wecom.call("POST", f"{_PATH}/get_groupmsg_send_result", body=body)
    found = [_result(one) for one in answers.objects(answer.fields.get("send_list"))]
    return found, answers.text(answer.fields, "next_cursor")


async def message_send(
    wecom: Channel, userids: Sequence[str], text: str, *, repeat_check: int | None = None
) -> Notified:
    """Notify up to 1,000 members; `repeat_check` seconds (at most four hours) drop the same text sent again.

    Members WeCom cannot reach are named in the answer; everybody else has it. Beyond 30 a minute and 1,000 an hour
    per member WeCom drops silently: the sender must keep count.
    """
    if not 0 < len(userids) <= MOST_MEMBERS:
        raise ValueError(f"1 to {MOST_MEMBERS} members at once")
    body: dict[str, object] = {
        "touser": "|".join(userids),
        "msgtype": "text",
        "agentid": wecom.agent.agent_id,
        "text": {"content": within(text, LONGEST_NOTICE)},
    }
    if repeat_check is not None:
        body |= {"enable_duplicate_check": 1, "duplicate_check_interval": repeat_check}
    expected = frozenset({ALL_INVALID})
    answer = await wecom.call("POST", "/cgi-bin/message/send", body=body, expected=expected)
    if answer.errcode:
        return Notified("", frozenset(userids))
    invalid = answers.text(answer.fields, "invaliduser")
    # WeCom answers in small letters; our spelling of a member is what the caller knows.
    theirs = set(invalid.lower().split("|"))
    return Notified(answers.text(answer.fields, "msgid"), frozenset(u for u in userids if u.lower() in theirs))


def _texts(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise WeChatUnavailable
    return frozenset(value)


def _result(one: dict[str, object]) -> SendResult:
    try:
        status = SendStatus(answers.number(one, "status"))
    except ValueError:
        raise WeChatUnavailable from None
    sent_at = answers.moment(one, "send_time")
    return SendResult(answers.text(one, "external_userid"), answers.text(one, "userid"), status, sent_at)
