"""What the other services tell for the preparation of visits: one call to each, however many visits."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from infra.identity import Caller
from infra.peers import PeerRefused, Peers, PeerUnavailable
from services.appointments.availability.actions.looks import PATIENCE
from services.appointments.preparation.rules import Note

Part = dict[str, Any]

# All that the sheet of one visit shows of its client besides her card.
IN_FULL = ("preferences", "conversations", "purchases", "wishes", "gifts")


@dataclass(frozen=True)
class Told:
    """What a service told, by the id that it was asked for; `note` says why it told nothing."""

    of: Mapping[UUID, Part] = field(default_factory=dict)
    note: Note | None = None


async def briefs(peers: Peers, client_ids: Collection[UUID], *, parts: Sequence[str], seen: str, by: Caller) -> Told:
    """What profile shows this caller of these clients; it writes down that she looked, and at what (`seen`)."""
    asked = {**_asker(by), "seen": seen, "client_ids": _ids(client_ids), "parts": list(parts)}
    return await _told(peers, "profile", "/v1/briefs", asked, by=by, key="client_id", is_empty=not client_ids)


async def open_orders(peers: Peers, client_ids: Collection[UUID], *, by: Caller) -> Told:
    """What feedback shows this caller of the work orders that are open for these clients."""
    asked = {**_asker(by), "client_ids": _ids(client_ids)}
    return await _told(
        peers, "feedback", "/v1/work-orders/open", asked, by=by, key="client_id", is_empty=not client_ids
    )


async def laid_out(peers: Peers, appointment_ids: Collection[UUID], *, by: Caller) -> Told:
    """How much recommend has prepared for these visits."""
    asked = {"appointment_ids": _ids(appointment_ids)}
    return await _told(
        peers,
        "recommend",
        "/v1/assortments/laid-out",
        asked,
        by=by,
        key="appointment_id",
        is_empty=not appointment_ids,
    )


async def assortment(peers: Peers, appointment_id: UUID, *, by: Caller) -> tuple[Part | None, Note | None]:
    """What was chosen for one visit, and what of it the boutique has."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await peers["recommend"].call(
                "GET", "/v1/assortments", brand_id=by.brand_id, params={"appointment_id": str(appointment_id)}
            )
    except PeerRefused:
        return None, Note.REFUSED
    except (PeerUnavailable, TimeoutError):
        return None, Note.AWAY
    items = _items(answer)
    if items is None:
        return None, Note.AWAY
    return (items[0], None) if items else (None, Note.NONE_PREPARED)


async def _told(
    peers: Peers, peer: str, path: str, asked: Mapping[str, object], *, by: Caller, key: str, is_empty: bool
) -> Told:
    if is_empty:
        return Told()
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await peers[peer].call("POST", path, brand_id=by.brand_id, json=asked)
    except PeerRefused:
        return Told(note=Note.REFUSED)
    except (PeerUnavailable, TimeoutError):
        return Told(note=Note.AWAY)
    items = _items(answer)
    if items is None:
        return Told(note=Note.AWAY)
    try:
        return Told({UUID(str(one[key])): one for one in items})
    except (KeyError, ValueError):  # not that service's answer
        return Told(note=Note.AWAY)


def _items(answer: Any) -> list[Part] | None:
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        return None
    return items


def _asker(by: Caller) -> dict[str, object]:
    return {
        "subject": by.subject,
        "role": by.role.value,
        "advisor_id": str(by.advisor_id) if by.advisor_id else None,
        "boutique_ids": sorted(str(one) for one in by.boutique_ids),
    }


def _ids(several: Collection[UUID]) -> list[str]:
    return sorted(str(one) for one in set(several))
