"""The routes of availability, by what they are about."""

from services.appointments.availability.api import absences, explaining, guests, times

ROUTERS = [times.routes, explaining.routes, absences.routes, guests.routes]
