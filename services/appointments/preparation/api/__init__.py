"""Preparation's routes, by what they are about."""

from services.appointments.preparation.api import mornings, sheets

ROUTERS = [sheets.routes, mornings.routes]
