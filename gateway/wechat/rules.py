"""What profile is told of a push, what becomes of the push, and how long to wait before telling it again."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

BATCH = 8  # pushes that a process takes at once
PATIENCE = 3.0  # seconds that profile may take for one of them
# A process that dies while handing over lets go after this; one that lives is done with its batch before.
LEASE = timedelta(seconds=BATCH * PATIENCE + 6)
LONGEST_PAUSE = timedelta(minutes=1)
REFUSALS = 20  # about a quarter of an hour: longer than a rolling update, in which a refusal may pass
KEPT_AFTER = timedelta(days=14)


# An address book that has lost so many at once is more likely read wrongly than true; a few leave on any day.
FEW = 3
SHARE = 5
_NUMBER = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
_LONGEST_NAME = 200


class House(StrEnum):
    """Who pushes."""

    WECHAT = "wechat"
    WECOM = "wecom"


class State(StrEnum):
    """What has become of a push."""

    WAITING = "waiting"
    HANDED = "handed"
    KEPT = "kept"  # it asks for something that nobody here does yet (docs/decisions/0014)
    REFUSED = "refused"  # profile says no, and goes on saying it


@dataclass(frozen=True)
class Telling:
    """One event as profile takes it."""

    kind: str  # granted, rejected, sent
    openid: str = field(repr=False)
    template_id: str
    occurred_at: datetime
    message_ref: str | None = None
    error_code: int | None = None


def body(dedup_key: str, appid: str, tellings: Iterable[Telling]) -> dict[str, list[dict[str, object]]]:
    """The body for profile. Each event has an id of its own that is the same however often the push is handed over."""
    events = []
    for number, told in enumerate(tellings):
        event: dict[str, object] = {
            "event_id": event_id(dedup_key, number),
            "kind": told.kind,
            "appid": appid,
            "openid": told.openid,
            "template_id": told.template_id,
            "occurred_at": told.occurred_at.isoformat(),
        }
        if told.message_ref is not None:
            event["message_ref"] = told.message_ref
        if told.error_code is not None:
            event["error_code"] = told.error_code
        events.append(event)
    return {"events": events}


def event_id(dedup_key: str, number: int) -> str:
    """The push's own key for its first event, one derived from it for each further one; 64 hex digits."""
    return dedup_key if number == 0 else hashlib.sha256(f"{dedup_key}:{number}".encode()).hexdigest()


def pause_after(attempts: int) -> timedelta:
    """1, 2, 4 ... seconds, at most a minute."""
    return min(timedelta(seconds=2 ** min(attempts, 10)), LONGEST_PAUSE)


def corp_body(
    dedup_key: str, corpid: str, *, kind: str, userid: str, external_userid: str, at: datetime
) -> dict[str, list[dict[str, str]]]:
    """The body for profile of what WeCom says of a contact."""
    event = {
        "event_id": dedup_key,
        "kind": kind,
        "corpid": corpid,
        "userid": userid,
        "external_userid": external_userid,
        "occurred_at": at.isoformat(),
    }
    return {"events": [event]}


def is_believable(gone: int, *, of: int) -> bool:
    """Whether so many members may have left since the address book was read the last time."""
    return gone <= max(FEW, of // SHARE)


def newcomer(userid: str, name: str, boutique_code: str) -> dict[str, str] | None:
    """An item for the directory; her userid is her number, until HR says another. None: it is no number there."""
    if not _NUMBER.match(userid):
        return None
    said = " ".join(name.split())[:_LONGEST_NAME] or userid
    return {"employee_number": userid, "display_name": said, "boutique_code": boutique_code, "wecom_userid": userid}
