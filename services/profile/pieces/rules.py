"""Whose a piece is after all that happened to it, and what is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal

FIRST_DAY = date(1837, 1, 1)  # no house here is older than its oldest ledger
SLACK = timedelta(days=1)  # today is tomorrow elsewhere


class Way(StrEnum):
    """How a piece came to somebody, or left her. In the order in which two of one moment happened."""

    BOUGHT = "bought"
    RETURNED = "returned"
    ENTERED = "entered"
    GIVEN = "given"
    SOLD = "sold"
    INHERITED = "inherited"


_ORDER = list(Way)


class SerialUnreadable(Refusal):
    """Nothing that is engraved on a piece of the house."""

    kind = Kind.INVALID
    slug = "serial-unreadable"
    en = "A serial has 3 to 40 letters, digits, points, dashes or strokes. Read it from the piece or its certificate."
    zh = "序列号应为 3 至 40 位字母、数字、点、横线或斜线，请对照单品或证书重新填写。"


class SerialTaken(Refusal):
    """The piece is somebody else's, as far as the house knows."""

    kind = Kind.CONFLICT
    slug = "serial-taken"
    en = "A piece with this serial belongs to another client. Find it by its serial and record a change of owner."
    zh = "该序列号的单品已属于其他客户。请按序列号查找，并登记所有权变更。"


class OwnerUnchanged(Refusal):
    """It is hers already."""

    kind = Kind.CONFLICT
    slug = "owner-unchanged"
    en = "The piece already belongs to this client. Choose the client it goes to."
    zh = "该单品已属于这位客户，请选择新的所有人。"


class NobodysPiece(Refusal):
    """What nobody owns cannot be given away."""

    kind = Kind.CONFLICT
    slug = "nobodys-piece"
    en = "Nobody owns this piece at present. Enter it for the client who has it."
    zh = "该单品目前没有所有人，请直接为持有它的客户登记。"


class DayImpossible(Refusal):
    """A service of a day that has not come, or before there was a house."""

    kind = Kind.INVALID
    slug = "day-impossible"
    en = "A service is written down when it is done. Choose a day that has come."
    zh = "服务完成后方可登记，请选择今天或之前的日期。"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a piece: whose it became, None for nobody's or nobody known."""

    way: Way
    client_id: UUID | None
    changed_at: datetime


def owner_after(changes: Iterable[Change]) -> UUID | None:
    """Whose the piece is, whatever the order in which the changes were told.

    What people enter holds. A till's sale of a piece that is another client's moves nothing: one of the two is wrong,
    and only a person can tell which.
    """
    owner: UUID | None = None
    for change in sorted(changes, key=lambda change: (change.changed_at, _ORDER.index(change.way))):
        if change.way is Way.BOUGHT and owner is not None:
            continue
        owner = None if change.way is Way.RETURNED else change.client_id
    return owner


def check_day(served_on: date, *, today: date) -> None:
    """Raise DayImpossible."""
    if not FIRST_DAY <= served_on <= today + SLACK:
        raise DayImpossible
