"""How campaigns go over the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, LongText, Text, View
from services.profile.campaigns.actions.planning import Draft, Preview
from services.profile.campaigns.queries.campaigns import Campaign
from services.profile.campaigns.queries.progress import Group, Progress
from services.profile.campaigns.rules import Fate, Status
from services.profile.messages.rules import Purpose


class CampaignForm(Form):
    """A campaign for the clients of a list, carried out by their advisors from `due_on` to `closes_on`.

    `words` tell the advisors what it is about, `pieces` what to show. Within `attribution_days` after the first contact
    a reply, visit or purchase counts as come of it. `control_bp` (basis points) of those who would get a task are left
    out by lot, to compare with.
    """

    list_id: UUID
    name: Text
    purpose: Literal["service", "marketing"]
    words: Annotated[LongText, Field(max_length=1000)]
    pieces: Annotated[list[Code], Field(default_factory=list, max_length=50)]
    due_on: date
    closes_on: date
    attribution_days: Annotated[int, Field(ge=1, le=180)] = 30
    control_bp: Annotated[int, Field(ge=0, le=5_000)] = 0

    def draft(self) -> Draft:
        """The draft it describes."""
        return Draft(
            self.list_id,
            self.name,
            Purpose(self.purpose),
            self.words,
            tuple(self.pieces),
            self.due_on,
            self.closes_on,
            self.attribution_days,
            self.control_bp,
        )


class CampaignView(View):
    """A campaign; `fault` is why it stopped by itself (`list-gone`)."""

    campaign_id: UUID
    list_id: UUID
    name: str
    purpose: Purpose
    words: str
    pieces: list[str]
    due_on: date
    closes_on: date
    attribution_days: int
    control_bp: int
    status: Status
    fault: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignView":
        """The view of a campaign."""
        return cls.model_validate(campaign)


class FatesView(View):
    """What becomes of the clients of the list, each in one of these."""

    task: int
    control: int
    refused: int
    asked_already: int
    nobody: int
    left_alone: int

    @classmethod
    def of(cls, fates: dict[Fate, int]) -> "FatesView":
        """The view of counted fates."""
        return cls(**{fate.value.replace("-", "_"): fates.get(fate, 0) for fate in Fate})


class LoadView(View):
    """How many tasks of the campaign an advisor has."""

    advisor_id: UUID
    tasks: int


class PreviewView(View):
    """What the campaign would come to now.

    Of `members` clients `judged` were looked at: the first 5,000 of a long list. `reasons` are those for which the
    contact-permission ledger refuses a client.
    """

    members: int
    judged: int
    fates: FatesView
    reasons: dict[str, int]
    advisors: int
    largest_load: int
    loads: list[LoadView]

    @classmethod
    def of(cls, preview: Preview) -> "PreviewView":
        """The view of a preview."""
        return cls(
            members=preview.members,
            judged=preview.judged,
            fates=FatesView.of(dict(preview.fates)),
            reasons=dict(preview.reasons),
            advisors=len(preview.loads),
            largest_load=max(preview.loads.values(), default=0),
            loads=[LoadView(advisor_id=one, tasks=tasks) for one, tasks in preview.loads.items()],
        )


class GroupView(View):
    """Clients, and how many came and bought within `attribution_days` of the campaign's start, whatever moved them."""

    clients: int
    visited: int
    bought: int

    @classmethod
    def of(cls, group: Group) -> "GroupView":
        """The view of a group."""
        return cls(clients=group.clients, visited=group.visited, bought=group.bought)


class ProgressView(CampaignView):
    """A campaign and what it has come to, in clients.

    `opened` got a task; `sent`: there was a contact; `replied`, `visited`, `bought` (and, of `pieces`,
    `bought_pieces`): within `attribution_days` after the first one. `asked` and `control` compare those who got a task
    with those left out by lot: both from the start of the campaign on, over as many days.
    """

    fates: FatesView
    reasons: dict[str, int]
    tasks: dict[str, int]
    opened: int
    sent: int
    replied: int
    visited: int
    bought: int
    bought_pieces: int
    asked: GroupView
    control: GroupView

    @classmethod
    def come(cls, campaign: Campaign, progress: Progress) -> "ProgressView":
        """The view of a campaign with its progress."""
        return cls(
            **CampaignView.of(campaign).model_dump(),
            fates=FatesView.of(dict(progress.fates)),
            reasons=dict(progress.reasons),
            tasks=dict(progress.tasks),
            opened=progress.fates.get(Fate.TASK, 0),
            sent=progress.sent,
            replied=progress.replied,
            visited=progress.visited,
            bought=progress.bought,
            bought_pieces=progress.bought_pieces,
            asked=GroupView.of(progress.asked),
            control=GroupView.of(progress.control),
        )
