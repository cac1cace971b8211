"""How handovers go over the wire."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field

from infra.wire import Form, LongText, View
from services.profile.books.queries.handovers import Count, Handover
from services.profile.books.rules.placing import Match, Placement

PREVIEWED = 1000  # clients whose places a dry run answers


class RuleForm(Form):
    """What a plan is made by. What stands first in `match` weighs most; load decides what it leaves open.

    Takers are those named in `advisor_ids`, or whoever is there at `boutique_ids` (without them: her own boutique).
    """

    match: Annotated[tuple[Match, ...], Field(max_length=3)] = tuple(Match)
    boutique_ids: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    advisor_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()


class HandoverForm(Form):
    """Whose book is to be handed over; `dry_run` says who would go where and keeps nothing."""

    from_advisor_id: UUID
    rule: RuleForm = RuleForm()
    reason: Literal["left", "moved", "leave", "balance"]
    dry_run: bool = False


class TakerForm(Form):
    """The advisor a client is to go to instead."""

    advisor_id: UUID


class DraftForm(Form):
    """What is to be said, as a person has written it."""

    words: LongText


class DraftsView(View):
    """Drafts: nobody has sent them, and nobody will but a person."""

    farewell: str
    introduction: str


class PlacementView(View):
    """Where a client would go, and why; without an advisor to nobody."""

    client_id: UUID
    advisor_id: UUID | None
    boutique_id: UUID | None
    is_counted: bool
    reasons: list[str]


class HandedView(PlacementView):
    """How far a client has come.

    `state`: planned, moved, left-out, back (undone), kept (undone, but she had gone on to somebody else); `wecom`:
    none (her contact does not move there), queued, submitting, waiting (up to 24 hours), done, refused, limit-reached,
    failed (see `wecom_code`), withdrawn.
    """

    state: str
    left_out_for: str | None
    contacted_at: datetime | None
    wecom: str
    wecom_code: int | None


class TakerView(View):
    """How many clients an advisor takes over, and how many of them she has spoken to."""

    advisor_id: UUID | None
    clients: int
    counted: int
    contacted: int


class HandoverView(View):
    """A handover in figures. Without a `handover_id` it is a dry run; `has_wecom` false: contacts do not move there."""

    handover_id: UUID | None = None
    from_advisor_id: UUID
    boutique_id: UUID
    reason: str
    status: str
    first_contact_due_on: date | None = None
    planned_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    has_wecom: bool
    clients: int
    unplaced: int
    contacted: int = 0
    states: dict[str, int] = Field(default={})
    wecom: dict[str, int] = Field(default={})
    takers: list[TakerView]
    preview: list[PlacementView] | None = None

    @classmethod
    def of(cls, handover: Handover, counts: Sequence[Count], *, has_wecom: bool) -> Self:
        """The view of a kept handover."""
        return cls(
            handover_id=handover.handover_id,
            from_advisor_id=handover.from_advisor_id,
            boutique_id=handover.boutique_id,
            reason=handover.reason,
            status=handover.status.value,
            first_contact_due_on=handover.first_contact_on,
            planned_at=handover.planned_at,
            started_at=handover.started_at,
            ended_at=handover.ended_at,
            has_wecom=has_wecom,
            clients=sum(one.clients for one in counts),
            unplaced=sum(one.clients for one in counts if one.advisor_id is None),
            contacted=sum(one.contacted for one in counts),
            states=_by(counts, "state"),
            wecom=_by(counts, "wecom"),
            takers=_takers((one.advisor_id, one.clients, one.counted, one.contacted) for one in counts),
        )

    @classmethod
    def preview_of(cls, form: HandoverForm, boutique_id: UUID, placed: Sequence[Placement], *, has_wecom: bool) -> Self:
        """The view of a plan that is not kept."""
        return cls(
            from_advisor_id=form.from_advisor_id,
            boutique_id=boutique_id,
            reason=form.reason,
            status="planned",
            has_wecom=has_wecom,
            clients=len(placed),
            unplaced=sum(one.advisor_id is None for one in placed),
            takers=_takers((one.advisor_id, 1, int(one.is_counted), 0) for one in placed),
            preview=[PlacementView.model_validate(one) for one in placed[:PREVIEWED]],
        )


def _by(counts: Sequence[Count], name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counts:
        key = str(getattr(one, name))
        found[key] = found.get(key, 0) + one.clients
    return found


def _takers(rows: Iterable[tuple[UUID | None, int, int, int]]) -> list[TakerView]:
    sums: dict[UUID | None, list[int]] = {}
    for advisor_id, *figures in rows:
        before = sums.setdefault(advisor_id, [0, 0, 0])
        sums[advisor_id] = [a + b for a, b in zip(before, figures, strict=True)]
    return [
        TakerView(advisor_id=advisor_id, clients=clients, counted=counted, contacted=contacted)
        for advisor_id, (clients, counted, contacted) in sorted(sums.items(), key=lambda item: str(item[0]))
    ]
