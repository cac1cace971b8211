"""The routes of the registers, one file for each."""

from services.profile.registers.api import abroad, activities, assessments, breaches

ROUTERS = [one.routes for one in (activities, assessments, breaches, abroad)]
