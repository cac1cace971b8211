"""Cards of a limited number: who may have one, and who is next."""

from dataclasses import dataclass
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.profile.segments.rules import Segment


class Waiting(StrEnum):
    """Where someone on a waiting list stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    LAPSED = "lapsed"
    LEFT = "left"


class Ended(StrEnum):
    """How a card came to its end."""

    RETURNED = "returned"
    EXPIRED = "expired"


class Lacking(StrEnum):
    """What a client lacks for a tier."""

    SEGMENT = "segment"
    POINTS = "points"


class TierFull(Refusal):
    """Every card of the tier is out, or offered to somebody who waited."""

    kind = Kind.CONFLICT
    slug = "card-tier-full"
    en = "All cards of this tier are taken. Put her on the waiting list: `waiting` says how many are before her."
    zh = "该等级的会员卡已全部发出，请将客户加入候补名单；waiting 为前面的候补人数。"


class CardHeld(Refusal):
    """One card of a tier for one client."""

    kind = Kind.CONFLICT
    slug = "card-held"
    en = "She has a card of this tier already."
    zh = "该客户已持有此等级的会员卡。"


class CardEnded(Refusal):
    """It was given back before, or its time is over."""

    kind = Kind.CONFLICT
    slug = "card-ended"
    en = "This card was returned or has expired. Issue a new one if she is to have one again."
    zh = "该会员卡已退回或已过期，如需恢复请重新发卡。"


class CapBelowIssued(Refusal):
    """A cap lower than what is out would take cards away."""

    kind = Kind.CONFLICT
    slug = "card-cap-below-issued"
    en = "More cards of this tier are out or offered than this cap. Choose at least `taken`, or take cards back first."
    zh = "已发出或已提供的会员卡多于该上限，请设为不低于 taken 的数量，或先收回会员卡。"


class TierNameTaken(Refusal):
    """Two tiers cannot be told apart by one name."""

    kind = Kind.CONFLICT
    slug = "card-tier-name-taken"
    en = "There is a tier of this name. Choose another name, or change that tier."
    zh = "已有同名等级，请更换名称或修改原等级。"


class NothingRequired(Refusal):
    """Cards that are issued by themselves to everybody."""

    kind = Kind.INVALID
    slug = "card-tier-requires-nothing"
    en = "A tier whose cards are issued by themselves must require a segment or a number of points."
    zh = "自动发卡的等级须设定客户分组或最低积分要求。"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a tier asks for: a help to whoever decides, or, where the tier says so, the decision."""

    segments: frozenset[Segment] = frozenset()
    points_at_least: int | None = None

    def lacking(self, segment: Segment | None, points: int) -> list[Lacking]:
        """What she lacks; `segment` is null for whoever switched profiling off."""
        lacks = []
        if self.segments and segment not in self.segments:
            lacks.append(Lacking.SEGMENT)
        if self.points_at_least is not None and points < self.points_at_least:
            lacks.append(Lacking.POINTS)
        return lacks


@dataclass(frozen=True, slots=True)
class WantedTier:
    """A tier as headquarters wants it."""

    name: str
    rank: int
    cap: int
    valid_months: int | None
    offer_days: int
    segments: tuple[str, ...]
    points_at_least: int | None
    is_automatic: bool


@dataclass(frozen=True, slots=True)
class Places:
    """How many cards of a tier there may be, are out, and are kept for those to whom they were offered."""

    cap: int
    issued: int
    offered: int

    @property
    def taken(self) -> int:
        """Those that are nobody else's to have."""
        return self.issued + self.offered

    @property
    def free(self) -> int:
        """Those that can be issued now."""
        return max(self.cap - self.taken, 0)

    def check(self, *, is_offered: bool, waiting: int) -> None:
        """Raise TierFull unless a card can be issued; who was offered one takes that."""
        if not is_offered and self.free == 0:
            raise TierFull(waiting=waiting)

    def check_cap(self, cap: int) -> None:
        """Raise CapBelowIssued."""
        if cap < self.taken:
            raise CapBelowIssued(taken=self.taken)


def check_automatic(requirement: Requirement, *, is_automatic: bool) -> None:
    """Raise NothingRequired."""
    if is_automatic and not requirement.segments and requirement.points_at_least is None:
        raise NothingRequired
