"""What a list of clients may ask for, and who may ask for what."""

import json
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from infra.identity import Role
from infra.refusal import Kind, Refusal
from services.profile.segments.rules import Lifecycle, Segment

KEEP_LISTS = frozenset({Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS})


class CriteriaContradict(Refusal):
    """A list that nobody could ever be in."""

    kind = Kind.INVALID
    slug = "list-criteria-contradict"
    en = "Nobody can meet these criteria: `criterion` ends before it begins, or excludes what another one asks for."
    zh = "没有客户能同时满足这些条件：criterion 的范围首尾颠倒，或与其他条件矛盾。"


class CriterionIncomplete(Refusal):
    """A bound without what it bounds."""

    kind = Kind.INVALID
    slug = "list-criterion-incomplete"
    en = "`criterion` says nothing by itself. Give an amount with the period of what was spent."
    zh = "criterion 单独没有意义，请为消费期间同时填写金额。"


class CriteriaHidden(Refusal):
    """A list by something that the caller may not see would tell her of it."""

    kind = Kind.FORBIDDEN
    slug = "list-criteria-hidden"
    en = "You may not see what `criterion` asks for. Leave it out, or name only your own boutiques and advisors."
    zh = "您无权查看 criterion 所涉内容，请删除该条件，或仅填写本店及本店顾问。"


class VisibilityTooWide(Refusal):
    """A list for people beyond the caller's own."""

    kind = Kind.FORBIDDEN
    slug = "list-visibility-too-wide"
    en = "An advisor keeps lists of her own, a manager also for her boutique, headquarters for the brand."
    zh = "顾问只能保存个人名单，店长可保存本店名单，总部可保存品牌名单。"


class BoutiqueMissing(Refusal):
    """A boutique's list needs a boutique, and no other has one."""

    kind = Kind.INVALID
    slug = "list-boutique-missing"
    en = "Say whose list it is: `boutique_id` for a boutique's list, and for no other."
    zh = "精品店名单须填写 boutique_id，其他名单不填。"


class ListFrozen(Refusal):
    """A snapshot is of the criteria it was taken by."""

    kind = Kind.CONFLICT
    slug = "list-frozen"
    en = "This list is a snapshot. Thaw it before you change its criteria."
    zh = "该名单为快照，请先解除冻结再修改条件。"


class Visibility(StrEnum):
    """Who finds a list; whom they find in it, each one's own rights say."""

    MINE = "mine"
    BOUTIQUE = "boutique"
    BRAND = "brand"


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the clients of a list have in common: all that is said, and of each tuple one of it.

    Money in minor units of the segment policy's currency, days of the brand, both ends included. A period of `bought`
    without pieces or categories asks whether she bought anything.
    """

    segments: tuple[Segment, ...] = ()
    lifecycles: tuple[Lifecycle, ...] = ()
    engagement_at_least: int | None = None
    advisors: tuple[UUID, ...] = ()
    boutiques: tuple[UUID, ...] = ()
    regions: tuple[UUID, ...] = ()
    languages: tuple[str, ...] = ()
    bought_categories: tuple[str, ...] = ()
    bought_pieces: tuple[str, ...] = ()
    bought_from: date | None = None
    bought_to: date | None = None
    spent_at_least: int | None = None
    spent_at_most: int | None = None
    spent_from: date | None = None
    spent_to: date | None = None
    visited_since: date | None = None
    not_visited_since: date | None = None
    wished_pieces: tuple[str, ...] = ()
    birthday_months: tuple[int, ...] = ()
    birthday_within_days: int | None = None
    day_within_days: int | None = None
    consents: tuple[str, ...] = ()
    tiers: tuple[UUID, ...] = ()
    points_at_least: int | None = None
    researched_within_days: int | None = None

    def check(self) -> None:
        """Raise CriteriaContradict or CriterionIncomplete."""
        for first, last in (
            ("bought_from", "bought_to"),
            ("spent_from", "spent_to"),
            ("spent_at_least", "spent_at_most"),
            ("visited_since", "not_visited_since"),
        ):
            low, high = getattr(self, first), getattr(self, last)
            if low is not None and high is not None and (low > high or (low == high and last == "not_visited_since")):
                raise CriteriaContradict(criterion=last)
        is_spending = self.spent_at_least is not None or self.spent_at_most is not None
        if not is_spending and (self.spent_from is not None or self.spent_to is not None):
            raise CriterionIncomplete(criterion="spent_from" if self.spent_from is not None else "spent_to")

    @property
    def said(self) -> frozenset[str]:
        """The names of what is asked for."""
        return frozenset(one.name for one in fields(self) if getattr(self, one.name) not in ((), None))

    @property
    def is_profiling(self) -> bool:
        """Whether it asks for what a client is reckoned to be: not of whoever switched that off."""
        return bool(self.said & PROFILING)


@dataclass(frozen=True, slots=True)
class WantedList:
    """A list as somebody wants it kept."""

    name: str
    criteria: Criteria
    visibility: Visibility
    boutique_id: UUID | None
    is_frozen: bool = False


# What is reckoned up of her (PIPL, article 24); that she bought, came, or wished for something is as it was.
PROFILING = frozenset(
    {"segments", "lifecycles", "engagement_at_least", "spent_at_least", "spent_at_most", "researched_within_days"}
)

_FROM: Mapping[str, Callable[[Any], Any]] = {
    "segments": Segment,
    "lifecycles": Lifecycle,
    **dict.fromkeys(("advisors", "boutiques", "regions", "tiers"), UUID),
    **dict.fromkeys(
        ("bought_from", "bought_to", "spent_from", "spent_to", "visited_since", "not_visited_since"),
        date.fromisoformat,
    ),
}


def written(criteria: Criteria) -> str:
    """Criteria as they are kept: a JSON object of what is said."""
    told = asdict(criteria)
    return json.dumps({name: told[name] for name in sorted(criteria.said)}, default=str)


def read(kept: Mapping[str, Any]) -> Criteria:
    """Criteria as they were kept."""
    told: dict[str, Any] = {}
    for name, value in kept.items():
        make = _FROM.get(name, lambda one: one)
        told[name] = tuple(make(one) for one in value) if isinstance(value, list) else make(value)
    return Criteria(**told)


def check_seen(
    criteria: Criteria,
    *,
    role: Role,
    advisor_id: UUID | None,
    boutique_ids: AbstractSet[UUID],
    region_id: UUID | None,
    works_at: Mapping[UUID, UUID],
) -> None:
    """Raise CriteriaHidden when the caller names what is not hers; `works_at` are the boutiques of named advisors."""
    if role is Role.HEADQUARTERS:
        return
    if role is Role.ADVISOR:
        others = set(criteria.advisors) - {advisor_id}
    else:
        others = {one for one in criteria.advisors if works_at.get(one) not in boutique_ids}
    if others:
        raise CriteriaHidden(criterion="advisors")
    if set(criteria.boutiques) - boutique_ids:
        raise CriteriaHidden(criterion="boutiques")
    if set(criteria.regions) - ({region_id} if role is Role.REGIONAL else set()):
        raise CriteriaHidden(criterion="regions")


_WIDEST: Mapping[Role, tuple[Visibility, ...]] = {
    Role.ADVISOR: (Visibility.MINE,),
    Role.MANAGER: (Visibility.MINE, Visibility.BOUTIQUE),
    Role.REGIONAL: (Visibility.MINE, Visibility.BOUTIQUE),
    Role.HEADQUARTERS: tuple(Visibility),
}


def check_visibility(
    visibility: Visibility, boutique_id: UUID | None, *, role: Role, boutique_ids: Iterable[UUID]
) -> None:
    """Raise VisibilityTooWide or BoutiqueMissing."""
    if visibility not in _WIDEST.get(role, ()):
        raise VisibilityTooWide
    if (visibility is Visibility.BOUTIQUE) is not (boutique_id is not None):
        raise BoutiqueMissing
    if boutique_id is not None and role is not Role.HEADQUARTERS and boutique_id not in set(boutique_ids):
        raise VisibilityTooWide
