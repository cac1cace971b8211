"""Loyalty's own routes; what is about one client stands at the desk."""

from services.profile.loyalty.api import points, privileges, tiers

ROUTERS = [noun.routes for noun in (points, tiers, privileges)]
