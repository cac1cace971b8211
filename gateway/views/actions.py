"""Asking every service, and this process itself, about the log; one that is away is said to be away."""

import asyncio

from gateway.views.rules import NAMES, OWN, public_id
from gateway.views.schemas import LogView, ParkedFactView, ParkedPage, ServiceAtLogView
from infra.app import Kit
from infra.eventlog.operations import PARKED, PREFIX, Plumbing
from infra.eventlog.views import ParkedView, RetriedView, StatusView
from infra.peers import PeerRefused, PeerUnavailable
from infra.refusal import NotFound
from infra.wire import cursor


async def status(kit: Kit, own: Plumbing, *, brand_id: str) -> LogView:
    """How every service stands at the log."""

    async def ask(name: str) -> ServiceAtLogView:
        if name == OWN:
            return ServiceAtLogView(service=name, is_away=False, status=await own.status(brand_id=brand_id))
        try:
            told = await kit.peers[name].call("GET", f"{PREFIX}/status", brand_id=brand_id)
        except (PeerUnavailable, PeerRefused):  # a service of an older release refuses
            return ServiceAtLogView(service=name, is_away=True)
        return ServiceAtLogView(service=name, is_away=False, status=StatusView.model_validate(told))

    return LogView(services=list(await asyncio.gather(*(ask(name) for name in NAMES))))


async def parked(
    kit: Kit, own: Plumbing, *, brand_id: str, service: str | None, after: tuple[str, int] | None, limit: int
) -> ParkedPage:
    """What is parked of one brand, service by service and oldest first; `after` is the last row already shown."""
    items: list[ParkedFactView] = []
    away: list[str] = []
    names = [service] if service is not None else list(NAMES)
    if after is not None:
        names = names[names.index(after[0]) :]
    for name in names:
        behind = after[1] if after is not None and after[0] == name else 0
        try:
            found = await _parked_of(kit, own, name, brand_id=brand_id, after=behind, limit=limit + 1 - len(items))
        except (PeerUnavailable, PeerRefused):
            away.append(name)
            continue
        items += [_shown(name, one) for one in found]
        if len(items) > limit:
            break
    more = None
    if len(items) > limit:
        last = items[limit - 1]
        more = cursor(last.service, last.id.rpartition("-")[2], of=listing(service))
    return ParkedPage(items=items[:limit], next_cursor=more, away=away)


async def retry(kit: Kit, own: Plumbing, name: str, parked_id: int, *, brand_id: str) -> RetriedView:
    """Try a parked fact of this brand again; raises NotFound, or PeerUnavailable."""
    if name == OWN:
        return await own.retry(parked_id, brand_id=brand_id)
    try:
        told = await kit.peers[name].call("POST", f"{PREFIX}/parked/{parked_id}/retry", brand_id=brand_id)
    except PeerRefused as refused:
        if refused.peer_type == NotFound.slug:
            raise NotFound from None
        raise
    return RetriedView.model_validate(told)


def listing(service: str | None) -> str:
    """The name of the list that a cursor belongs to."""
    return f"log/parked/{service or '*'}"


async def _parked_of(kit: Kit, own: Plumbing, name: str, *, brand_id: str, after: int, limit: int) -> list[ParkedView]:
    if name == OWN:
        return await own.parked(brand_id=brand_id, after=after, limit=limit)
    params = {"limit": str(limit), "cursor": cursor(after, of=PARKED)}
    told = await kit.peers[name].call("GET", f"{PREFIX}/parked", brand_id=brand_id, params=params)
    return [ParkedView.model_validate(one) for one in told["items"]]


def _shown(name: str, one: ParkedView) -> ParkedFactView:
    return ParkedFactView(id=public_id(name, one.id), service=name, **one.model_dump(exclude={"id", "brand_id"}))
