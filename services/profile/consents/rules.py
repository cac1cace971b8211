"""What a row of decisions comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Purpose(StrEnum):
    """What a client may allow. One decision each, never bundled."""

    PERSONALISATION = "personalisation"
    MARKETING = "marketing"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Decision:
    """One consent she gave, and how it ended, if it ended."""

    consent_id: UUID
    purpose: Purpose
    notice_version: str
    channel: str
    given_at: datetime
    replaced_at: datetime | None
    withdrawn_at: datetime | None


def latest(decisions: Sequence[Decision], purpose: Purpose) -> Decision | None:
    """Her last word on a purpose over all her records: a withdrawal on one outdoes an older yes on another."""
    words = [one for one in decisions if one.purpose == purpose and one.replaced_at is None]
    # Ids grow with time: of two words in the same moment the later row counts.
    return max(words, key=lambda one: (one.withdrawn_at or one.given_at, one.consent_id), default=None)


def stands(decision: Decision | None) -> bool:
    """Is this a yes? Silence is a no."""
    return decision is not None and decision.withdrawn_at is None
