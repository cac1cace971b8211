"""The directory's routes, by what they are about."""

from services.appointments.directory.api import experiences, places, rooms, staff

ROUTERS = [places.routes, rooms.routes, experiences.routes, staff.routes]
