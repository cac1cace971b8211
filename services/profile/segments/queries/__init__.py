"""Reading segments; what is asked most stands here, the rest in the module of its noun."""

from services.profile.segments.queries.setting import SegmentPolicy, latest_day_anywhere, policy, today
from services.profile.segments.queries.standing import current, lifecycles, reckoned_on, segment_of, standings

__all__ = [
    "SegmentPolicy",
    "current",
    "latest_day_anywhere",
    "lifecycles",
    "policy",
    "reckoned_on",
    "segment_of",
    "standings",
    "today",
]
