"""Looking at a client, and watching how old our knowledge of her is."""

import asyncio
from typing import Literal
from uuid import UUID

import httpx

from infra.app import Kit
from infra.eventlog.hint import pause
from infra.identity import Caller, Role
from infra.peers import Peer, PeerRefused
from infra.refusal import NotFound
from services.recommend.taste import queries

_WATCH_EVERY = 1.0  # seconds


async def look(profile: Peer, client_id: UUID, *, by: Caller, seen: Literal["recommendations", "assortment"]) -> None:
    """Ask profile, which alone decides it and keeps a log of it, whether the caller may see this client now.

    A service is not asked about: it is no person. Call it before a transaction begins, so that no connection waits
    for another service. Raises NotFound and PeerUnavailable.
    """
    if by.role is Role.SERVICE:
        return
    form = {
        "subject": by.subject,
        "role": by.role.value,
        "advisor_id": str(by.advisor_id) if by.advisor_id else None,
        "boutique_ids": sorted(str(boutique) for boutique in by.boutique_ids),
        "seen": seen,
    }
    try:
        await profile.call("POST", f"/v1/clients/{client_id}/looks", brand_id=by.brand_id, json=form)
    except PeerRefused as refused:
        if refused.status == httpx.codes.NOT_FOUND:
            raise NotFound from None
        raise


async def watch(kit: Kit, stop: asyncio.Event) -> None:
    """Measure once a second how old what we know is, until told to stop: no request has to, nor waits for it."""
    while not stop.is_set():
        await queries.measure(kit.database, kit.log, kit.service)
        await pause(stop, _WATCH_EVERY)
