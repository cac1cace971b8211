"""Taking back consents that an import brought; what she refused stays refused."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.profile.clients import queries as client_queries
from services.profile.consents.events import ConsentWithdrawn
from services.profile.onboarding.actions.undoing.written import Left, Written
from services.profile.onboarding.rules.reasons import Stays

_CONSENTS = text(
    "delete from consent where brand_id = :brand and consent_id = any(:rows) and withdrawn_at is null"
    " and replaced_at is null and channel = 'import' returning consent_id as row_id, client_id, purpose"
)
_CONSENTERS = text("select client_id from consent where brand_id = :brand and consent_id = any(:rows)")
_STANDING = text(
    "select distinct client_id, purpose from consent where brand_id = :brand and client_id = any(:ids)"
    " and withdrawn_at is null and replaced_at is null"
)
_BEFORE = text(
    "update consent set replaced_at = null where brand_id = :brand and consent_id = any(:rows) and withdrawn_at is null"
)


async def consents(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    """Delete what nobody has touched; the consent before it stands again."""
    brand = {"brand": tx.info["brand_id"]}
    rows = [one.row_id for one in last]
    await client_queries.locked(tx, list((await tx.execute(_CONSENTERS, brand | {"rows": rows})).scalars()))
    found = (await tx.execute(_CONSENTS, brand | {"rows": rows})).all()
    gone = {row.row_id for row in found}
    before = [one.before_id for one in last if one.before_id is not None and one.row_id in gone]
    await tx.execute(_BEFORE, brand | {"rows": before})
    ids = [row.client_id for row in found]
    standing = {(row.client_id, row.purpose) for row in await tx.execute(_STANDING, brand | {"ids": ids})}
    for row in found:
        if (row.client_id, row.purpose) not in standing:
            record(tx, ConsentWithdrawn(client_id=row.client_id, purpose=row.purpose))
    return {one.effect_id: Stays.CHANGED_SINCE for one in last if one.row_id not in gone}


async def withdrawals(_: AsyncSession, __: UUID, last: Sequence[Written], ___: datetime) -> Left:
    """What she refused stays refused: nobody gives a consent in her place."""
    return {one.effect_id: Stays.CHANGED_SINCE for one in last}
