"""Taking back what an import added to a client who was known: identifiers, names, birthdays, notes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.clients import actions as client_actions
from services.profile.clients.actions import Newcomer
from services.profile.onboarding.actions.undoing.written import Left, Written
from services.profile.onboarding.rules.reasons import Stays

_IDENTITIES = text(
    "delete from identity where brand_id = :brand and identity_id = any(:rows) and confirmed_at is null"
    " and source = 'import' returning identity_id as row_id"
)
_BIRTHDAYS = text(
    "update client set birthday = null, birthday_blind = null"
    " from unnest(cast(:rows as uuid[]), cast(:versions as int[]))"
    " as asked (client_id, version) where brand_id = :brand and client.client_id = asked.client_id"
    " and client.version = asked.version and birthday is not null returning client.client_id as row_id"
)
_NOTES = text(
    "delete from note where brand_id = :brand and note_id = any(:rows) and version = 1 returning note_id as row_id"
)


async def identities(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    """Identifiers that nobody has confirmed since."""
    return await _rows(tx, _IDENTITIES, last)


async def names(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    """Whom the house knew without a name has none again."""
    nameless = [(Newcomer(one.row_id, one.was), one.part) for one in last if one.was and one.part is not None]
    gone = await client_actions.name(tx, nameless)
    return {one.effect_id: Stays.CHANGED_SINCE for one in last if one.row_id not in gone}


async def birthdays(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    """Birthdays of records that nobody has changed since."""
    return await _rows(tx, _BIRTHDAYS, last)


async def notes(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    """Notes that nobody has changed since."""
    return await _rows(tx, _NOTES, last)


async def _rows(tx: AsyncSession, statement: TextClause, last: Sequence[Written]) -> Left:
    asked = {"rows": [one.row_id for one in last], "versions": [one.part for one in last]}
    found = await tx.execute(statement, {"brand": tx.info["brand_id"]} | asked)
    gone = {row.row_id for row in found}
    return {one.effect_id: Stays.CHANGED_SINCE for one in last if one.row_id not in gone}
