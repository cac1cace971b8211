"""The directory's routes, by what they are about."""

from services.appointments.directory.api import experiences, imports, places, rooms, staff, suggestions

ROUTERS = [places.routes, suggestions.routes, rooms.routes, experiences.routes, staff.routes, imports.routes]
