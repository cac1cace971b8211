"""Setting how the house wants its tasks."""

import json
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.wire import check_match
from services.profile.segments import queries as segments
from services.profile.tasks.queries import policy as queries
from services.profile.tasks.queries.policy import TaskPolicy
from services.profile.tasks.rules.policy import Policy

_FIRST = text(
    "insert into task_policy (brand_id, settings, version) values (:brand, cast(:settings as jsonb), 0)"
    " on conflict do nothing"
)
_LOCK = text("select version from task_policy where brand_id = :brand for update")
_SET = text("update task_policy set settings = cast(:settings as jsonb), version = version + 1 where brand_id = :brand")
# Today's round is made anew, with what is wanted now.
_AGAIN = text("delete from task_round where brand_id = :brand and round_on = :today")


async def set_policy(tx: AsyncSession, policy: Policy, *, if_match: str, now: datetime) -> TaskPolicy:
    """Put a policy in force; raises Stale when someone else was faster. Tasks that are open stay as they are.

    Birthdays and festivals follow within a minute.
    """
    row = {"brand": tx.info["brand_id"], "settings": json.dumps(queries.written(policy))}
    await tx.execute(_FIRST, row)
    check_match(if_match, (await tx.execute(_LOCK, row)).scalar_one())
    await tx.execute(_SET, row)
    await tx.execute(_AGAIN, row | {"today": await segments.today(tx, now)})
    return await queries.policy(tx)
