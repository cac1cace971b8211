"""The log over all services, for headquarters: how it stands, what is parked, and trying that again."""

from typing import Annotated

from fastapi import Path

from gateway.views import actions
from gateway.views.rules import NAMES, Service, read_id
from gateway.views.schemas import LogView, ParkedPage
from infra.app import By, OfKit, router
from infra.eventlog.operations import LARGEST, OfPlumbing
from infra.eventlog.views import RetriedView
from infra.identity import Role, permit
from infra.refusal import BadRequest, NotFound
from infra.wire import After, Limit, read_cursor

routes = router()

ParkedId = Annotated[str, Path(min_length=1, max_length=40)]


@routes.get("/log/status")
@permit(Role.HEADQUARTERS)
async def log_status(by: By, kit: OfKit, own: OfPlumbing) -> LogView:
    """Positions, lag, parked facts and findings of every service. One that does not answer is shown as away."""
    return await actions.status(kit, own, brand_id=by.brand_id)


@routes.get("/log/parked")
@permit(Role.HEADQUARTERS)
async def log_parked(
    *, by: By, kit: OfKit, own: OfPlumbing, service: Service | None = None, limit: Limit = 50, after: After = None
) -> ParkedPage:
    """Facts of your brand that a service could not take, with the reason, and those that wait behind them."""
    behind = _read(after, service)
    return await actions.parked(kit, own, brand_id=by.brand_id, service=service, after=behind, limit=limit)


@routes.post("/log/parked/{parked_id}/retry")
@permit(Role.HEADQUARTERS)
async def retry_parked(parked_id: ParkedId, by: By, kit: OfKit, own: OfPlumbing) -> RetriedView:
    """Try a parked fact again and, in order, all that wait with it. Safe to repeat."""
    found = read_id(parked_id)
    if found is None:
        raise NotFound
    return await actions.retry(kit, own, *found, brand_id=by.brand_id)


def _read(value: str | None, service: str | None) -> tuple[str, int] | None:
    key = read_cursor(value, of=actions.listing(service), parts=2)
    if key is None:
        return None
    if key[0] not in NAMES or (service is not None and key[0] != service):
        raise BadRequest
    if not key[1].isascii() or not key[1].isdigit() or int(key[1]) > LARGEST:
        raise BadRequest
    return key[0], int(key[1])
