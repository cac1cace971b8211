"""The routes of a client's rights, by who asks."""

from services.profile.rights.api import mine, officer

ROUTERS = [mine.routes, officer.routes]
