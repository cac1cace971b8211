"""Asking profile of clients: whether somebody may see one, so that no visit opens her; and whether there are such."""

import asyncio
from collections.abc import Collection
from http import HTTPStatus
from typing import Any
from uuid import UUID

from infra.identity import Caller
from infra.peers import PeerRefused, Peers, PeerUnavailable
from infra.refusal import NotFound

PATIENCE = 1.5  # seconds; hearing that profile is away is better than waiting for it


async def look(peers: Peers, client_id: UUID, *, seen: str, by: Caller) -> dict[str, Any]:
    """Her card, as profile shows it to this caller; profile writes down who looked, and what for (`seen`).

    Raises NotFound when she is not for this caller, PeerUnavailable when profile does not answer in time.
    """
    asked = {
        "subject": by.subject,
        "role": by.role.value,
        "advisor_id": str(by.advisor_id) if by.advisor_id else None,
        "boutique_ids": sorted(str(one) for one in by.boutique_ids),
        "seen": seen,
    }
    try:
        async with asyncio.timeout(PATIENCE):
            card = await peers["profile"].call(
                "POST", f"/v1/clients/{client_id}/looks", brand_id=by.brand_id, json=asked
            )
    except PeerRefused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            raise NotFound from None
        raise
    except (TimeoutError, ValueError):  # ValueError: an answer that is not JSON
        raise PeerUnavailable from None
    if not isinstance(card, dict):
        raise PeerUnavailable
    return card


async def strangers(peers: Peers, client_ids: Collection[UUID], *, by: Caller) -> Collection[UUID]:
    """Those of up to 1,000 ids that are no client's; raises PeerUnavailable when profile does not answer in time.

    Nothing of a client is told, so nobody has looked at one.
    """
    if not client_ids:
        return ()
    asked = {"client_ids": sorted(str(one) for one in client_ids), "purpose": "marketing"}
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await peers["profile"].call("POST", "/v1/permissions/batch", brand_id=by.brand_id, json=asked)
        there = {UUID(one["client_id"]) for one in answer["items"]}
    except (TimeoutError, ValueError, TypeError, KeyError):  # but for the first: not profile's answer
        raise PeerUnavailable from None
    return set(client_ids) - there
