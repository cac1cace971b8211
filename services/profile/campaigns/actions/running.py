"""Going through the list of a campaign, batch by batch, and closing it when its time is over."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.refusal import NotFound
from services.profile.campaigns import rules
from services.profile.campaigns.actions import cancelling
from services.profile.campaigns.actions.judging import Judged, judge
from services.profile.campaigns.queries import campaigns as queries
from services.profile.campaigns.queries.campaigns import Campaign
from services.profile.campaigns.rules import Fate, Status, Step
from services.profile.lists import queries as lists
from services.profile.segments import queries as segments
from services.profile.tasks.actions.opening import Wanted, open_all
from services.profile.tasks.rules import Kind

BATCH = 1_000  # clients in one transaction
REST = 2.0  # seconds between two looks for a campaign that was started
LIST_GONE = "list-gone"

_WORK = text(
    "select brand_id, campaign_id from campaign where status = 'opening' or status = 'running' and closes_on < :latest"
    " or is_cancelling order by started_at"
)
_KNOWN = text(
    "select client_id from campaign_member"
    " where brand_id = :brand and campaign_id = :campaign_id and client_id = any(:ids)"
)
_KEEP = text(
    "insert into campaign_member (brand_id, campaign_id, client_id, fate, reason, task_id)"
    " select :brand, :campaign_id, item.* from unnest(cast(:ids as uuid[]), cast(:fates as text[]),"
    " cast(:reasons as text[]), cast(:tasks as uuid[])) as item (client_id, fate, reason, task_id)"
    " on conflict do nothing"
)
# One campaign after the other decides whom it makes an offer: what the first has opened the second sees. Nobody waits
# for a batch of another's: whose turn it is not comes back.
_TURN = text("select pg_try_advisory_xact_lock(hashtextextended('campaign-offers:' || :brand, 0))")
_GO_ON = text("update campaign set after = :after where brand_id = :brand and campaign_id = :campaign_id")
_END = text(
    "update campaign set status = :status, fault = :fault, ended_at = :ended_at"
    " where brand_id = :brand and campaign_id = :campaign_id"
)


async def carry_out(database: Database, *, now: datetime, batch: int = BATCH) -> int:
    """Do one batch of each campaign that has something to do; answers how many clients and steps that were.

    A batch is committed with how far the list has been gone through: whatever is killed, the next one goes on there,
    and a client has one task of a campaign. Instances share the work: whoever holds a campaign's row does its batch.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        waiting = (await tx.execute(_WORK, {"latest": segments.latest_day_anywhere(now)})).all()
    done = 0
    for row in waiting:
        async with database.transaction(row.brand_id) as tx:
            done += await _batch(tx, row.campaign_id, now=now, limit=batch)
    return done


async def campaigning(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that carries campaigns out."""
    while not stop.is_set():
        if await carry_out(kit.database, now=kit.clock()) == 0:
            await pause(stop, REST)


async def _batch(tx: AsyncSession, campaign_id: UUID, *, now: datetime, limit: int) -> int:
    campaign = await queries.taken(tx, campaign_id)
    if campaign is not None and campaign.status is Status.OPENING:
        return await _go_on(tx, campaign, now=now, limit=limit)
    if campaign is not None and campaign.is_cancelling:
        return max(1, await cancelling.cancel(tx, campaign_id, now=now, limit=limit))
    if campaign is None or campaign.status is not Status.RUNNING:
        return 0
    is_over = campaign.closes_on < await segments.today(tx, now)
    if is_over:
        await _end(tx, campaign, Step.CLOSE, ended_at=now)
    return int(is_over)


async def _go_on(tx: AsyncSession, campaign: Campaign, *, now: datetime, limit: int) -> int:
    if (
        campaign.purpose == rules.MARKETING
        and not (await tx.execute(_TURN, {"brand": tx.info["brand_id"]})).scalar_one()
    ):
        return 0
    try:
        ids = await lists.members(tx, campaign.list_id, by=campaign.caller, now=now, after=campaign.after, limit=limit)
    except NotFound:
        # Somebody has deleted it, or keeps it to herself now: no more of its clients are turned to.
        await _end(tx, campaign, Step.STOP, ended_at=now, fault=LIST_GONE)
        return 1
    if not ids:
        await _end(tx, campaign, Step.ARRIVE)
        return 1
    await _open(tx, campaign, ids, now=now)
    await tx.execute(_GO_ON, {"brand": tx.info["brand_id"], "campaign_id": campaign.campaign_id, "after": ids[-1]})
    return len(ids)


async def _open(tx: AsyncSession, campaign: Campaign, ids: Sequence[UUID], *, now: datetime) -> None:
    whose = {"brand": tx.info["brand_id"], "campaign_id": campaign.campaign_id}
    known = set((await tx.execute(_KNOWN, whose | {"ids": list(ids)})).scalars())
    judged = await judge(tx, campaign, [one for one in ids if one not in known], now=now)
    asked = [one for one in judged.values() if one.fate is Fate.TASK]
    opened = await open_all(tx, [_wanted(campaign, one) for one in asked], now=now, by=campaign.created_by)
    tasks = {one.client_id: opened.get(_key(campaign, one)) for one in asked}
    rows = [
        (one.client_id, Fate.LEFT_ALONE if one.fate is Fate.TASK and tasks[one.client_id] is None else one.fate, one)
        for one in judged.values()
    ]
    kept = {
        "ids": [client_id for client_id, _, _ in rows],
        "fates": [fate.value for _, fate, _ in rows],
        "reasons": [one.reason for _, _, one in rows],
        "tasks": [tasks.get(client_id) for client_id, _, _ in rows],
    }
    await tx.execute(_KEEP, whose | kept)


def _wanted(campaign: Campaign, one: Judged) -> Wanted:
    return Wanted(
        Kind.CAMPAIGN,
        one.client_id,
        campaign.due_on,
        _key(campaign, one),
        subject_id=campaign.campaign_id,
        over_on=campaign.closes_on,
        is_offer=campaign.purpose == rules.MARKETING,
        words=campaign.words,
    )


def _key(campaign: Campaign, one: Judged) -> str:
    return f"{campaign.campaign_id}:{one.client_id}"


async def _end(
    tx: AsyncSession, campaign: Campaign, step: Step, *, ended_at: datetime | None = None, fault: str | None = None
) -> None:
    status = rules.after(campaign.status, step)
    row = {"brand": tx.info["brand_id"], "campaign_id": campaign.campaign_id, "status": status.value}
    await tx.execute(_END, row | {"fault": fault, "ended_at": ended_at})
