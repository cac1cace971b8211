"""Reading what advisors can bear, and what they bear."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.books.queries.used import IS_USED
from services.profile.books.rules.policy import DEVELOPMENT, Load, Policy

_POLICY = text("select soft, hard, counted, first_contact_days, version from book_policy where brand_id = :brand")
# Whether a client counts; `counted` and `with_development` are the policy's.
IS_COUNTED = (
    "(exists (select from client_segment s where s.brand_id = :brand and s.client_id = owner.client_id"
    " and s.segment = any(:counted)) or (:with_development and exists (select from client_plan p"
    " where p.brand_id = :brand and p.client_id = owner.client_id and p.stage is not null)))"
)
_LOADS = text(
    f"select advisor_id, count(*), count(*) filter (where {IS_COUNTED}) from client_owner owner"  # noqa: S608 - our own words
    f" where brand_id = :brand and advisor_id = any(:ids) and {IS_USED} group by advisor_id"
)
_COUNTED = text(
    f"select client_id from unnest(cast(:ids as uuid[])) as owner (client_id) where {IS_COUNTED}"  # noqa: S608 - our own words
)


@dataclass(frozen=True, slots=True)
class BookPolicy:
    """A brand's policy; version 0 is the default that nobody has changed."""

    policy: Policy
    version: int


async def policy(tx: AsyncSession) -> BookPolicy:
    """The policy in force."""
    row = (await tx.execute(_POLICY, {"brand": tx.info["brand_id"]})).one_or_none()
    if row is None:
        return BookPolicy(Policy(), 0)
    return BookPolicy(Policy(row.soft, row.hard, frozenset(row.counted), row.first_contact_days), row.version)


def counting(setting: Policy) -> dict[str, object]:
    """The arguments of IS_COUNTED."""
    return {
        "counted": sorted(setting.counted - {DEVELOPMENT}),
        "with_development": DEVELOPMENT in setting.counted,
    }


async def loads(tx: AsyncSession, advisor_ids: Collection[UUID], setting: Policy) -> dict[UUID, Load]:
    """How many clients whose data may be used these advisors own; those without any are absent."""
    asked = {"brand": tx.info["brand_id"], "ids": list(advisor_ids), **counting(setting)}
    return {advisor_id: Load(clients, counted) for advisor_id, clients, counted in await tx.execute(_LOADS, asked)}


async def counted(tx: AsyncSession, client_ids: Collection[UUID], setting: Policy) -> set[UUID]:
    """Which of these clients count in a book."""
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), **counting(setting)}
    return set((await tx.execute(_COUNTED, asked)).scalars())
