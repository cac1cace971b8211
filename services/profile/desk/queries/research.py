"""Who looks online before she buys in a boutique."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.touchpoints.rules import ONLINE

# Each buyer's first purchase of the period in a boutique; a merged record's purchases and contacts are the client's.
_RESEARCH = text(
    """
    with buyer as (
        select coalesce(a.canonical_id, p.client_id) as client_id, min(p.purchased_at) as bought_at
        from purchase p left join client_alias a on a.brand_id = p.brand_id and a.client_id = p.client_id
        where p.brand_id = :brand and p.client_id is not null and p.boutique_id is not null and p.net_minor > 0
            and p.purchased_at >= :since and p.purchased_at < :until
        group by 1
    )
    select count(*) as buyers, count(*) filter (where exists (
        select from reported_contact c
        where c.brand_id = :brand and c.kind = any(:online) and c.occurred_at <= buyer.bought_at
            and c.occurred_at >= buyer.bought_at - make_interval(days => :days)
            and (c.client_id = buyer.client_id or c.client_id in (
                select client_id from client_alias where brand_id = :brand and canonical_id = buyer.client_id))
    )) as researched
    from buyer
    """
)


@dataclass(frozen=True, slots=True)
class Research:
    """How many bought in a boutique, and how many of them had researched online."""

    buyers: int
    researched: int


async def research_online(tx: AsyncSession, *, since: datetime, until: datetime, days: int) -> Research:
    """Of those who bought in a boutique in the period, how many had contacts online in the days before."""
    asked = {"since": since, "until": until, "days": days, "online": [kind.value for kind in ONLINE]}
    return Research(**(await tx.execute(_RESEARCH, {"brand": tx.info["brand_id"], **asked})).mappings().one())
