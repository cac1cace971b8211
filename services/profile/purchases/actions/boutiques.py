"""Knowing which boutique a store code means, of which type it is, and in which region."""

import asyncio
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND

OPENED = "appointments.boutique-opened.v1"
BATCH = 2_000  # facts

_BOUTIQUE = text(
    "insert into boutique (brand_id, code, boutique_id, boutique_type, region_id, zone)"
    " values (:brand, :code, :boutique_id, :boutique_type, :region_id, :zone)"
    " on conflict (brand_id, code) do update set boutique_id = excluded.boutique_id,"
    " boutique_type = excluded.boutique_type, region_id = excluded.region_id, zone = excluded.zone"
)
_UNTYPED = text(
    "select brand_id, boutique_id from boutique where boutique_type is null or region_id is null or zone is null"
)
_TYPE = text(
    "update boutique set boutique_type = :kind, region_id = :region_id, zone = :zone"
    " where brand_id = :brand and boutique_id = :boutique_id"
    " and (boutique_type is null or region_id is null or zone is null)"
)
_PLACE = text(
    "update purchase set boutique_id = :boutique_id"
    " where brand_id = :brand and store_code = :code and boutique_id is null"
)


@dataclass(frozen=True, slots=True)
class Boutique:
    """A boutique behind a store code: its type, its region, and the IANA zone it works by."""

    code: str
    boutique_id: UUID
    boutique_type: str | None
    region_id: UUID | None
    zone: str | None


async def open_boutique(tx: AsyncSession, boutique: Boutique) -> None:
    """Know the boutique behind a store code."""
    await tx.execute(_BOUTIQUE, {"brand": tx.info["brand_id"], **asdict(boutique)})


async def learn_types(kit: Kit, stop: asyncio.Event) -> None:
    """Once at the start: read out of the log of which type, region and zone the boutiques are that were known before.

    It writes what a replay would write; without such boutiques the log is left alone.
    """
    async with kit.database.transaction(EVERY_BRAND) as tx:
        untyped = {(row.brand_id, str(row.boutique_id)) for row in await tx.execute(_UNTYPED)}
    position = 0
    while untyped and not stop.is_set():
        batch = await kit.log.read(position, BATCH)
        if not batch:
            break  # the log has lost what opened them
        position = batch[-1].position
        for stored in batch:
            one = stored.envelope
            if one.type == OPENED and (place := (one.brandid, one.data["boutique_id"])) in untyped:
                async with kit.database.transaction(one.brandid) as tx:
                    row = {"brand": one.brandid, "boutique_id": one.data["boutique_id"]}
                    row |= {name: one.data.get(name) for name in ("region_id", "zone")}
                    await tx.execute(_TYPE, row | {"kind": one.data.get("boutique_type")})
                untyped.discard(place)
    await stop.wait()


async def place_receipts(tx: AsyncSession, code: str, boutique_id: UUID) -> None:
    """Say where the receipts were made that came before their store code was known."""
    await tx.execute(_PLACE, {"brand": tx.info["brand_id"], "code": code, "boutique_id": boutique_id})
