"""Who is asked to receive her, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AssignedFor(StrEnum):
    """Why this advisor receives her; stored, and shown to the house."""

    REQUESTED = "requested"
    KEPT = "kept"
    OWN_ADVISOR = "own-advisor"
    DEPUTY = "deputy"
    ROTATION = "rotation"
    LEAST_LOADED = "least-loaded"  # how visits were given out before there was a rotation


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the rotation knows of an advisor.

    `bookings` are her live visits around the day asked for, `booked_at` when the last of them was made. `missed` are
    those that were given to others before she joined, and `met` what all who were there then weigh together.
    """

    weight: int = 1
    priority: int = 0
    bookings: int = 0
    booked_at: datetime | None = None
    missed: int = 0
    met: int = 0

    @property
    def share(self) -> float:
        """Her visits for each unit of her weight.

        Whoever has just joined begins level with the others and not at nothing, or every visit would be hers until she
        had caught up (cal.com: (bookings + adjustments) / weights x own weight).
        """
        began = self.missed / self.met if self.met else 0.0
        return self.bookings / self.weight + began


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for whom before the rotation begins."""

    requested: UUID | None = None
    kept: UUID | None = None  # the advisor of a visit that is moved
    own: UUID | None = None
    deputies: Collection[UUID] = ()


def ranked(
    free: Sequence[UUID], reason: Reason, candidates: Mapping[UUID, Candidate]
) -> list[tuple[UUID, AssignedFor]]:
    """The free advisors in the order they are asked, each with the reason.

    The requested one and nobody else. Or the one she has already, her own, who stands in for her own; then in turn:
    the smallest share, the higher priority, who was booked longest ago.
    """
    if reason.requested is not None:
        return [(reason.requested, AssignedFor.REQUESTED)] if reason.requested in free else []

    def turn(one: UUID) -> tuple[float, int, datetime, UUID]:
        known = candidates.get(one, Candidate())
        return known.share, -known.priority, known.booked_at or EPOCH, one

    in_turn = sorted(free, key=turn)
    first: dict[UUID, AssignedFor] = {}
    for wanted, why in (
        ((reason.kept,), AssignedFor.KEPT),
        ((reason.own,), AssignedFor.OWN_ADVISOR),
        ([one for one in in_turn if one in reason.deputies], AssignedFor.DEPUTY),
        (in_turn, AssignedFor.ROTATION),
    ):
        for one in wanted:
            if one is not None and one in free:
                first.setdefault(one, why)
    return list(first.items())
