"""All that appointments can do: what its capabilities serve, what they do on facts, what they do on their own."""

from collections.abc import Callable
from datetime import datetime

from infra.eventlog.follower import Reaction
from services.appointments.availability import api as availability
from services.appointments.availability import reactions as on_availability
from services.appointments.bookings import api as bookings
from services.appointments.bookings import reactions as on_bookings
from services.appointments.bookings.actions import expiry
from services.appointments.directory import api as directory
from services.appointments.preparation import api as preparation
from services.appointments.reports import api as reports
from services.appointments.reports.actions.fitting import fitting
from services.appointments.rights import reactions as on_rights
from services.appointments.visits import api as visits
from services.appointments.visits import reactions as on_visits
from services.appointments.visits.actions.rounds import announcing, closing_up

SERVES = [*directory.ROUTERS, availability.routes, bookings.routes, *visits.ROUTERS, preparation.routes, reports.routes]
LOOPS = [expiry.loop, closing_up, announcing, fitting]


def reacts(clock: Callable[[], datetime]) -> list[Reaction]:
    """What is done on facts, some of it by the service's clock."""
    standing = (on_availability.REACTIONS, on_visits.REACTIONS, on_rights.REACTIONS)
    return [*(one for several in standing for one in several), *on_bookings.reactions(clock)]
