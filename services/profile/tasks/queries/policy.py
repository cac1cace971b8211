"""Reading how the house wants its tasks."""

import json
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.policy import NUMBERS, OPEN_DAYS, Festival, Policy

_POLICY = text("select cast(settings as text) as settings, version from task_policy where brand_id = :brand")


@dataclass(frozen=True, slots=True)
class TaskPolicy:
    """A brand's policy; version 0 is the default that nobody has changed."""

    policy: Policy
    version: int


async def policy(tx: AsyncSession) -> TaskPolicy:
    """The policy in force."""
    row = (await tx.execute(_POLICY, {"brand": tx.info["brand_id"]})).one_or_none()
    return TaskPolicy(Policy(), 0) if row is None else TaskPolicy(_read(row.settings), row.version)


def written(policy: Policy) -> dict[str, object]:
    """A policy as it is stored."""
    numbers = {name: getattr(policy, name) for name in NUMBERS}
    return numbers | {
        "at_work": sorted(policy.at_work),
        "festivals": sorted(policy.festivals),
        "open_days": {kind.value: days for kind, days in policy.open_days.items()},
    }


def _read(stored: str) -> Policy:
    settings = json.loads(stored)
    given = {Kind(kind): days for kind, days in settings.pop("open_days").items()}
    at_work = frozenset(Kind(kind) for kind in settings.pop("at_work"))
    festivals = frozenset(Festival(festival) for festival in settings.pop("festivals"))
    return Policy(at_work=at_work, festivals=festivals, open_days={**OPEN_DAYS, **given}, **settings)
