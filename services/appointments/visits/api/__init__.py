"""Routes of the door."""

from services.appointments.visits.api import door, tally

# Words first, ids after them: `/visits/tally` is no visit.
ROUTERS = (tally.routes, door.routes)
