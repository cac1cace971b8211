"""Planning a campaign, looking at what it would come to, starting and stopping it."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.ids import new_id
from services.profile.campaigns import rules
from services.profile.campaigns.actions import cancelling
from services.profile.campaigns.actions.judging import judge
from services.profile.campaigns.queries import campaigns as queries
from services.profile.campaigns.queries.campaigns import Campaign
from services.profile.campaigns.rules import Draft, Fate, Preview, Step
from services.profile.lists import queries as lists
from services.profile.segments import queries as segments

FIRST = UUID(int=0)
PREVIEWED = 5_000  # clients of a list that a preview judges; of a longer one it judges the first so many
AT_ONCE = 1_000

_PLAN = text(
    "insert into campaign (brand_id, campaign_id, list_id, name, purpose, words, pieces, due_on, closes_on,"
    " attribution_days, control_bp, status, asked_by, created_by, created_at, after)"
    " values (:brand, :campaign_id, :list_id, :name, :purpose, :words, :pieces, :due_on, :closes_on,"
    " :attribution_days, :control_bp, 'draft', cast(:asked_by as jsonb), :by, :now, :first)"
)
_START = text(
    "update campaign set status = :status, started_at = :now, asked_by = cast(:asked_by as jsonb)"
    " where brand_id = :brand and campaign_id = :campaign_id"
)
_STOP = text(
    "update campaign set status = :status, ended_at = :now, is_cancelling = true"
    " where brand_id = :brand and campaign_id = :campaign_id"
)


async def plan(tx: AsyncSession, draft: Draft, *, by: Caller, now: datetime) -> Campaign:
    """Keep a draft; raises NotFound for a list that the caller does not find, CampaignWindowClosed."""
    rules.check_window(draft.due_on, draft.closes_on, today=await segments.today(tx, now))
    await lists.saved_list(tx, draft.list_id, by=by)
    campaign_id = new_id()
    row = {
        "brand": tx.info["brand_id"],
        "campaign_id": campaign_id,
        "list_id": draft.list_id,
        "name": draft.name,
        "purpose": draft.purpose.value,
        "words": keyring(tx).seal("campaign", "words", campaign_id, draft.words),
        "pieces": list(draft.pieces),
        "due_on": draft.due_on,
        "closes_on": draft.closes_on,
        "attribution_days": draft.attribution_days,
        "control_bp": draft.control_bp,
        "asked_by": queries.written(by),
        "by": by.subject,
        "now": now,
        "first": FIRST,
    }
    await tx.execute(_PLAN, row)
    return await queries.campaign(tx, campaign_id, by=by)


async def preview(tx: AsyncSession, campaign_id: UUID, *, by: Caller, now: datetime) -> Preview:
    """What it would come to if it were started now; nothing is changed. Raises NotFound."""
    campaign = await queries.campaign(tx, campaign_id, by=by)
    members = (await lists.count(tx, campaign.list_id, by=by, now=now)).clients
    fates: Counter[Fate] = Counter()
    reasons: Counter[str] = Counter()
    loads: Counter[UUID] = Counter()
    after, judged = FIRST, 0
    while judged < PREVIEWED:
        ids = await lists.members(tx, campaign.list_id, by=by, now=now, after=after, limit=AT_ONCE)
        if not ids:
            break
        for one in (await judge(tx, campaign, ids, now=now)).values():
            fates[one.fate] += 1
            if one.reason is not None:
                reasons[one.reason] += 1
            if one.fate is Fate.TASK and one.owner is not None:
                loads[one.owner.advisor_id] += 1
        judged += len(ids)
        after = ids[-1]
    return Preview(members, judged, fates, reasons, dict(sorted(loads.items())))


async def start(tx: AsyncSession, campaign_id: UUID, *, by: Caller, now: datetime) -> Campaign:
    """Let the tasks be opened, for whom the caller may see of the list.

    Raises NotFound, CampaignStepNotOpen, CampaignWindowClosed.
    """
    campaign = await queries.campaign(tx, campaign_id, by=by, lock=True)
    status = rules.after(campaign.status, Step.START)
    rules.check_window(campaign.due_on, campaign.closes_on, today=await segments.today(tx, now))
    await lists.saved_list(tx, campaign.list_id, by=by)
    row = {"brand": tx.info["brand_id"], "campaign_id": campaign_id, "status": status.value, "now": now}
    await tx.execute(_START, row | {"asked_by": queries.written(by)})
    return await queries.campaign(tx, campaign_id, by=by)


async def stop(tx: AsyncSession, campaign_id: UUID, *, by: Caller, now: datetime, at_once: int = AT_ONCE) -> Campaign:
    """Open no more tasks, and cancel those that are open: `at_once` of them now, the others soon, by the loop.

    What was done stays. Raises NotFound, CampaignStepNotOpen.
    """
    campaign = await queries.campaign(tx, campaign_id, by=by, lock=True)
    status = rules.after(campaign.status, Step.STOP)
    row = {"brand": tx.info["brand_id"], "campaign_id": campaign_id, "status": status.value, "now": now}
    await tx.execute(_STOP, row)
    await cancelling.cancel(tx, campaign_id, now=now, limit=at_once)
    return await queries.campaign(tx, campaign_id, by=by)
