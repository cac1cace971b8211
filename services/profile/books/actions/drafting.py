"""What an advisor may say at a handover: drafts written from what the client knows, changed by a person who sends."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from services.profile.books.queries import handovers
from services.profile.books.rules import drafts
from services.profile.books.rules.drafts import Kind, Known
from services.profile.clients import queries as clients
from services.profile.clients.queries import Client
from services.profile.segments import queries as segments

_KEPT = text(
    "select entry_id, farewell, introduction from handover_client"
    " where brand_id = :brand and handover_id = :handover_id and client_id = :client_id"
)
_KEEP = {
    kind: text(
        f"update handover_client set {kind.value} = :words"  # noqa: S608 - our own words
        " where brand_id = :brand and handover_id = :handover_id and client_id = :client_id"
    )
    for kind in Kind
}
_LAST_BOUGHT = text(
    "select max(purchased_at) from purchase where brand_id = :brand and net_minor > 0 and client_id = any(array("
    "select client_id from client_alias where brand_id = :brand and canonical_id = :client_id"
    " union all select cast(:client_id as uuid)))"
)


async def drafts_for(tx: AsyncSession, handover_id: UUID, client_id: UUID) -> dict[Kind, str]:
    """Farewell and introduction in her language, as written or as a person has changed them; raises NotFound."""
    await handovers.entry(tx, handover_id, client_id)
    known = await _known(tx, await clients.client(tx, client_id))
    asked = {"brand": tx.info["brand_id"], "handover_id": handover_id, "client_id": client_id}
    row = (await tx.execute(_KEPT, asked)).one()
    ring = keyring(tx)
    return {
        kind: ring.open("handover_client", kind.value, row.entry_id, kept) if kept else drafts.write(kind, known)
        for kind, kept in ((Kind.FAREWELL, row.farewell), (Kind.INTRODUCTION, row.introduction))
    }


async def change(tx: AsyncSession, handover_id: UUID, client_id: UUID, kind: Kind, words: str) -> dict[Kind, str]:
    """Keep a draft as a person has changed it, sealed; raises NotFound. Nothing is sent."""
    # Whoever is erased just now is waited for, and takes the words along.
    if not await clients.locked(tx, [client_id]):
        raise NotFound
    asked = {"brand": tx.info["brand_id"], "handover_id": handover_id, "client_id": client_id}
    row = (await tx.execute(_KEPT, asked)).one_or_none()
    if row is None:
        raise NotFound
    sealed = keyring(tx).seal("handover_client", kind.value, row.entry_id, words)
    await tx.execute(_KEEP[kind], asked | {"words": sealed})
    return await drafts_for(tx, handover_id, client_id)


async def _known(tx: AsyncSession, client: Client) -> Known:
    asked = {"brand": tx.info["brand_id"], "client_id": client.client_id}
    bought = (await tx.execute(_LAST_BOUGHT, asked)).scalar_one()
    on: date | None = None
    if bought is not None:
        on = bought.astimezone(ZoneInfo((await segments.policy(tx)).policy.zone)).date()
    called = f"{client.family_name}{client.salutation}" if client.family_name and client.salutation else None
    return Known(called or client.display_name, client.language, on)
