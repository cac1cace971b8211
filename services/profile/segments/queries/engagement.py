"""Reading what a client does besides buying."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.segments.queries.setting import SegmentPolicy
from services.profile.segments.queries.standing import MEMBER
from services.profile.segments.rules import engagement as rules
from services.profile.segments.rules.engagement import Contacted, Engagement, Part

# Her contacts of some time, one row per part and day. On one day she is one visitor, however often she was seen; how
# long she stayed is known of visits that were closed.
CONTACTED = f"""
{MEMBER}, contact as (
    select member.client_id, told.kind, told.subject_id, told.occurred_at
    from member join touchpoint told on told.brand_id = :brand and told.client_id = member.member_id
    where told.occurred_at >= :since and told.occurred_at < :until
        and told.kind in ('arrived', 'visit-completed', 'answer')
    union all
    select member.client_id, told.kind, told.contact_id, told.occurred_at
    from member join reported_contact told on told.brand_id = :brand and told.client_id = member.member_id
    where told.occurred_at >= :since and told.occurred_at < :until
        and told.kind in ('door', 'call', 'messaging', 'share', 'post-interaction')
), stay as (
    select client_id, min(occurred_at) filter (where kind = 'arrived') as arrived_at,
        max(occurred_at) filter (where kind = 'visit-completed') as left_at
    from contact where kind in ('arrived', 'visit-completed') group by client_id, subject_id
), contacted as (
    select client_id, 'visits' as part, (occurred_at at time zone cast(:zone as text))::date as day, 1.0 as amount
    from contact where kind in ('arrived', 'visit-completed', 'door') group by 1, 3
    union all
    select client_id, 'time-in-store', (arrived_at at time zone cast(:zone as text))::date,
        least(extract(epoch from left_at - arrived_at) / 3600, cast(:longest as numeric))
    from stay where left_at > arrived_at
    union all
    select client_id, case kind when 'answer' then 'answers' when 'share' then 'shares'
        when 'post-interaction' then 'shares' else 'enquiries' end,
        (occurred_at at time zone cast(:zone as text))::date, 1.0
    from contact where kind in ('answer', 'share', 'post-interaction', 'call', 'messaging')
)
"""  # noqa: S608 - our own words
_OF_HERS = text(f"with {CONTACTED} select part, day, sum(amount) as amount from contacted group by 1, 2")  # noqa: S608


async def engagement(tx: AsyncSession, ids: Sequence[UUID], setting: SegmentPolicy, as_of: date) -> Engagement:
    """The engagement of one surviving record on a day."""
    read = timedelta(days=rules.HALF_LIVES * setting.policy.half_life_days)
    asked = {
        "brand": tx.info["brand_id"],
        "ids": list(ids),
        "since": setting.midnight(as_of - read),
        "until": setting.ends(as_of),
        "zone": setting.policy.zone,
        "longest": rules.LONGEST_STAY,
    }
    rows = await tx.execute(_OF_HERS, asked)
    contacts = [Contacted(Part(row.part), row.day, float(row.amount)) for row in rows]
    return rules.engagement(contacts, setting.policy, as_of)
