"""Reckoning segments anew, and changing how they are reckoned; fits and scores stand in modules of their own."""

from services.profile.segments.actions.policy import set_policy
from services.profile.segments.actions.reckoning import recompute
from services.profile.segments.actions.reviewing import review_due, reviewing

__all__ = ["recompute", "review_due", "reviewing", "set_policy"]
