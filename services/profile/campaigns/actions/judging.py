"""What becomes of the clients of a list, some thousands at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.books import queries as books
from services.profile.books.queries import Owner
from services.profile.campaigns import rules
from services.profile.campaigns.queries.campaigns import Campaign
from services.profile.campaigns.rules import Asked, Fate
from services.profile.messages.actions import permission
from services.profile.tasks.queries import offers


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of one client: the ledger's reason against it, or the advisor who would turn to her."""

    client_id: UUID
    fate: Fate
    reason: str | None
    owner: Owner | None


async def judge(
    tx: AsyncSession, campaign: Campaign, client_ids: Sequence[UUID], *, now: datetime
) -> Mapping[UUID, Judged]:
    """What becomes of these surviving records; nothing is changed."""
    ids = list(client_ids)
    decided = await permission.decide(tx, ids, campaign.purpose, now=now)
    owners, offered = await books.owners(tx, ids), await offers.offered(tx, ids)
    found = {}
    for client_id in ids:
        decision, owner = decided[client_id], owners.get(client_id)
        reason = None if decision.channel is not None else str(decision.reason)
        asked = Asked(reason, owner is not None, client_id in offered)
        fate = rules.fate(
            asked, campaign.campaign_id, client_id, purpose=campaign.purpose, control_bp=campaign.control_bp
        )
        found[client_id] = Judged(client_id, fate, reason, owner)
    return found
