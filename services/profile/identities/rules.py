"""When two records may become one, without anybody deciding it or at all."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from infra.refusal import Kind, Refusal

# Carriers give a number to somebody else after a quiet quarter; a number nobody confirmed for a year may be theirs.
TRUSTED_FOR = timedelta(days=365)

# A number that so many clients give as theirs is a family's, a driver's or a hotel's.
SHARED_FROM = 3


# What an e-shop shows of a phone fits many: it is compared, and is never anybody's identifier.
EVIDENCE_ONLY = frozenset({"masked-phone"})

# Who has an address is shown by an answer to what was sent there, or by WeChat. Whoever types one shows nothing.
_PROOFS_OF_EMAIL = frozenset({"answered", "wechat"})


class Standing(StrEnum):
    """What an identifier says of the client who has it."""

    HELD = "held"
    SHARED = "shared"
    CLAIMED = "claimed"


class Doubt(StrEnum):
    """Why a phone number or an e-mail address alone does not prove that two records are one person."""

    BOTH_HAVE_PURCHASES = "both-have-purchases"
    TWO_WECHAT_ACCOUNTS = "two-wechat-accounts"
    NUMBER_NOT_SEEN_LATELY = "number-not-seen-lately"
    NUMBER_NOT_VERIFIED = "number-not-verified"
    ADDRESS_NOT_SEEN_LATELY = "address-not-seen-lately"
    ADDRESS_NOT_VERIFIED = "address-not-verified"
    OTHER_RECORD_NOT_OPEN = "other-record-not-open"
    NEVER_MERGE = "never-merge"


class MergeNeedsDecision(Refusal):
    """The number or address is another client's, and only a person can tell whether the two are one."""

    kind = Kind.CONFLICT
    slug = "merge-needs-decision"
    en = (
        "This number or address is another record's. An advisor has to check with the client before the two become one."
    )
    zh = "该号码或邮箱已属于另一份客户档案，需由顾问与客户核实后再决定是否合并。"


class OneClientAlready(Refusal):
    """The two ids are one record, or two records that were joined before."""

    kind = Kind.CONFLICT
    slug = "one-client-already"
    en = "Both are the same client already. Choose the record that is to become part of hers."
    zh = "两者已是同一位客户，请选择要并入其档案的另一份记录。"


class MergedElsewhere(Refusal):
    """The other record belongs to a third one."""

    kind = Kind.CONFLICT
    slug = "merged-elsewhere"
    en = "That record has been merged into another client's. Merge that client, or separate the two first."
    zh = "该记录已并入另一位客户的档案，请改为合并那位客户，或先将其拆分。"


class TwoWechatAccounts(Refusal):
    """Each has a WeChat account of her own, and WeChat vouches for both."""

    kind = Kind.CONFLICT
    slug = "two-wechat-accounts"
    en = "Each of the two has a WeChat account of her own, so they are two people. Keep both records."
    zh = "双方各有经微信验证的账号，应为两位客户，请保留两份档案。"


class NeverMerge(Refusal):
    """Somebody found out that these are two people."""

    kind = Kind.CONFLICT
    slug = "never-merge"
    en = "These two were found to be different people. Take that back first if you are sure they are one."
    zh = "已确认两者并非同一人。如确定为同一位客户，请先撤销该标记。"


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
    # (appid, openid's blind index), (corp, external_userid's) and ("", unionid's): equal apps or corps with unequal
    # values are two WeChat accounts.
    wechat: frozenset[tuple[str, bytes]]

    @property
    def unionids(self) -> set[bytes]:
        """The blind indexes of her unionids."""
        return {blind for app, blind in self.wechat if app == ""}


@dataclass(frozen=True, slots=True)
class Proven:
    """The blind indexes of what a client has shown to be hers: WeChat's unionids, and phones within the year."""

    unionids: frozenset[bytes]
    phones: frozenset[bytes]


def one_of(by_unionid: AbstractSet[UUID], by_any: AbstractSet[UUID]) -> UUID | None:
    """Who is meant: WeChat's word goes before a number's, and of several nobody is."""
    found = by_unionid or by_any
    return next(iter(found)) if len(found) == 1 else None


def may_be_one(one: Proven, other: Proven) -> bool:
    """Whether nothing forbids that they are one person: each has a WeChat account, and these are the same."""
    return not (one.unionids and other.unionids) or bool(one.unionids & other.unionids)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which record goes on, and which becomes part of it."""

    survivor: UUID
    merged: UUID


class _Doubts(NamedTuple):
    not_verified: Doubt
    not_seen: Doubt


_DOUBTS = {
    "phone": _Doubts(Doubt.NUMBER_NOT_VERIFIED, Doubt.NUMBER_NOT_SEEN_LATELY),
    "email": _Doubts(Doubt.ADDRESS_NOT_VERIFIED, Doubt.ADDRESS_NOT_SEEN_LATELY),
}
# What may show that two records are one person; of any other kind one value is one client's.
CONTACTS = frozenset(_DOUBTS)


def check_records(survivor: UUID, other: UUID, *, asked: UUID) -> None:
    """Raise OneClientAlready and MergedElsewhere: `other` is the client that the record `asked` for belongs to."""
    if survivor == other:
        raise OneClientAlready
    if other != asked:
        raise MergedElsewhere


def check_merge(one: Side, other: Side, *, never: bool) -> None:
    """What no decision overrules: raises NeverMerge for a pair that is kept apart, and TwoWechatAccounts."""
    if never:
        raise NeverMerge
    if one.unionids and other.unionids and not one.unionids & other.unionids:
        raise TwoWechatAccounts


def is_proof(kind: str, source: str, *, face_to_face: bool) -> bool:
    """Whether this source shows that an identifier is hers: WeChat, her answer, for a number also her being there."""
    return source in _PROOFS_OF_EMAIL or (kind != "email" and face_to_face)


def confirms(kind: str, source: str) -> bool:
    """Whether an identifier that nobody has yet is confirmed when this source gives it to her."""
    return kind not in EVIDENCE_ONLY and (kind != "email" or source in _PROOFS_OF_EMAIL)


def by_contact(
    asker: Side,
    holder: Side,
    *,
    kind: str = "phone",
    confirmed_at: datetime | None,
    now: datetime,
    verified: bool,
    by_staff: bool,
    never: bool = False,
) -> Verdict:
    """The asker proved the holder's number or address: who goes on. Raises MergeNeedsDecision, with a `reason`.

    `confirmed_at` is when the holder last showed that it is hers. A member of staff who enters it face to face
    has seen the client (`by_staff`): that is the second proof for a number not confirmed for a year, or never.
    `never` says that somebody found the two to be different people.
    """
    if not verified:
        raise MergeNeedsDecision(reason=_DOUBTS[kind].not_verified)
    if never:
        raise MergeNeedsDecision(reason=Doubt.NEVER_MERGE)
    if asker.has_purchases and holder.has_purchases:
        raise MergeNeedsDecision(reason=Doubt.BOTH_HAVE_PURCHASES)
    if _other_account(asker, holder):
        raise MergeNeedsDecision(reason=Doubt.TWO_WECHAT_ACCOUNTS)
    if (confirmed_at is None or now - confirmed_at > TRUSTED_FOR) and not by_staff:
        raise MergeNeedsDecision(reason=_DOUBTS[kind].not_seen)
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
