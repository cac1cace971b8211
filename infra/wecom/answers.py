"""What WeCom answers, as values. Ids of clients are personal: no value shows them in a log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum

from infra.wechat.errors import WeChatUnavailable


@dataclass(frozen=True)
class Submitted:
    """What became of one client of a submission; `errcode` 0: the transfer has begun."""

    external_userid: str = field(repr=False)
    errcode: int


class TransferStatus(IntEnum):
    """Where a transfer stands, in WeCom's numbers."""

    DONE = 1
    WAITING = 2
    REFUSED = 3
    LIMIT_REACHED = 4
    NO_RECORD = 5  # of the older API only


@dataclass(frozen=True)
class Transferred:
    """One transfer; `takeover_at` lies in the future while it waits."""

    external_userid: str = field(repr=False)
    status: TransferStatus
    takeover_at: datetime | None


@dataclass(frozen=True)
class Unassigned:
    """A client of a member who has left and whom nobody has taken over."""

    handover_userid: str
    external_userid: str = field(repr=False)
    left_at: datetime


@dataclass(frozen=True)
class Follow:
    """A member who has the client in her contacts; `add_way` in WeCom's numbers: 1 QR code, 202 assigned."""

    userid: str
    state: str
    add_way: int
    since: datetime


@dataclass(frozen=True)
class Contact:
    """A client in WeCom. `unionid` is there for WeChat users once the corp has bound its Open Platform account."""

    external_userid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    follows: tuple[Follow, ...] = ()


@dataclass(frozen=True)
class Notified:
    """A notice to members; `invalid` did not get it, though WeCom answered errcode 0."""

    msgid: str
    invalid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class GroupSend:
    """A message that members will be asked to send; `failed` cannot be sent to. No msgid: nobody could be."""

    msgid: str | None
    failed: frozenset[str] = field(default=frozenset(), repr=False)


class SendStatus(IntEnum):
    """What became of a group-send at one client."""

    UNSENT = 0
    SENT = 1
    NOT_A_FRIEND = 2
    ENOUGH_ALREADY = 3  # she has had her share of group-sends


@dataclass(frozen=True)
class SendResult:
    """One client of a group-send."""

    external_userid: str = field(repr=False)
    userid: str
    status: SendStatus
    sent_at: datetime | None


def objects(value: object) -> list[dict[str, object]]:
    """The objects of a list; raises WeChatUnavailable where the answer is not the documented one."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise WeChatUnavailable
    return value


def text(fields: Mapping[str, object], name: str) -> str:
    """A field as text; absent: empty."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def number(fields: Mapping[str, object], name: str) -> int:
    """A field that must be a number; absent: 0."""
    value = fields.get(name, 0)
    if not isinstance(value, int):
        raise WeChatUnavailable
    return value


def moment(fields: Mapping[str, object], name: str) -> datetime | None:
    """Seconds since 1970; 0 or absent: none."""
    seconds = number(fields, name)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, OSError, ValueError):
        raise WeChatUnavailable from None
