"""Erasing a client: here in one transaction, elsewhere by a fact, until every service has said that it is done."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND
from infra.erasure import Erased, carry_out
from infra.eventlog.hint import pause
from infra.eventlog.outbox import record
from infra.ids import NOBODY, new_id
from infra.tombstones import bury
from services.profile.identities import queries as identities
from services.profile.identities.rules import Standing
from services.profile.messages import queries as messages
from services.profile.messages.actions import orphans
from services.profile.purchases.queries import claims
from services.profile.rights import queries, rules
from services.profile.rights.events import ClientErased
from services.profile.rights.rules import Status
from services.profile.rights.tables import DECISIONS

HERE = "profile"
BY_RESTORE = "restore"  # who asks for an erasing that a restore has undone
EVERY = 5.0  # seconds between two looks for somebody whom a restore has brought back
FEW = 100

# Tombstones hide her rows from other reads that lock; who merges or corrects her just now is waited for here.
_LOCK = text("select from client where brand_id = :brand and client_id = any(:ids) order by client_id for update")
_KEEP_AWAY = text(
    "insert into erased_identity (brand_id, kind, system, blind, erased_at)"
    " select brand_id, kind, system, blind, :now from identity"
    " where brand_id = :brand and client_id = any(:ids) and standing = 'held'"
    " and kind in ('member', 'pos', 'phone', 'email', 'wecom', 'eshop')"
    " on conflict (brand_id, kind, system, blind) do update set erased_at = excluded.erased_at"
)
_EXPECT = text(
    "insert into erasure_receipt (brand_id, request_id, service, asked_at)"
    " select :brand, :request_id, service, :now from unnest(cast(:services as text[])) as service"
    # Begun anew after a restore: everybody is asked anew.
    " on conflict (brand_id, request_id, service) do update set asked_at = excluded.asked_at, erased_at = null,"
    " erased = null"
)
_ANSWERED = text(
    "update erasure_receipt set erased_at = :now, erased = cast(:erased as jsonb)"
    " where brand_id = :brand and request_id = :request_id and service = :service and erased_at is null"
)
_DONE = text(
    "update data_request set status = 'done', done_at = :now, version = version + 1"
    " where brand_id = :brand and request_id = :request_id and status = 'running'"
)
_BROUGHT_BACK = text(
    "select brand_id, aggregate from tombstone where restored_at is not null and aggregate like 'client:%'"
    " order by brand_id, aggregate limit :few"
)
_AGAIN = text(
    "insert into data_request (brand_id, request_id, client_id, kind, status, asked_by, asked_at, due_on, verified_at,"
    " started_at) values (:brand, :request_id, :client_id, 'erase', 'running', :by, :now, :due_on, :now, :now)"
)


async def begin(tx: AsyncSession, request_id: UUID, client_id: UUID, *, now: datetime) -> None:
    """Erase her here, as `rights.tables` says for each table, ask everybody else to, and wait for their receipts."""
    family = await _buried(tx, client_id, now=now)
    known = await identities.identities(tx, family, also_claimed=True)
    where = {"brand": tx.info["brand_id"], "ids": family, "now": now}
    await tx.execute(_KEEP_AWAY, where)
    blinds = [messages.blind(tx, one.system, one.value) for one in known if one.kind == "openid"]
    # A phone that several have says nothing of who bought.
    hers = [one for one in known if one.kind == "phone" and one.standing is Standing.HELD]
    phones = [claims.phone_blind(tx, one.value) for one in hers]
    await orphans.take_back(tx, family, now=now)
    erased = await carry_out(tx, DECISIONS, family, now=now, blinds=blinds, phones=phones)
    services = {"request_id": request_id, "services": list(rules.SERVICES)}
    await tx.execute(_EXPECT, where | services)
    await answer(tx, request_id, HERE, erased, now=now)
    record(tx, ClientErased(erasure_id=request_id, client_ids=family))


async def answer(tx: AsyncSession, request_id: UUID, service: str, erased: Sequence[Erased], *, now: datetime) -> None:
    """Keep a service's receipt, its first; with the last of them the request is done."""
    one = {"brand": tx.info["brand_id"], "request_id": request_id, "service": service, "now": now}
    told = json.dumps([table.model_dump(mode="json") for table in erased])
    await tx.execute(_ANSWERED, one | {"erased": told})
    receipts = await queries.receipts(tx, request_id)
    if rules.is_erased_everywhere([receipt.service for receipt in receipts if receipt.erased_at is not None]):
        await tx.execute(_DONE, one)


async def erase_again(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that erases anew whom a restore has brought back."""
    while not stop.is_set():
        async with kit.database.transaction(EVERY_BRAND) as tx:
            found = (await tx.execute(_BROUGHT_BACK, {"few": FEW})).all()
        for row in found:
            async with kit.database.transaction(row.brand_id) as tx:
                await _again(tx, UUID(row.aggregate.partition(":")[2]), now=kit.clock())
        if len(found) < FEW:
            await pause(stop, EVERY)


async def _again(tx: AsyncSession, client_id: UUID, *, now: datetime) -> None:
    # NOBODY's tombstone comes along with hers, and has nothing to be erased.
    if client_id == NOBODY:
        await bury(tx, f"client:{client_id}", now=now)
        return
    request_id = await queries.open_request(tx, [client_id], rules.Asked.ERASE)
    if request_id is None or (await queries.request(tx, request_id, lock=True)).status is not Status.RUNNING:
        request_id = new_id()
        due_on = rules.due_on(now.date())
        one = {"brand": tx.info["brand_id"], "request_id": request_id, "client_id": client_id, "by": BY_RESTORE}
        await tx.execute(_AGAIN, one | {"now": now, "due_on": due_on})
    await begin(tx, request_id, client_id, now=now)


async def _buried(tx: AsyncSession, client_id: UUID, *, now: datetime) -> list[UUID]:
    """Every record that is she, buried and locked: a merge that came first counts, a later one finds nobody."""
    buried: set[UUID] = set()
    family = set(await identities.family(tx, client_id))
    while family - buried:
        # Facts about what was hers are about NOBODY from now on, and have no effect either.
        for one in sorted({NOBODY, *family} - buried):
            await bury(tx, f"client:{one}", now=now)
        buried |= family
        await tx.execute(_LOCK, {"brand": tx.info["brand_id"], "ids": sorted(family)})
        family = set(await identities.family(tx, client_id))
    return sorted(family)
