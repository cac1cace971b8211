"""What a notice says: profile has the sentences, this fills them."""

from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.bookings.actions.door import Message
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Mode
from services.appointments.reminders import rules
from services.appointments.reminders.actions.links import link_of
from services.appointments.reminders.rules import Kind
from services.appointments.reminders.tables import Notice


async def message(tx: AsyncSession, one: Notice, visit: Appointment, *, public_url: str) -> Message:
    """What profile is asked to send. The time is the one that the notice is about, by the boutique's clock."""
    boutique = await directory.boutique(tx, visit.boutique_id)
    experience = await directory.experience(tx, visit.experience_id)
    local = one.starts_at.astimezone(ZoneInfo(boutique.zone))
    kind = Kind(one.kind)
    return Message(
        client_id=visit.client_id,
        template=f"visit-{kind}",
        variables={
            "experience": rules.clipped(experience.name_zh),
            "boutique": rules.clipped(boutique.name_zh),
            "date": rules.spelled(local),
            "text": rules.sentence(kind, is_video=visit.mode == Mode.VIDEO),
            # For words alone: no template has a field for them.
            "experience_en": experience.name_en,
            "boutique_en": boutique.name_en,
            "date_en": rules.spelled_en(local),
        },
        link=link_of(tx, visit, public_url=public_url) if kind in rules.WITH_FILE else None,
        expires_at=one.expires_at,
        reference=one.notice_id,
    )
