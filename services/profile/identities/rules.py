"""When two records may become one without anybody deciding it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal

# Carriers give a number to somebody else after a quiet quarter; a number nobody confirmed for a year may be theirs.
TRUSTED_FOR = timedelta(days=365)


class Doubt(StrEnum):
    """Why a phone number alone does not prove that two records are one person."""

    BOTH_HAVE_PURCHASES = "both-have-purchases"
    TWO_WECHAT_ACCOUNTS = "two-wechat-accounts"
    NUMBER_NOT_SEEN_LATELY = "number-not-seen-lately"
    NUMBER_NOT_VERIFIED = "number-not-verified"
    OTHER_RECORD_NOT_OPEN = "other-record-not-open"


class MergeNeedsDecision(Refusal):
    """The number is another client's, and only a person can tell whether the two are one."""

    kind = Kind.CONFLICT
    slug = "merge-needs-decision"
    en = "This number belongs to another record. An advisor has to check with the client before the two become one."
    zh = "该号码已属于另一份客户档案，需由顾问与客户核实后再决定是否合并。"


class ClientErased(Refusal):
    """The identifier was a client's who had herself erased."""

    kind = Kind.GONE
    slug = "client-erased"
    en = "This record was erased at the client's wish and is not brought back."
    zh = "该客户档案已应其本人要求删除，不予恢复。"


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one of the two records."""

    client_id: UUID
    has_purchases: bool
    # (appid, openid's blind index) and ("", unionid's): equal apps with unequal values are two WeChat accounts.
    wechat: frozenset[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which record goes on, and which becomes part of it."""

    survivor: UUID
    merged: UUID


def by_phone(
    asker: Side, holder: Side, *, confirmed_at: datetime | None, now: datetime, verified: bool, by_staff: bool
) -> Verdict:
    """The asker proved the holder's number: which of them goes on. Raises MergeNeedsDecision with its `reason`.

    `confirmed_at` is when the holder last showed that the number is hers. A member of staff who enters it face to face
    has seen the client (`by_staff`): that is the second proof for a number not confirmed for a year, or never.
    """
    if not verified:
        raise MergeNeedsDecision(reason=Doubt.NUMBER_NOT_VERIFIED)
    if asker.has_purchases and holder.has_purchases:
        raise MergeNeedsDecision(reason=Doubt.BOTH_HAVE_PURCHASES)
    if _other_account(asker, holder):
        raise MergeNeedsDecision(reason=Doubt.TWO_WECHAT_ACCOUNTS)
    if (confirmed_at is None or now - confirmed_at > TRUSTED_FOR) and not by_staff:
        raise MergeNeedsDecision(reason=Doubt.NUMBER_NOT_SEEN_LATELY)
    # The record with the history keeps its id; between two bare ones, the one that had the number first.
    if asker.has_purchases:
        return Verdict(survivor=asker.client_id, merged=holder.client_id)
    return Verdict(survivor=holder.client_id, merged=asker.client_id)


def _other_account(asker: Side, holder: Side) -> bool:
    known = dict(holder.wechat)
    unionids = {app: blind for app, blind in asker.wechat if app == ""}
    if "" in known and unionids:
        return known[""] != unionids[""]
    return any(app in known and known[app] != blind for app, blind in asker.wechat)
