"""Campaigns: planned, previewed, started, stopped, and what came of them."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.wire import After, Limit, Page, cursor, read_id_cursor
from services.profile.campaigns.actions import planning
from services.profile.campaigns.queries import campaigns, progress
from services.profile.campaigns.schemas import CampaignForm, CampaignView, PreviewView, ProgressView

routes = router()

LEAD = (Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
OF = "campaigns"


@routes.get("/campaigns")
@permit(*LEAD)
async def page(tx: Transaction, by: By, after: After = None, limit: Limit = 50) -> Page[CampaignView]:
    """The caller's campaigns, at headquarters the brand's; the latest first."""
    found = await campaigns.page(tx, by=by, after=read_id_cursor(after, of=OF), limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[CampaignView.of(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].campaign_id, of=OF) if more else None,
    )


@routes.post("/campaigns", status_code=201, responses=refuses(404))
@permit(*LEAD)
@idempotent()
async def plan(form: CampaignForm, tx: Transaction, by: By, now: Now) -> CampaignView:
    """Plan a campaign for the clients of a list; nothing happens before it is started."""
    return CampaignView.of(await planning.plan(tx, form.draft(), by=by, now=now))


@routes.get("/campaigns/{campaign_id}")
@permit(*LEAD)
async def campaign(campaign_id: UUID, tx: Transaction, by: By) -> ProgressView:
    """A campaign, and what it has come to."""
    found = await campaigns.campaign(tx, campaign_id, by=by)
    return ProgressView.come(found, await progress.progress(tx, found))


@routes.post("/campaigns/{campaign_id}/preview")
@permit(*LEAD)
async def preview(campaign_id: UUID, tx: Transaction, by: By, now: Now) -> PreviewView:
    """How many would get a task, how many the ledger refuses and why, and how much that is for each advisor."""
    return PreviewView.of(await planning.preview(tx, campaign_id, by=by, now=now))


@routes.post("/campaigns/{campaign_id}/start", status_code=202)
@permit(*LEAD)
async def start(campaign_id: UUID, tx: Transaction, by: By, now: Now) -> CampaignView:
    """Open the tasks, in the background, for the clients of the list whom the caller may see."""
    return CampaignView.of(await planning.start(tx, campaign_id, by=by, now=now))


@routes.post("/campaigns/{campaign_id}/stop")
@permit(*LEAD)
async def stop(campaign_id: UUID, tx: Transaction, by: By, now: Now) -> CampaignView:
    """Open no more tasks and cancel the open ones. What was done stays, and goes on counting."""
    return CampaignView.of(await planning.stop(tx, campaign_id, by=by, now=now))
