"""Giving a client an identifier, joining two records that are one person, and taking that back."""

from services.profile.identities.actions.identifiers import add, claim, confirm, seek, share
from services.profile.identities.actions.merges import hold, keep_apart, let_meet, meet, merge, separate

__all__ = [
    "add",
    "claim",
    "confirm",
    "hold",
    "keep_apart",
    "let_meet",
    "meet",
    "merge",
    "seek",
    "separate",
    "share",
]
