"""The routes of bookings, by what they are about."""

from services.appointments.bookings.api import appointments, disruptions, policy, proposals, steps

ROUTERS = [noun.routes for noun in (appointments, steps, proposals, disruptions, policy)]
