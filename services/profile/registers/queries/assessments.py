"""Reading what impact assessments cover."""

import json
from collections import defaultdict
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.registers.queries import entries
from services.profile.registers.rules.activities import AssessedFor
from services.profile.registers.rules.assessments import Outcome, holds
from services.profile.registers.rules.entries import Register


async def covered(tx: AsyncSession, *, today: date) -> dict[UUID, set[AssessedFor]]:
    """What has been assessed and accepted of each activity, by assessments that hold today."""
    found: dict[UUID, set[AssessedFor]] = defaultdict(set)
    for one in await entries.every(tx, Register.ASSESSMENTS):
        said = json.loads(one.content)
        review = date.fromisoformat(said["next_review_on"])
        if one.ended_on is None and holds(Outcome(said["outcome"]), review, today=today):
            for activity_id in said["activity_ids"]:
                found[UUID(activity_id)] |= {AssessedFor(reason) for reason in said["reasons"]}
    return found
