"""The cells of one line, by what they say, and whom they are about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from services.profile.clients.models import names
from services.profile.identities.queries import Known
from services.profile.onboarding.actions.said import (
    Named,
    Whom,
)
from services.profile.onboarding.models import cells
from services.profile.onboarding.models.cells import When
from services.profile.onboarding.rules.fields import WHOSE, Plan
from services.profile.onboarding.rules.reasons import LeftOut, Reason

_LONGEST_NAME = 100


class Wrong(Exception):
    """Why a line cannot be taken, and by which field."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code, self.field = code, field


@dataclass
class Cells:
    """The cells of one line by what they say; `asking` is the one that was asked for last."""

    row: Sequence[str]
    plan: Plan
    zone: ZoneInfo
    today: date
    asking: str = ""
    left_out: list[LeftOut] = field(default_factory=list)

    def every(self, name: str) -> list[str]:
        self.asking = name
        row = self.row
        return [row[place] for place in self.plan.columns.get(name, ()) if place < len(row) and row[place].strip()]

    def text(self, name: str) -> str:
        return cells.plain((self.every(name) or [self.plan.constants.get(name, "")])[0])

    def number_of(self, name: str) -> str:
        return cells.number_of((self.every(name) or [""])[0])

    def when(self, name: str) -> When | None:
        told = self.every(name)
        return cells.when(told[0], self.zone) if told else None


def name_of(of: Cells) -> Named | None:
    """Her name as it is kept, None where the line has none; raises Wrong."""
    told = names.tidy((of.every("name") or [""])[0])
    family = names.tidy((of.every("family_name") or [""])[0]) or None
    given = names.tidy((of.every("given_name") or [""])[0]) or None
    said = names.tidy((of.every("salutation") or [""])[0]) or None
    if not told and (family or given):
        is_latin = all(char.isascii() for char in f"{family or ''}{given or ''}")
        told = " ".join(filter(None, (given, family))) if is_latin else f"{family or ''}{given or ''}"
    bare, salutation = cells.called(told)
    if not bare:
        return None
    of.asking = "name"
    every = [bare, *(one for one in (family, given, said) if one)]
    if any(len(one) > _LONGEST_NAME or not names.is_writable(one) for one in every):
        raise Wrong(Reason.NAME_UNWRITABLE, "name")
    if said is not None and len(said) > 20:  # noqa: PLR2004 - as the record takes it
        said = None
    # What is left of 王女士 is a surname.
    only = bare if salutation and len(bare) <= len("欧阳") and not bare.isascii() and family is None else None
    return Named(bare, family or only, given, said or salutation)


def known_of(of: Cells, *, phones: bool = True) -> list[Known]:
    """By what numbers she is known, each once; raises Unreadable for a phone that is none."""
    found = []
    if member := of.number_of("member"):
        found.append(Known("member", member))
    if pos := of.number_of("pos_number"):
        found.append(Known("pos", pos, of.plan.constants["pos"]))
    if phones:
        for cell in of.every("phone"):
            found += [Known("phone", one) for one in cells.phones(cell)]
    return list(dict.fromkeys(found))


def whom_of(of: Cells) -> Whom:
    """Whom the line is about; raises Wrong where nothing says it."""
    known = known_of(of)
    if not known:
        raise Wrong(Reason.NO_IDENTITY, WHOSE[0])
    return Whom(tuple(known), name_of(of))


def begins(when: When, zone: ZoneInfo) -> datetime:
    """The moment that is told, or the beginning of the day, month or year."""
    if when.at is not None:
        return when.at
    if when.on is not None:
        return datetime.combine(when.on, time(), tzinfo=zone).astimezone(UTC)
    return datetime(when.year, when.month or 1, 1, tzinfo=UTC)
