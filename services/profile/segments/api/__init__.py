"""The routes of segments that need no client, by what they are about."""

from services.profile.segments.api import policy, report

ROUTERS = [policy.routes, report.routes]
