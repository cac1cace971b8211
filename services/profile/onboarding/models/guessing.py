"""What a column seems to say by what stands in it, where its name says nothing."""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from services.profile.identities.models import EmailUnreadable, mailbox
from services.profile.onboarding.models import cells
from services.profile.onboarding.models.cells import Unreadable
from services.profile.onboarding.rules.fields import FIELDS
from services.profile.onboarding.rules.steps import Kind

LEAST = 3  # cells that say something; of fewer nothing is guessed
SURE = 0.8  # of them have to be what is guessed
DIFFERENT = 0.5  # of them have to differ, for a name: a column of cities looks like one otherwise
_NAME = re.compile(r"^[\u3400-\u9fff·]{2,6}$|^(mr|ms|mrs|miss)\.? ", re.IGNORECASE)
_ANYWHERE = ZoneInfo("UTC")


def _is_phone(cell: str) -> bool:
    with contextlib.suppress(Unreadable):
        return bool(cells.phones(cell))
    return False


def _is_day(cell: str) -> bool:
    with contextlib.suppress(Unreadable):
        return cells.when(cell, _ANYWHERE).on is not None
    return False


def _is_name(cell: str) -> bool:
    return _NAME.match(cells.plain(cell)) is not None


def _is_email(cell: str) -> bool:
    with contextlib.suppress(EmailUnreadable):
        return bool(mailbox(cells.plain(cell)))
    return False


# In this order: the first column that is one wins, and a column is only one thing.
_GUESSES: Mapping[str, Callable[[str], bool]] = {
    "phone": _is_phone,
    "email": _is_email,
    "birthday": _is_day,
    "given_on": _is_day,
    "written_on": _is_day,
    "purchased_on": _is_day,
    "name": _is_name,
}


def guessed(
    kind: Kind, columns: Sequence[str], rows: Sequence[Sequence[str]], known: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """`known` with the fields that no header names and the first rows give away."""
    found = {name: list(wanted) for name, wanted in known.items()}
    taken = {column for wanted in found.values() for column in wanted}
    for name, holds in _GUESSES.items():
        if name not in FIELDS[kind] or name in found:
            continue
        for place, column in enumerate(columns):
            said = [row[place] for row in rows if place < len(row) and row[place].strip()]
            if column not in taken and _fits(said, holds, differ=name == "name"):
                found[name] = [column]
                taken.add(column)
                break
    return found


def _fits(said: Sequence[str], holds: Callable[[str], bool], *, differ: bool) -> bool:
    if len(said) < LEAST or (differ and len(set(said)) < DIFFERENT * len(said)):
        return False
    return sum(map(holds, said)) >= SURE * len(said)
