"""How often the house learns something and follows up: what is counted, out of what, in which month."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

DECEMBER = 12


class Of(StrEnum):
    """What a share is of.

    `clients-served`: clients who bought or whose visit was completed in the month; counted are those of whom the house
    learned something in it: a preference, a wish, a note, a day that matters, or whether it may write to them.

    `clients-due`: clients with a thank-you, after-sales call, recovery call or first contact after a handover promised
    by a day of the month that has passed, or done already; counted are those with whom there was a contact by that day,
    for each of them.

    `contacts`: clients contacted, by day: reached or left a word as a task's outcome says, or sent a message, however
    often in a day; counted are those days on which nothing was offered.
    """

    CLIENTS_SERVED = "clients-served"
    CLIENTS_DUE = "clients-due"
    CONTACTS = "contacts"


class Level(StrEnum):
    """For whom is counted. `team`: all boutiques of the caller together; a client of two of them is one."""

    BRAND = "brand"
    REGION = "region"
    TEAM = "team"
    BOUTIQUE = "boutique"
    ADVISOR = "advisor"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    counted: int = 0
    out_of: int = 0

    @property
    def share(self) -> float | None:
        """Between 0 and 1, with four places; None of nothing."""
        return round(self.counted / self.out_of, 4) if self.out_of else None


@dataclass(frozen=True, slots=True)
class Rates:
    """The three shares of one group."""

    level: Level
    region_id: UUID | None
    boutique_id: UUID | None
    collection: Share
    follow_up: Share
    not_selling: Share


def month_of(written: str) -> tuple[date, date]:
    """The first day of a month written as 2026-03, and of the next one."""
    year, month = (int(part) for part in written.split("-"))
    begins = date(year, month, 1)
    return begins, date(year + (month == DECEMBER), month % DECEMBER + 1, 1)
