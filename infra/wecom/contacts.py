"""Who is in a member's contacts, and the message that greets a new one."""

from collections.abc import Mapping, Sequence
from typing import Literal

from infra.wechat.errors import WeChatUnavailable
from infra.wecom import answers
from infra.wecom.answers import Contact, Follow
from infra.wecom.client import Channel
from infra.wecom.codes import NO_CLIENTS, WELCOME_BUSY, WELCOME_CHATTING, WELCOME_OVER
from infra.wecom.texts import LONGEST_TEXT, within

_PATH = "/cgi-bin/externalcontact"

Welcome = Literal["sent", "over", "chatting", "busy"]
_SAID: dict[int, Welcome] = {0: "sent", WELCOME_OVER: "over", WELCOME_CHATTING: "chatting", WELCOME_BUSY: "busy"}


async def list_contacts(wecom: Channel, userid: str) -> list[str]:
    """The external user ids of a member's clients; none when she has none."""
    expected = frozenset({NO_CLIENTS})
    answer = await wecom.call("GET", f"{_PATH}/list", params={"userid": userid}, expected=expected)
    found = [] if answer.errcode else answer.fields.get("external_userid", [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise WeChatUnavailable
    return found


async def get_contact(wecom: Channel, external_userid: str) -> Contact:
    """One client and every member who has her; followers beyond the first 500 are fetched too."""
    follows: list[Follow] = []
    cursor = ""
    while True:
        params = {"external_userid": external_userid, **({"cursor": cursor} if cursor else {})}
        answer = await wecom.call("GET", f"{_PATH}/get", params=params)
        who = answer.fields.get("external_contact")
        if not isinstance(who, dict):
            raise WeChatUnavailable
        follows += [_follow(one) for one in answers.objects(answer.fields.get("follow_user"))]
        cursor = answers.text(answer.fields, "next_cursor")
        if not cursor:
            return Contact(external_userid, answers.text(who, "unionid") or None, tuple(follows))


async def send_welcome_msg(
    wecom: Channel, welcome_code: str, text: str, *, attachments: Sequence[Mapping[str, object]] = ()
) -> Welcome:
    """Greet a new contact with the code of its event, within 20 seconds and once; only `busy` may be tried again."""
    body: dict[str, object] = {"welcome_code": welcome_code, "text": {"content": within(text, LONGEST_TEXT)}}
    if attachments:
        body["attachments"] = list(attachments)
    answer = await wecom.call("POST", f"{_PATH}/send_welcome_msg", body=body, expected=frozenset(_SAID) - {0})
    return _SAID[answer.errcode]


def _follow(one: dict[str, object]) -> Follow:
    since = answers.moment(one, "createtime")
    if since is None:
        raise WeChatUnavailable
    return Follow(answers.text(one, "userid"), answers.text(one, "state"), answers.number(one, "add_way"), since)
