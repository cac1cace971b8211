"""The directory's routes, by what they are about."""

from services.appointments.directory.api import places, staff

ROUTERS = [places.routes, staff.routes]
