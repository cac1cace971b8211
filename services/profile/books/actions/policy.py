"""Setting what advisors can bear."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.wire import check_match
from services.profile.books.queries import policy as policies
from services.profile.books.queries.policy import BookPolicy
from services.profile.books.rules.policy import Policy

_FIRST = text(
    "insert into book_policy (brand_id, soft, hard, counted, first_contact_days, version)"
    " values (:brand, :soft, :hard, :counted, :first_contact_days, 0) on conflict do nothing"
)
_LOCK = text("select version from book_policy where brand_id = :brand for update")
_SET = text(
    "update book_policy set soft = :soft, hard = :hard, counted = :counted, first_contact_days = :first_contact_days,"
    " version = version + 1 where brand_id = :brand"
)


async def set_policy(tx: AsyncSession, setting: Policy, *, if_match: str) -> BookPolicy:
    """Put a policy in force; books that are larger stay so. Raises LimitsOutOfOrder, Stale."""
    setting.check()
    row = {
        "brand": tx.info["brand_id"],
        "soft": setting.soft,
        "hard": setting.hard,
        "counted": sorted(setting.counted),
        "first_contact_days": setting.first_contact_days,
    }
    await tx.execute(_FIRST, row)
    check_match(if_match, (await tx.execute(_LOCK, row)).scalar_one())
    await tx.execute(_SET, row)
    return await policies.policy(tx)
