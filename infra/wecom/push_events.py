"""What WeCom's pushes say, as typed events: contacts that come and go, transfers that fail, members who leave."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from infra.wechat.errors import PushUnreadable
from infra.wechat.push_body import Fields, read_body, text_of

Userid = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
ExternalUserid = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$", repr=False)]


class _Event(BaseModel):
    """`userid` is the member, `at` the second WeCom gives."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    userid: Userid
    at: AwareDatetime


class ContactAdded(_Event):
    """A client is in the member's contacts, because one of them added the other or by a transfer."""

    kind: Literal["contact-added"] = "contact-added"
    external_userid: ExternalUserid


class ContactDeleted(_Event):
    """A client is in the member's contacts no more, whoever of the two wanted it, or by a transfer."""

    kind: Literal["contact-deleted"] = "contact-deleted"
    external_userid: ExternalUserid


class TransferFailed(_Event):
    """A client did not come to the member who was to take her over: she refused, or the member has too many."""

    kind: Literal["transfer-failed"] = "transfer-failed"
    external_userid: ExternalUserid


class MemberLeft(_Event):
    """A member is in the corp no more."""

    kind: Literal["member-left"] = "member-left"


WeComEvent = ContactAdded | ContactDeleted | TransferFailed | MemberLeft


def read_event(text: str) -> WeComEvent | None:
    """The event in a push's clear text; None for one that we have no use for.

    Raises PushUnreadable when the text is no push at all, or one of ours that does not say who and when.
    """
    fields = read_body(text.encode())
    kind = text_of(fields, "Event").lower(), text_of(fields, "ChangeType").lower()
    reader = _READERS.get(kind)
    try:
        return reader(fields) if reader is not None else None
    except ValidationError:
        raise PushUnreadable from None


def _added(fields: Fields) -> WeComEvent:
    return ContactAdded(userid=_userid(fields), at=_at(fields), external_userid=text_of(fields, "ExternalUserID"))


def _deleted(fields: Fields) -> WeComEvent:
    return ContactDeleted(userid=_userid(fields), at=_at(fields), external_userid=text_of(fields, "ExternalUserID"))


def _failed(fields: Fields) -> WeComEvent:
    return TransferFailed(userid=_userid(fields), at=_at(fields), external_userid=text_of(fields, "ExternalUserID"))


def _left(fields: Fields) -> WeComEvent:
    return MemberLeft(userid=_userid(fields), at=_at(fields))


# Everything we read. Half a contact, whom the member has not confirmed yet, is none; remarks and tags are not kept.
_READERS: dict[tuple[str, str], Callable[[Fields], WeComEvent]] = {
    ("change_external_contact", "add_external_contact"): _added,
    ("change_external_contact", "del_external_contact"): _deleted,
    ("change_external_contact", "del_follow_user"): _deleted,
    ("change_external_contact", "transfer_fail"): _failed,
    ("change_contact", "delete_user"): _left,
}


def _userid(fields: Fields) -> str:
    return text_of(fields, "UserID")


def _at(fields: Fields) -> datetime:
    said = text_of(fields, "CreateTime")
    try:
        return datetime.fromtimestamp(int(said), UTC)
    except (ValueError, OverflowError, OSError):
        raise PushUnreadable from None
