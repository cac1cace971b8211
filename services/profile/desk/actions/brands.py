"""One client of several brands: found by what she has proven in each, while she allows it in each.

Every transaction here is of one brand, so the wall between brands stands: what crosses it are keyed digests on the way
there, and on the way back what she allows to be shown.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database
from infra.identity import Caller
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.consents.rules import Purpose
from services.profile.desk.queries import brands as queries
from services.profile.identities.rules import Proven
from services.profile.privacy import actions as privacy
from services.profile.privacy.queries import Sight
from services.profile.privacy.rules import ACROSS_BRANDS

Item = TypeVar("Item")
# Reads of one brand what there is of a client, by the name of the brand.
Read = Callable[[AsyncSession, UUID, str], Awaitable[list[Item]]]


async def everywhere(
    database: Database, client_id: UUID, read: Read[Item], *, seen: str, by: Caller, now: datetime
) -> list[Item]:
    """What there is of a client in this brand, and in every other one in which she has proven to be the same person.

    Of the others nothing unless she allows it here and there at this moment, and the caller is herself or somebody
    whose client she is; each of them writes down who was shown it. Raises ClientUnknown, ProcessingRestricted.
    """
    async with database.transaction(by.brand_id) as tx:
        sight = await privacy.look(tx, client_id, seen=seen, by=by, now=now)
        found = await read(tx, sight.client_id, by.brand_id)
        proof = await _proof(tx, sight, now=now)
    if proof is None:
        return found
    async with database.transaction(EVERY_BRAND) as tx:
        brands = await queries.brands(tx)
    for brand_id in brands:
        if brand_id != by.brand_id:
            async with database.transaction(brand_id) as tx:
                there = await queries.same_person(tx, proof, now=now)
                if there is not None and await clients.spared(tx, [there]) and await _allows(tx, there):
                    await privacy.note_guest(tx, there, seen=seen, by=by, now=now)
                    found += await read(tx, there, brand_id)
    return found


async def _proof(tx: AsyncSession, sight: Sight, *, now: datetime) -> Proven | None:
    """What proves elsewhere who she is; None unless she allows it, and this caller is one whom it is shown to."""
    if sight.ground not in ACROSS_BRANDS or not await _allows(tx, sight.client_id):
        return None
    return await queries.proven(tx, sight.client_id, now=now)


async def _allows(tx: AsyncSession, client_id: UUID) -> bool:
    if await consents.restricted(tx, [client_id]):
        return False
    return await consents.granted(tx, client_id, Purpose.CROSS_BRAND)
