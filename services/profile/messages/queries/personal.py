"""What a message may name of a client: the facts that she knows we know, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.clients.models import names
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.messages.rules.texts import Named

# The last piece she bought for herself and kept; a present for somebody is not named, for others may read with her.
_PIECE = text(
    "select line.description from purchase join purchase_line line on line.brand_id = purchase.brand_id"
    " and line.purchase_id = purchase.purchase_id"
    " where purchase.brand_id = :brand and purchase.client_id = any(:ids) and line.quantity > 0"
    " and line.description is not null and line.recipient_id is null"
    " and not exists (select from purchase_line back where back.brand_id = line.brand_id"
    " and back.sale_pos = purchase.pos and back.sale_receipt = purchase.receipt and back.sale_line = line.line)"
    " order by purchase.purchased_at desc, line.line limit 1"
)
_VISIT = text(
    "select occurred_at from touchpoint where brand_id = :brand and client_id = any(:ids) and kind = 'visit-completed'"
    " order by occurred_at desc limit 1"
)
# By the name under which somebody bought the same piece; a code says nothing to her.
_WISH = text(
    "select line.description from wish cross join lateral (select description from purchase_line"
    " where brand_id = :brand and piece_code = wish.piece_code and description is not null limit 1) line"
    " where wish.brand_id = :brand and wish.client_id = any(:ids) and wish.closed_at is null"
    " order by wish.noted_at desc limit 1"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What may be named, ready to be written, and in which language she is written to."""

    language: str
    facts: Mapping[Named, str] = field(repr=False)


async def known(tx: AsyncSession, client_id: UUID, *, language: str | None, zone: ZoneInfo) -> Known:
    """The facts of one person, over all records that are she; raises NotFound, also where her data may not be used."""
    family = await identities.family(tx, client_id)
    if await consents.restricted(tx, family[:1]):
        raise NotFound
    one = await clients.client(tx, family[0])
    spoken = language or one.language
    is_chinese = spoken.lower().startswith("zh")
    asked = {"brand": tx.info["brand_id"], "ids": family}
    piece = (await tx.execute(_PIECE, asked)).scalar_one_or_none()
    wish = (await tx.execute(_WISH, asked)).scalar_one_or_none()
    visited_at = (await tx.execute(_VISIT, asked)).scalar_one_or_none()
    found = {
        Named.SALUTATION: names.addressed_as(one.display_name, one.family_name, one.salutation),
        Named.PIECE: piece,
        Named.VISIT_ON: _day(visited_at, zone, is_chinese=is_chinese) if visited_at is not None else None,
        Named.WISH: wish,
    }
    # A brace in a name would be taken for a place.
    facts = {name: value for name, value in found.items() if value and not {"{", "}"} & set(value)}
    return Known(spoken, facts)


def _day(at: datetime, zone: ZoneInfo, *, is_chinese: bool) -> str:
    there = at.astimezone(zone)
    return f"{there.month}月{there.day}日" if is_chinese else f"{there.day} {there:%B}"
