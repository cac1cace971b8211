"""How lists of clients go over the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, Text, View
from services.profile.lists.queries import SavedList
from services.profile.lists.rules import Criteria, Visibility, WantedList
from services.profile.segments.rules import FIRST_DAY, LAST_DAY, Lifecycle, Segment

MOST = 100  # values of one criterion
A_YEAR = 366  # days
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Amount = Annotated[int, Field(ge=0, le=10**15)]
Ids = Annotated[list[UUID], Field(max_length=MOST)]
Codes = Annotated[list[Code], Field(max_length=MOST)]
Ahead = Annotated[int, Field(ge=0, le=A_YEAR)]


class CriteriaForm(Form):
    """What the clients have in common: all that is given, and of each list one of it.

    Days are the brand's, both ends included; money is in minor units of the segment policy's currency. `visited_since`
    and `not_visited_since` count visits, `day_within_days` her birthday and the other days that matter to her.
    """

    segments: list[Segment] = Field(default=[], max_length=len(Segment))
    lifecycles: list[Lifecycle] = Field(default=[], max_length=len(Lifecycle))
    engagement_at_least: Annotated[int, Field(ge=1, le=100)] | None = None
    advisors: Ids = Field(default=[])
    boutiques: Ids = Field(default=[])
    regions: Ids = Field(default=[])
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")]] = Field(default=[], max_length=MOST)
    bought_categories: Codes = Field(default=[])
    bought_pieces: Codes = Field(default=[])
    bought_from: Day | None = None
    bought_to: Day | None = None
    spent_at_least: Amount | None = None
    spent_at_most: Amount | None = None
    spent_from: Day | None = None
    spent_to: Day | None = None
    visited_since: Day | None = None
    not_visited_since: Day | None = None
    wished_pieces: Codes = Field(default=[])
    birthday_months: list[Annotated[int, Field(ge=1, le=12)]] = Field(default=[], max_length=12)
    birthday_within_days: Ahead | None = None
    day_within_days: Ahead | None = None
    consents: list[Literal["personalisation", "marketing", "survey"]] = Field(default=[], max_length=3)
    tiers: Ids = Field(default=[])
    points_at_least: Annotated[int, Field(ge=1, le=10**12)] | None = None
    researched_within_days: Annotated[int, Field(ge=1, le=A_YEAR)] | None = None

    def criteria(self) -> Criteria:
        """The criteria it describes, each value once."""
        told: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        told |= {name: tuple(sorted(set(one))) for name, one in told.items() if isinstance(one, list)}
        return Criteria(**told)


class CriteriaView(View):
    """What the clients of a list have in common."""

    segments: tuple[Segment, ...]
    lifecycles: tuple[Lifecycle, ...]
    engagement_at_least: int | None
    advisors: tuple[UUID, ...]
    boutiques: tuple[UUID, ...]
    regions: tuple[UUID, ...]
    languages: tuple[str, ...]
    bought_categories: tuple[str, ...]
    bought_pieces: tuple[str, ...]
    bought_from: date | None
    bought_to: date | None
    spent_at_least: int | None
    spent_at_most: int | None
    spent_from: date | None
    spent_to: date | None
    visited_since: date | None
    not_visited_since: date | None
    wished_pieces: tuple[str, ...]
    birthday_months: tuple[int, ...]
    birthday_within_days: int | None
    day_within_days: int | None
    consents: tuple[str, ...]
    tiers: tuple[UUID, ...]
    points_at_least: int | None
    researched_within_days: int | None


class CountForm(Form):
    """Criteria to be counted, of nobody's list."""

    criteria: CriteriaForm


class CountView(View):
    """How many clients there are, and how many of them allow to be written to for marketing."""

    clients: int
    reachable: int


class ListForm(Form):
    """A list to be kept; `boutique_id` for a boutique's. Frozen, it holds who is in it at this moment."""

    name: Text
    criteria: CriteriaForm
    visibility: Visibility = Visibility.MINE
    boutique_id: UUID | None = None
    is_frozen: bool = False

    def wanted(self) -> WantedList:
        """The list it describes."""
        return WantedList(self.name, self.criteria.criteria(), self.visibility, self.boutique_id, self.is_frozen)


class ListChangeForm(Form):
    """What of a list changes; what is not given stays."""

    name: Text | None = None
    criteria: CriteriaForm | None = None
    visibility: Visibility | None = None
    boutique_id: UUID | None = None
    is_frozen: bool | None = None

    def wanted(self, before: SavedList) -> WantedList:
        """The list it makes of the one before."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        visibility = given.get("visibility") or before.visibility
        # A list that becomes somebody else's loses its boutique, unless another is given.
        stays = before.boutique_id if visibility is before.visibility else None
        return WantedList(
            given.get("name") or before.name,
            self.criteria.criteria() if self.criteria is not None else before.criteria,
            visibility,
            given.get("boutique_id", stays),
            self.is_frozen if self.is_frozen is not None else before.frozen_at is not None,
        )


class ListView(View):
    """A list as it is kept; with `frozen_at`, who was in it then is in it."""

    list_id: UUID
    name: str
    criteria: CriteriaView
    visibility: Visibility
    boutique_id: UUID | None
    created_at: datetime
    changed_at: datetime
    frozen_at: datetime | None
    is_mine: bool


class MemberView(View):
    """A client of a list. `segment` is null for whoever switched profiling off."""

    client_id: UUID
    display_name: str
    segment: Segment | None
    owner_advisor_id: UUID | None
