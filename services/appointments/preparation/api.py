"""The route of the sheet for a visit."""

import asyncio
from typing import Any
from uuid import UUID

from infra.app import By, Kit, Now, OfKit, router
from infra.identity import Role, permit
from infra.peers import PeerRefused, PeerUnavailable
from services.appointments.bookings import queries as bookings
from services.appointments.bookings.rules import Status
from services.appointments.bookings.schemas import AppointmentView
from services.appointments.directory import queries as directory
from services.appointments.preparation.rules import expected
from services.appointments.preparation.schemas import Note, PreparationView

routes = router()

PATIENCE = 1.5  # seconds for each peer; a sheet without a part is better than one that comes late

Part = tuple[dict[str, Any] | None, Note | None]


@routes.get("/appointments/{appointment_id}/preparation")
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def read_preparation(appointment_id: UUID, by: By, now: Now, kit: OfKit) -> PreparationView:
    """Who is coming and what was chosen for her."""
    # A transaction of its own that ends before the peers are asked: no connection waits for another service.
    async with kit.database.transaction(by.brand_id) as tx:
        appointment = await bookings.visible(tx, appointment_id, by)
        boutique = await directory.boutique(tx, appointment.boutique_id)
        experience = await directory.experience(tx, appointment.experience_id)
        rooms = {room.room_id: room for room in await directory.rooms(tx, appointment.boutique_id)}
    room = rooms.get(appointment.room_id) if appointment.room_id else None
    card: Part = (None, Note.NOT_EXPECTED)
    assortment: Part = (None, Note.NOT_EXPECTED)
    if expected(Status(appointment.status), completed_at=appointment.completed_at, now=now):
        card, assortment = await asyncio.gather(
            _card(kit, appointment.client_id, by.brand_id), _assortment(kit, appointment_id, by.brand_id)
        )
    return PreparationView(
        appointment=AppointmentView.model_validate(appointment),
        boutique_name_zh=boutique.name_zh,
        boutique_name_en=boutique.name_en,
        experience_name_zh=experience.name_zh,
        experience_name_en=experience.name_en,
        advisor_id=appointment.advisor_id,
        room_name_zh=room.name_zh if room else None,
        room_name_en=room.name_en if room else None,
        card=card[0],
        card_note=card[1],
        assortment=assortment[0],
        assortment_note=assortment[1],
    )


async def _card(kit: Kit, client_id: UUID, brand_id: str) -> Part:
    found, note = await _ask(kit, "profile", f"/v1/clients/{client_id}/card", brand_id)
    return (found, None) if found is not None else (None, note)


async def _assortment(kit: Kit, appointment_id: UUID, brand_id: str) -> Part:
    found, note = await _ask(
        kit, "recommend", "/v1/assortments", brand_id, params={"appointment_id": str(appointment_id)}
    )
    if found is None:
        return None, note
    items = found.get("items")
    if not isinstance(items, list):
        return None, Note.AWAY
    return (items[0], None) if items and isinstance(items[0], dict) else (None, Note.NONE_PREPARED)


async def _ask(kit: Kit, peer: str, path: str, brand_id: str, *, params: dict[str, str] | None = None) -> Part:
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await kit.peers[peer].call("GET", path, brand_id=brand_id, params=params)
    except PeerRefused:
        return None, Note.REFUSED
    except (PeerUnavailable, TimeoutError, ValueError):  # ValueError: an answer that is not JSON
        return None, Note.AWAY
    return (answer, None) if isinstance(answer, dict) else (None, Note.AWAY)
