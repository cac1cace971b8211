"""A line about a client."""

from services.profile.clients.models import days
from services.profile.clients.models.days import Day
from services.profile.clients.rules import DayAhead, NoSuchDay
from services.profile.identities.models import EmailUnreadable, mailbox
from services.profile.identities.queries import Known
from services.profile.onboarding.actions.lines.row import Cells, Wrong, known_of, name_of
from services.profile.onboarding.actions.said import (
    ClientLine,
    Whom,
)
from services.profile.onboarding.models import cells
from services.profile.onboarding.models.cells import Unreadable
from services.profile.onboarding.rules.fields import WHOSE
from services.profile.onboarding.rules.reasons import LeftOut, Reason


def client_line(of: Cells, number: int) -> ClientLine:
    """A client, by what is left once what cannot be read is left out."""
    name = name_of(of)
    if name is None:
        raise Wrong(Reason.NAME_MISSING, "name")
    known = known_of(of, phones=False)
    bad: Unreadable | None = None
    for cell in of.every("phone"):
        try:
            known += [Known("phone", one) for one in cells.phones(cell)]
        except Unreadable as wrong:
            bad = wrong
            of.left_out.append(LeftOut(wrong.code.value))
    if told := of.every("email"):
        try:
            known.append(Known("email", mailbox(cells.plain(told[0]))))
        except EmailUnreadable:
            of.left_out.append(LeftOut.EMAIL_UNREADABLE)
    known = list(dict.fromkeys(known))
    if not known:
        # A bad phone is left out only of somebody who is known without it.
        raise Wrong(bad.code if bad else Reason.NO_IDENTITY, "phone" if bad else WHOSE[0])
    return ClientLine(number, Whom(tuple(known), name), name, _birthday(of), tuple(of.left_out))


def _birthday(of: Cells) -> Day | None:
    told = of.every("birthday")
    if not told:
        return None
    try:
        day = cells.birthday(told[0], of.zone)
        days.check(day, today=of.today)
    except Unreadable as wrong:
        partial = wrong.code is Reason.DATE_PARTIAL
        of.left_out.append(LeftOut.BIRTHDAY_PARTIAL if partial else LeftOut.BIRTHDAY_UNREADABLE)
        return None
    except (NoSuchDay, DayAhead):
        of.left_out.append(LeftOut.BIRTHDAY_UNREADABLE)
        return None
    if day.year is not None and not days.FIRST_YEAR <= day.year <= days.LAST_YEAR:
        of.left_out.append(LeftOut.BIRTHDAY_UNREADABLE)
        return None
    return day
