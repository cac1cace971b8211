"""How much clients take part, as segments reckon it, over everybody at once."""

from datetime import timedelta

from services.profile.lists.queries.frames import Frame, Part
from services.profile.lists.rules import Criteria
from services.profile.segments.queries.engagement import CONTACTED
from services.profile.segments.queries.standing import MEMBER
from services.profile.segments.rules import engagement as rules

# The contacts that segments read of some records, here of all whom the caller may see.
_EVERYBODY = """
member as (
    select c.client_id as member_id, coalesce(a.canonical_id, c.client_id) as client_id from client c
    left join client_alias a on a.brand_id = c.brand_id and a.client_id = c.client_id where c.brand_id = :brand{within}
)
"""
_ENGAGED = f"""
{CONTACTED.replace(MEMBER, _EVERYBODY)}, engaged as materialized (
    select contacted.client_id,
        sum(worth.points * amount * power(0.5, (cast(:as_of as date) - day) / cast(:half_life as float))) as score
    from contacted join unnest(cast(:parts as text[]), cast(:worths as float[])) as worth (part, points) using (part)
    where day between :first and :as_of group by 1
)
"""  # noqa: S608


def engaged(one: Criteria, frame: Frame) -> Part:
    """Those whose score is as high; it is 100 at most, and rounded."""
    policy, as_of = frame.setting.policy, frame.today
    first = as_of - timedelta(days=rules.HALF_LIVES * policy.half_life_days)
    worths = rules.worths(policy)
    values = {
        "since": frame.setting.midnight(first),
        "until": frame.setting.ends(as_of),
        "zone": policy.zone,
        "longest": rules.LONGEST_STAY,
        "as_of": as_of,
        "first": first,
        "half_life": policy.half_life_days,
        "parts": [part.value for part in worths],
        "worths": [float(points) for points in worths.values()],
        "engagement_at_least": one.engagement_at_least,
    }
    words = "c.client_id in (select engaged.client_id from engaged where round(engaged.score) >= :engagement_at_least)"
    return Part(words, values, _ENGAGED.format(within=frame.within("c.client_id")))
