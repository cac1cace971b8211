"""What an import wrote, one thing at a time."""

from dataclasses import dataclass
from uuid import UUID

from services.profile.onboarding.rules.reasons import Stays


@dataclass(frozen=True, slots=True)
class Written:
    """One thing that the import wrote."""

    effect_id: UUID
    line: int
    kind: str
    row_id: UUID
    part: int | None
    before_id: UUID | None
    was: str | None


Left = dict[UUID, Stays]  # why something stays, by effect
