"""Setting how much a brand sends, and when."""

from dataclasses import asdict

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.wire import check_match
from services.profile.messages.queries import standing
from services.profile.messages.queries.standing import MessagePolicy
from services.profile.messages.rules.policy import Policy

_FIRST = text(
    "insert into message_policy"
    " (brand_id, budget, days, quiet_from, quiet_until, zone, same_words, draft_days, version)"
    " values (:brand, :budget, :days, :quiet_from, :quiet_until, :zone, :same_words, :draft_days, 0)"
    " on conflict do nothing"
)
_LOCK = text("select version from message_policy where brand_id = :brand for update")
_SET = text(
    "update message_policy set budget = :budget, days = :days, quiet_from = :quiet_from, quiet_until = :quiet_until,"
    " zone = :zone, same_words = :same_words, draft_days = :draft_days, version = version + 1 where brand_id = :brand"
)


async def set_policy(tx: AsyncSession, policy: Policy, *, if_match: str) -> MessagePolicy:
    """Put a policy in force; raises ZoneUnknown, or Stale when someone else was faster."""
    policy.check()
    row = {"brand": tx.info["brand_id"], **asdict(policy)}
    await tx.execute(_FIRST, row)
    check_match(if_match, (await tx.execute(_LOCK, row)).scalar_one())
    await tx.execute(_SET, row)
    return await standing.policy(tx)
