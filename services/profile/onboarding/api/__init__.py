"""The routes by which a house brings its old files."""

from services.profile.onboarding.api import imports, rejects

ROUTERS = [imports.routes, rejects.routes]
