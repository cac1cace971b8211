"""What profile is told of WeChat's pushes."""

from gateway.wechat.rules import Telling
from infra.wechat.errors import PushUnreadable
from infra.wechat.push import Push
from infra.wechat.push_events import (
    AuthorisationCancelled,
    AuthorisationRevoked,
    MessageDelivered,
    PopupAnswered,
    SubscriptionEnded,
    Unfollowed,
    WeChatEvent,
    read_events,
)

# She wants data of hers gone. Nothing here deletes it yet, so the push must not be taken for done.
UNFULFILLED = (AuthorisationRevoked, AuthorisationCancelled, Unfollowed)


def tellings_of(push: Push) -> tuple[list[Telling], list[str]]:
    """What profile is told of a push, and the kinds of what it asks for that nobody here does yet."""
    try:
        events = read_events(push.text)
    except PushUnreadable:
        # Signed by WeChat, so it may be any of them.
        return [], ["unreadable"]
    tellings = [told for event in events if (told := telling(event)) is not None]
    return tellings, [event.kind for event in events if isinstance(event, UNFULFILLED)]


def telling(event: WeChatEvent) -> Telling | None:
    """What the permission ledger has to know of an event.

    A declined popup takes nothing away that she granted before, so nothing is said of it.
    """
    match event:
        case PopupAnswered(accepted=True):
            return Telling("granted", event.openid, event.template_id, event.at)
        case SubscriptionEnded():
            return Telling("rejected", event.openid, event.template_id, event.at)
        case MessageDelivered():
            return Telling("sent", event.openid, event.template_id, event.at, event.msgid, event.errcode)
        case _:
            return None
