"""Reading the register of processing activities: what officers wrote, and what the software brought along."""

import json
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.profile.registers.queries import entries
from services.profile.registers.queries.entries import Entry
from services.profile.registers.rules.entries import Register
from services.profile.registers.rules.standing import SINCE, STANDING, Standing

BY_MAISON = "maison"
_STANDING = {one.entry_id: one for one in STANDING}


async def page(tx: AsyncSession, *, after: UUID | None, limit: int) -> list[Entry]:
    """The activities as they stand now, the youngest first; last those that came with the software."""
    written = await entries.latest(tx, Register.ACTIVITIES, after=after, limit=limit)
    # What an officer has amended stands among her own.
    amended = {one.entry_id for one in await entries.every(tx, Register.ACTIVITIES)}
    brought = [
        brought_along(one)
        for one in STANDING
        if one.entry_id not in amended and (after is None or one.entry_id < after)
    ]
    return sorted([*written, *brought], key=lambda one: one.entry_id, reverse=True)[:limit]


async def activity(tx: AsyncSession, entry_id: UUID) -> Entry:
    """One activity as it stands now; raises NotFound."""
    return (await versions(tx, entry_id))[0]


async def versions(tx: AsyncSession, entry_id: UUID) -> list[Entry]:
    """Everything an activity ever was, the latest first; raises NotFound."""
    found = await entries.versions(tx, Register.ACTIVITIES, entry_id)
    if entry_id in _STANDING:
        found.append(brought_along(_STANDING[entry_id]))
    if not found:
        raise NotFound
    return found


def brought_along(one: Standing) -> Entry:
    """Version 0 of what the software does: an entry that nobody has written yet."""
    recipients = [{"name": name, "country": country, "place": place.value} for name, country, place in one.recipients]
    content = {
        "name": one.name,
        "purpose": one.purpose,
        "legal_basis": one.basis.value,
        "consent_purpose": one.consent_purpose,
        "separate_consent": one.separate,
        "categories": [category.value for category in one.categories],
        "persons": ["客户 Clients"],
        "recipients": recipients,
        "retention": one.retention,
        "stored_in": one.stored_in or "尚未使用 Not in use yet",
        "automated": one.automated,
        "started_on": SINCE.isoformat(),
    }
    return Entry(one.entry_id, 0, BY_MAISON, None, None, json.dumps(content, ensure_ascii=False))
