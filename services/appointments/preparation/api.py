"""The route of the sheet for a visit."""

import asyncio
from typing import Any
from uuid import UUID

from infra.app import By, Kit, Now, OfKit, router
from infra.identity import Caller, Role, permit
from infra.peers import PeerRefused, PeerUnavailable
from infra.refusal import NotFound
from services.appointments.bookings import queries as bookings
from services.appointments.bookings.actions.looks import PATIENCE, look
from services.appointments.bookings.rules import Status
from services.appointments.bookings.schemas import AppointmentView
from services.appointments.directory import queries as directory
from services.appointments.preparation.rules import expected, receives
from services.appointments.preparation.schemas import Note, PreparationView

routes = router()

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
    status = Status(appointment.status)
    if expected(
        status,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        arrived_at=appointment.arrived_at,
        completed_at=appointment.completed_at,
        now=now,
    ):
        card, assortment = await asyncio.gather(
            _card(kit, appointment.client_id, by), _assortment(kit, appointment_id, by.brand_id)
        )
        # Pieces tell of her taste: without profile's yes they are only for those who lay them out for her.
        if card[0] is None and not receives(status, here=appointment.boutique_id in by.boutique_ids):
            assortment = (None, card[1])
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


async def _card(kit: Kit, client_id: UUID, by: Caller) -> Part:
    try:
        return await look(kit.peers, client_id, seen="preparation", by=by), None
    except (NotFound, PeerRefused):
        return None, Note.REFUSED
    except PeerUnavailable:
        return None, Note.AWAY


async def _assortment(kit: Kit, appointment_id: UUID, brand_id: str) -> Part:
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await kit.peers["recommend"].call(
                "GET", "/v1/assortments", brand_id=brand_id, params={"appointment_id": str(appointment_id)}
            )
    except PeerRefused:
        return None, Note.REFUSED
    except (PeerUnavailable, TimeoutError, ValueError):  # ValueError: an answer that is not JSON
        return None, Note.AWAY
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list):
        return None, Note.AWAY
    return (items[0], None) if items and isinstance(items[0], dict) else (None, Note.NONE_PREPARED)
