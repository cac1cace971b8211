"""A line with what somebody once wrote."""

from datetime import date

from services.profile.onboarding.actions.lines.row import Cells, Wrong, begins, whom_of
from services.profile.onboarding.actions.said import (
    NoteLine,
)
from services.profile.onboarding.rules.reasons import Reason

_LONGEST_WORDS = 4_000


def note_line(of: Cells, number: int) -> NoteLine:
    """What somebody wrote about her, and when."""
    whom = whom_of(of)
    words = (of.every("words") or [""])[0].strip()
    if not words:
        raise Wrong(Reason.WORDS_MISSING, "words")
    if len(words) > _LONGEST_WORDS:
        raise Wrong(Reason.WORDS_TOO_LONG, "words")
    written = of.when("written_on")
    if written is not None and date(written.year, written.month or 1, written.day or 1) > of.today:
        raise Wrong(Reason.DATE_AHEAD, "written_on")
    return NoteLine(number, whom, words, begins(written, of.zone) if written else None)
