"""Routes of occasions."""

from services.appointments.occasions.api import invitations, occasions

ROUTERS = [noun.routes for noun in (occasions, invitations)]
