"""What may be sent to a client, by which channel and when; what it may say; and the life of a message."""

from services.profile.messages.rules.life import NEXT, Status, Step, StepNotOpen, after
from services.profile.messages.rules.permission import Asked, Reason
from services.profile.messages.rules.purposes import (
    BY_HAND,
    NEEDS_CONSENT,
    Channel,
    Purpose,
    PurposeNotOpen,
    check_purpose,
)
from services.profile.messages.rules.templates import template

__all__ = [
    "BY_HAND",
    "NEEDS_CONSENT",
    "NEXT",
    "Asked",
    "Channel",
    "Purpose",
    "PurposeNotOpen",
    "Reason",
    "Status",
    "Step",
    "StepNotOpen",
    "after",
    "check_purpose",
    "template",
]
