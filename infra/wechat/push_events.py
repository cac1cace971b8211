"""What pushes say, as typed events: answers to a subscribe popup, deliveries, authorisations withdrawn."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from infra.wechat.errors import PushUnreadable
from infra.wechat.push_body import Fields, items, read_body, text_of

Openid = Annotated[str, Field(min_length=1, max_length=128, repr=False)]


class _Event(BaseModel):
    """`openid` is the person; `at` the second WeChat gives."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    openid: Openid
    at: AwareDatetime


class PopupAnswered(_Event):
    """She answered the subscribe popup. Each acceptance is one message we may send with this template."""

    kind: Literal["popup-answered"] = "popup-answered"
    template_id: str
    accepted: bool


class SubscriptionEnded(_Event):
    """She switched the template off in WeChat's settings: no message may be sent, whatever she allowed before."""

    kind: Literal["subscription-ended"] = "subscription-ended"
    template_id: str


class MessageDelivered(_Event):
    """What became of a message: `errcode` 0 is delivered. `msgid` is the one its send answered."""

    kind: Literal["message-delivered"] = "message-delivered"
    template_id: str
    msgid: str
    errcode: int


class AuthorisationRevoked(_Event):
    """She withdrew data from us: it must go.

    `items` are WeChat's numbers: 2 address, 6 name and picture, 8 phone, 13 location, 16 e-mail.
    """

    kind: Literal["authorisation-revoked"] = "authorisation-revoked"
    items: tuple[str, ...]


class AuthorisationCancelled(_Event):
    """She cancelled her account with us in WeChat: the duties of deletion apply."""

    kind: Literal["authorisation-cancelled"] = "authorisation-cancelled"


class ProfileModified(_Event):
    """She changed her WeChat profile; what we keep of it is out of date."""

    kind: Literal["profile-modified"] = "profile-modified"


class Followed(_Event):
    """She follows the official account."""

    kind: Literal["followed"] = "followed"


class Unfollowed(_Event):
    """She left the official account; WeChat requires that what we have from it be deleted."""

    kind: Literal["unfollowed"] = "unfollowed"


WeChatEvent = Annotated[
    PopupAnswered
    | SubscriptionEnded
    | MessageDelivered
    | AuthorisationRevoked
    | AuthorisationCancelled
    | ProfileModified
    | Followed
    | Unfollowed,
    Field(discriminator="kind"),
]

EVENTS: TypeAdapter[WeChatEvent] = TypeAdapter(WeChatEvent)


def read_events(text: str) -> tuple[WeChatEvent, ...]:
    """The events in a push's clear text, in its order. A push we have no use for gives none.

    Raises PushUnreadable when the text is no push at all.
    """
    fields = read_body(text.encode())
    reader = _READERS.get(text_of(fields, "Event").lower())
    return tuple(reader(fields)) if reader is not None else ()


def _popup(fields: Fields) -> list[WeChatEvent]:
    openid, at = _sender(fields)
    return [
        PopupAnswered(
            openid=openid, at=at, template_id=template_id, accepted=text_of(item, "SubscribeStatusString") == "accept"
        )
        for item, template_id in _templates(fields)
    ]


def _change(fields: Fields) -> list[WeChatEvent]:
    openid, at = _sender(fields)
    # Only `reject` is pushed; should WeChat ever push `accept`, it grants nothing by itself.
    return [
        SubscriptionEnded(openid=openid, at=at, template_id=template_id)
        for item, template_id in _templates(fields)
        if text_of(item, "SubscribeStatusString") == "reject"
    ]


def _sent(fields: Fields) -> list[WeChatEvent]:
    openid, at = _sender(fields)
    return [
        MessageDelivered(
            openid=openid,
            at=at,
            template_id=template_id,
            msgid=text_of(item, "MsgID") or text_of(item, "MsgId"),
            errcode=_number(text_of(item, "ErrorCode") or "0"),
        )
        for item, template_id in _templates(fields)
    ]


def _revoked(fields: Fields) -> list[WeChatEvent]:
    openid, at = _subject(fields)
    said = text_of(fields, "RevokeInfo").replace(",", " ").split()
    return [AuthorisationRevoked(openid=openid, at=at, items=tuple(said))]


def _cancelled(fields: Fields) -> list[WeChatEvent]:
    openid, at = _subject(fields)
    return [AuthorisationCancelled(openid=openid, at=at)]


def _modified(fields: Fields) -> list[WeChatEvent]:
    openid, at = _subject(fields)
    return [ProfileModified(openid=openid, at=at)]


def _followed(fields: Fields) -> list[WeChatEvent]:
    openid, at = _sender(fields)
    return [Followed(openid=openid, at=at)]


def _unfollowed(fields: Fields) -> list[WeChatEvent]:
    openid, at = _sender(fields)
    return [Unfollowed(openid=openid, at=at)]


# Everything we read. A push that is missing here is stored and answered, and nothing more.
_READERS: dict[str, Callable[[Fields], list[WeChatEvent]]] = {
    "subscribe_msg_popup_event": _popup,
    "subscribe_msg_change_event": _change,
    "subscribe_msg_sent_event": _sent,
    "user_authorization_revoke": _revoked,
    "user_authorization_cancellation": _cancelled,
    "user_info_modified": _modified,
    "subscribe": _followed,
    "unsubscribe": _unfollowed,
}


def _sender(fields: Fields) -> tuple[str, datetime]:
    return _person(text_of(fields, "FromUserName"), fields)


def _subject(fields: Fields) -> tuple[str, datetime]:
    # Here FromUserName is the platform; the person is OpenID.
    return _person(text_of(fields, "OpenID"), fields)


def _person(openid: str, fields: Fields) -> tuple[str, datetime]:
    if not openid:
        raise PushUnreadable
    try:
        return openid, datetime.fromtimestamp(_number(text_of(fields, "CreateTime")), UTC)
    except (OverflowError, OSError, ValueError):
        raise PushUnreadable from None


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise PushUnreadable from None


def _templates(fields: Fields) -> list[tuple[Fields, str]]:
    found = [(item, text_of(item, "TemplateId")) for item in items(fields)]
    if not all(template_id for _, template_id in found):
        structlog.get_logger().warning("wechat_push_item_without_template", count=len(found))
    return [(item, template_id) for item, template_id in found if template_id]
