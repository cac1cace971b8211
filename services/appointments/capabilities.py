"""All that appointments can do: what its capabilities serve, what they do on facts, what they do on their own."""

from collections.abc import Callable
from datetime import datetime

from infra.eventlog.follower import Reaction
from services.appointments.availability import api as availability
from services.appointments.availability import reactions as on_availability
from services.appointments.bookings import api as bookings
from services.appointments.bookings import reactions as on_bookings
from services.appointments.bookings.actions import expiry
from services.appointments.calendars import api as calendars
from services.appointments.directory import api as directory
from services.appointments.occasions import api as occasions
from services.appointments.occasions import reactions as on_occasions
from services.appointments.occasions.actions.telling import telling
from services.appointments.occasions.actions.waiting import seating_those_who_wait
from services.appointments.preparation import api as preparation
from services.appointments.reminders import api as reminders
from services.appointments.reminders import reactions as on_reminders
from services.appointments.reminders.actions import dispatch
from services.appointments.reports import api as reports
from services.appointments.reports.actions.fitting import fitting
from services.appointments.rights import reactions as on_rights
from services.appointments.visits import api as visits
from services.appointments.visits import reactions as on_visits
from services.appointments.visits.actions.rounds import announcing, closing_up
from services.appointments.waitlist import api as waitlist
from services.appointments.waitlist import reactions as on_waitlist
from services.appointments.waitlist.actions.asking import offering

SERVES = [*directory.ROUTERS, *availability.ROUTERS, *bookings.ROUTERS, *occasions.ROUTERS, waitlist.routes]
SERVES += [
    *visits.ROUTERS,
    *preparation.ROUTERS,
    reminders.routes,
    calendars.routes,
    calendars.open_routes,
    reports.routes,
]
LOOPS = [expiry.loop, telling, seating_those_who_wait, offering, closing_up, announcing, dispatch.loop, fitting]


def reacts(clock: Callable[[], datetime]) -> list[Reaction]:
    """What is done on facts, some of it by the service's clock."""
    standing = (on_availability.REACTIONS, on_occasions.REACTIONS, on_visits.REACTIONS, on_rights.REACTIONS)
    by_clock = (on_bookings.reactions, on_waitlist.reactions, on_reminders.reactions)
    return [
        *(one for several in standing for one in several),
        *(one for several in by_clock for one in several(clock)),
    ]
