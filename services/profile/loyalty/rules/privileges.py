"""Privileges: what there are of each, who is before whom, and what may follow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.profile.segments.rules import Segment


class PrivilegeKind(StrEnum):
    """What sort of privilege it is."""

    PRIORITY_LIST = "priority-list"  # a limited edition: first the list, after its deadline as many as there are
    GIFT = "gift"  # as many as are in stock
    GREETING = "greeting"  # who is entitled; the greetings themselves are tasks


class OrderRule(StrEnum):
    """Who of a priority list is before whom."""

    FIRST_COME = "first-come"
    SEGMENT = "segment"
    POINTS = "points"


class Granted(StrEnum):
    """Where one client's privilege stands."""

    LISTED = "listed"
    GRANTED = "granted"
    HANDED_OVER = "handed-over"
    WITHDRAWN = "withdrawn"


# The whole life of a grant. A pair that is missing here is refused.
NEXT: frozenset[tuple[Granted, Granted]] = frozenset(
    {
        (Granted.LISTED, Granted.GRANTED),
        (Granted.LISTED, Granted.WITHDRAWN),
        (Granted.GRANTED, Granted.HANDED_OVER),
        (Granted.GRANTED, Granted.WITHDRAWN),
    }
)
# The segments by what they have spent; whoever switched profiling off has none, and comes with the last.
RANK = {segment: rank for rank, segment in enumerate(Segment)}


class PrivilegeExhausted(Refusal):
    """There is none left."""

    kind = Kind.CONFLICT
    slug = "privilege-exhausted"
    en = "Nothing of this privilege is left. Withdraw one that was not handed over, or raise its quantity."
    zh = "该礼遇已无剩余，请先撤回尚未交付的名额，或增加数量。"


class PrivilegeClosed(Refusal):
    """Its time is over, or somebody closed it."""

    kind = Kind.CONFLICT
    slug = "privilege-closed"
    en = "This privilege is closed, or its deadline has passed."
    zh = "该礼遇已关闭，或已过截止时间。"


class DeadlineAhead(Refusal):
    """Pieces go to the list when everybody could join it."""

    kind = Kind.CONFLICT
    slug = "privilege-deadline-ahead"
    en = "The list is open until its deadline. Allot the pieces afterwards."
    zh = "名单尚未截止，请在截止后再分配名额。"


class PrivilegeHeld(Refusal):
    """Once for one client."""

    kind = Kind.CONFLICT
    slug = "privilege-held"
    en = "She has this privilege already."
    zh = "该客户已享有此礼遇。"


class GrantSettled(Refusal):
    """What was handed over cannot be withdrawn, and what was not granted cannot be handed over."""

    kind = Kind.CONFLICT
    slug = "privilege-grant-settled"
    en = "This does not follow: only what was granted is handed over, and only what was not handed over is withdrawn."
    zh = "操作不符合流程：仅已授予的可交付，仅尚未交付的可撤回。"


class QuantityBelowGranted(Refusal):
    """Fewer than were granted."""

    kind = Kind.CONFLICT
    slug = "privilege-quantity-below-granted"
    en = "More were granted than this quantity. Choose at least `granted`, or withdraw some first."
    zh = "已授予数量超过该值，请设为不低于 granted 的数量，或先撤回部分名额。"


class PrivilegeUnclear(Refusal):
    """A quantity, an order or a deadline where the kind has none, or none where it needs one."""

    kind = Kind.INVALID
    slug = "privilege-unclear"
    en = (
        "A priority list needs a quantity, an order and a deadline; a gift a quantity and no order; a greeting neither"
        " quantity nor order."
    )
    zh = "优先名单须填写数量、排序规则和截止时间；礼品须填写数量且无排序规则；问候不填数量和排序规则。"


@dataclass(frozen=True, slots=True)
class WantedPrivilege:
    """A privilege as headquarters wants it."""

    kind: PrivilegeKind
    name: str
    piece_code: str | None
    quantity: int | None
    order_rule: OrderRule | None
    deadline_at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on a priority list; `number` is the order in which they joined."""

    grant_id: UUID
    client_id: UUID
    number: int


def check_form(
    kind: PrivilegeKind, *, quantity: int | None, order_rule: OrderRule | None, deadline_at: datetime | None
) -> None:
    """Raise PrivilegeUnclear."""
    is_list = kind is PrivilegeKind.PRIORITY_LIST
    has_quantity = kind is not PrivilegeKind.GREETING
    if (quantity is not None) is not has_quantity or (order_rule is not None) is not is_list:
        raise PrivilegeUnclear
    if is_list and deadline_at is None:
        raise PrivilegeUnclear


def check_open(*, closed_at: datetime | None, deadline_at: datetime | None, now: datetime) -> None:
    """Raise PrivilegeClosed."""
    if closed_at is not None or (deadline_at is not None and now >= deadline_at):
        raise PrivilegeClosed


def check_step(before: Granted, after: Granted) -> None:
    """Raise GrantSettled."""
    if (before, after) not in NEXT:
        raise GrantSettled


def in_order(
    listed: Iterable[Candidate],
    rule: OrderRule,
    *,
    segments: Mapping[UUID, Segment | None],
    points: Mapping[UUID, int],
) -> list[Candidate]:
    """A priority list with the first first; of two that the rule does not tell apart, who joined first.

    Whoever turned out to be on it twice stands where she joined first.
    """

    def key(one: Candidate) -> tuple[int, int]:
        if rule is OrderRule.SEGMENT:
            segment = segments.get(one.client_id)
            return RANK[segment] if segment is not None else len(RANK), one.number
        if rule is OrderRule.POINTS:
            return -points.get(one.client_id, 0), one.number
        return 0, one.number

    first: dict[UUID, Candidate] = {}
    for one in sorted(listed, key=lambda one: one.number):
        first.setdefault(one.client_id, one)
    return sorted(first.values(), key=key)
