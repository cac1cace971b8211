"""When a client may be shown to who receives her, and what is missing before she comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.appointments.bookings.rules import Status

AROUND_A_VISIT = timedelta(hours=24)  # a visit is prepared and followed up for so long; profile opens her as long
AHEAD = frozenset({"pending", "confirmed", "checked-in"})  # in these a visit can be laid out for
MOST_VISITS = 200  # of one day, in the list of a morning
VIDEO = "video"


def reference(appointment_id: UUID) -> str:
    """What people call a visit by, over the telephone: the last eight digits of its id, which are random."""
    return appointment_id.hex[-8:].upper()


class NothingToArrange(Refusal):
    """Nobody comes: the time is only kept, or the visit is over or called off."""

    kind = Kind.CONFLICT
    slug = "nothing-to-arrange"
    en = "Only a visit that is agreed and not over can be laid out for."
    zh = "仅可为已约定且尚未结束的到店安排接待。"


class Note(StrEnum):
    """Why a part of the sheet is empty; the console says it in words."""

    AWAY = "away"  # the service that knows does not answer just now
    REFUSED = "refused"  # it does not tell
    NONE_PREPARED = "none-prepared"  # nobody has chosen pieces yet
    NOT_EXPECTED = "not-expected"  # no visit is due, so there is no reason to show her


class Missing(StrEnum):
    """What is still to be done before a visit; the console says it in words."""

    APPROVAL = "approval"  # the boutique has not said yes yet
    ROOM = "room"
    ASSORTMENT = "assortment"  # nobody has chosen pieces
    PIECES = "pieces"  # some of them are not in the boutique
    ARRANGEMENT = "arrangement"  # neither refreshments nor the room are laid out
    ANSWERS = "answers"  # she has not answered what she was asked
    LINK = "link"  # nobody knows where the video visit is held


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is known of a visit's preparation. `pieces` and `not_in_stock` are null while nobody can say."""

    status: str
    mode: str
    needs_room: bool
    has_room: bool
    is_arranged: bool
    asks: int
    answers: int
    has_link: bool
    pieces: int | None
    not_in_stock: int | None


def missing(known: Readiness) -> Sequence[Missing]:
    """What is still to be done, in the order in which one does it; nothing once she is received."""
    if known.status not in {"pending", "confirmed"}:
        return []
    by_video = known.mode == VIDEO
    wanted = {
        Missing.APPROVAL: known.status == "pending",
        Missing.ROOM: known.needs_room and not known.has_room and not by_video,
        Missing.ASSORTMENT: known.pieces == 0,
        Missing.PIECES: bool(known.not_in_stock),
        Missing.ARRANGEMENT: not known.is_arranged and not by_video,
        Missing.ANSWERS: known.answers < known.asks,
        Missing.LINK: by_video and not known.has_link,
    }
    return [one for one, is_missing in wanted.items() if is_missing]


def expected(
    status: Status,
    *,
    starts_at: datetime,
    ends_at: datetime,
    arrived_at: datetime | None,
    completed_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether she is present as profile sees it: from a day before her visit until a day after it."""
    if status not in {Status.CONFIRMED, Status.CHECKED_IN, Status.COMPLETED}:
        return False
    # She may come earlier or later than agreed; once she has left, only that counts.
    first = min(starts_at - AROUND_A_VISIT, arrived_at or starts_at)
    last = completed_at or max(ends_at, arrived_at or ends_at)
    return first <= now < last + AROUND_A_VISIT


def receives(status: Status, *, here: bool) -> bool:
    """Whether the pieces for a visit are laid out even by who may not see the client: she comes, and comes here."""
    return here and status in {Status.CONFIRMED, Status.CHECKED_IN}
