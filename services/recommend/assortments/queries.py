"""Reads behind a choice of pieces."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from infra.restrictions import restricted
from services.recommend.assortments.rules import (
    Candidate,
    Choice,
    Reason,
    Sentences,
    choose,
    impersonal,
    said,
)
from services.recommend.catalogue import queries as catalogue
from services.recommend.catalogue.rules import category_name, collection_name
from services.recommend.learning import queries as learning
from services.recommend.stock import queries as stock
from services.recommend.taste import queries as taste
from services.recommend.taste.rules import Taste, taste_of

_LATEST = 20  # pieces of hers that others are sought for: her newest say most, and the search stays short

_CANDIDATES = text(
    "select piece_code, category, collection from piece p where brand_id = :brand and ("
    " cast(:boutique as uuid) is null or exists (select 1 from stock s where s.brand_id = p.brand_id"
    " and s.boutique_id = :boutique and s.piece_code = p.piece_code and s.quantity > 0)) order by piece_code"
)
_VISIT = text(
    "select appointment_id, client_id, boutique_id, piece_code, is_live from visit"
    " where brand_id = :brand and appointment_id = :appointment"
)
_ASSORTMENT = (
    "select assortment_id, appointment_id, client_id, boutique_id, personalised, version, prepared_at from assortment"
    " where brand_id = :brand and (assortment_id = :assortment or appointment_id = :appointment)"
)
_LIVE = text(
    """
    with known as (
        select coalesce(a.canonical_id, asked.id) as id from unnest(cast(:ids as uuid[])) as asked (id)
            left join client_alias a on a.brand_id = :brand and a.client_id = asked.id
    ), family as (
        select id from known
        union select a.client_id from client_alias a join known on a.brand_id = :brand and a.canonical_id = known.id
    )
    select appointment_id from visit v left join assortment using (brand_id, appointment_id)
    where brand_id = :brand and v.client_id in (select id from family) and v.is_live
        and (assortment_id is not null or :also_unprepared) order by assortment_id, appointment_id
    """
)


# What is personal in a choice is what it is: how many pieces there are says nothing about her.
_LAID_OUT = text(
    """
    select a.appointment_id, a.assortment_id, a.prepared_at, count(p.piece_code) as pieces,
        count(p.piece_code) filter (where not exists (select from stock s where s.brand_id = a.brand_id
            and s.boutique_id = a.boutique_id and s.piece_code = p.piece_code and s.quantity > 0)) as not_in_stock
    from assortment a left join assortment_piece p on p.brand_id = a.brand_id and p.assortment_id = a.assortment_id
        and not p.dropped
    where a.brand_id = :brand and a.appointment_id = any(:ids)
    group by 1, 2, 3 order by 1
    """
)


@dataclass(frozen=True)
class LaidOut:
    """How much is prepared for a visit, and how much of it the boutique does not have just now."""

    appointment_id: UUID
    assortment_id: UUID
    prepared_at: datetime
    pieces: int
    not_in_stock: int


@dataclass(frozen=True)
class Chosen:
    """A choice, and whether what we know of her had a part in it."""

    personalised: bool
    choices: list[Choice]


@dataclass(frozen=True)
class Because:
    """Why a piece is shown, in words."""

    code: Reason
    zh: str
    en: str


@dataclass(frozen=True)
class Shown:
    """A chosen piece as people see it; `in_stock` is None when no boutique is meant."""

    piece_code: str
    name_zh: str
    name_en: str
    category: str
    collection: str
    price_minor: int
    currency: str
    place: int
    pinned: bool
    in_stock: bool | None
    reason: Because


@dataclass(frozen=True)
class Prepared:
    """The assortment of a visit as the caller may see it now."""

    assortment_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    personalised: bool
    prepared_at: datetime
    version: int
    pieces: list[Shown]


async def candidates(tx: AsyncSession, boutique_id: UUID | None) -> list[Candidate]:
    """The pieces a boutique can show now; every piece of the house when no boutique is meant."""
    found = await tx.execute(_CANDIDATES, {"brand": tx.info["brand_id"], "boutique": boutique_id})
    return [Candidate(*row) for row in found]


async def chosen_for(
    tx: AsyncSession,
    ids: list[UUID],
    *,
    boutique_id: UUID | None,
    limit: int,
    now: datetime,
    asked: str | None = None,
    without: Collection[str] = (),
    personal: bool = True,
) -> Chosen:
    """Pieces for a client; without her consent, or when what we know is stale, the answer is not personal."""
    hers = Taste()
    if personal and await taste.may_personalise(tx, ids):
        hers = taste_of(await taste.purchases(tx, ids), now=now)
    choices = choose(
        [one for one in await candidates(tx, boutique_id) if one.piece_code not in without],
        hers,
        together=await learning.bought_together(tx, hers.latest[:_LATEST]),
        liked=await learning.liked(tx, now=now),
        asked=asked,
        limit=limit,
    )
    # Purchases of pieces that the catalogue does not know can neither add nor take away anything here.
    return Chosen(bool(hers.latest), choices)


async def shown(
    tx: AsyncSession, choices: Sequence[Choice], *, boutique_id: UUID | None, sentences: Sentences
) -> list[Shown]:
    """Choices in their order, with names, prices, reasons, and whether the boutique has them at this moment."""
    kept = [choice for choice in choices if not choice.dropped]
    codes = [choice.piece_code for choice in kept]
    hers = [choice.reason_piece for choice in kept if choice.reason_piece is not None]
    pieces = await catalogue.described(tx, [*codes, *hers])
    there = await stock.showable(tx, boutique_id, codes) if boutique_id is not None else set()
    found = []
    for place, choice in enumerate(kept, start=1):
        piece = pieces[choice.piece_code]
        own = pieces.get(choice.reason_piece or "")
        collection = collection_name(piece.collection)
        zh, en = said(
            choice.reason,
            sentences,
            piece=(own.name_zh, own.name_en) if own else None,
            name=category_name(piece.category) if choice.reason is Reason.CATEGORY else (collection, collection),
        )
        found.append(
            Shown(
                piece_code=piece.piece_code,
                name_zh=piece.name_zh,
                name_en=piece.name_en,
                category=piece.category,
                collection=piece.collection,
                price_minor=piece.price_minor,
                currency=piece.currency,
                place=place,
                pinned=choice.pinned,
                in_stock=choice.piece_code in there if boutique_id is not None else None,
                reason=Because(choice.reason, zh, en),
            )
        )
    return found


async def visit(tx: AsyncSession, appointment_id: UUID) -> Any:
    """The appointment as we heard of it; raises NotFound."""
    found = await tx.execute(_VISIT, {"brand": tx.info["brand_id"], "appointment": appointment_id})
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return row


async def live_visits(tx: AsyncSession, clients: Collection[UUID], *, also_unprepared: bool = False) -> list[UUID]:
    """These clients' appointments to come for which something was prepared, always in the same order.

    `also_unprepared`: those too for which nothing was.
    """
    asked = {"brand": tx.info["brand_id"], "ids": list(clients), "also_unprepared": also_unprepared}
    return list((await tx.execute(_LIVE, asked)).scalars())


async def assortment(
    tx: AsyncSession, *, assortment_id: UUID | None = None, appointment_id: UUID | None = None, lock: bool = False
) -> Any:
    """One assortment by its own id or its appointment's; raises NotFound, also while her data is not to be used."""
    found = await tx.execute(
        text(f"{_ASSORTMENT} for update" if lock else _ASSORTMENT),
        {"brand": tx.info["brand_id"], "assortment": assortment_id, "appointment": appointment_id},
    )
    row = found.one_or_none()
    if row is None or await restricted(tx, await taste.family(tx, row.client_id)):
        raise NotFound
    return row


async def laid_out(tx: AsyncSession, appointment_ids: Collection[UUID]) -> list[LaidOut]:
    """How much is prepared for these visits: one statement, however many."""
    rows = await tx.execute(_LAID_OUT, {"brand": tx.info["brand_id"], "ids": list(appointment_ids)})
    return [LaidOut(*row) for row in rows]


async def pieces_of(tx: AsyncSession, assortment_id: UUID) -> list[Choice]:
    """Its pieces in order, the dropped ones too."""
    found = await tx.execute(
        text(
            "select piece_code, reason, reason_piece, pinned, dropped from assortment_piece"
            " where brand_id = :brand and assortment_id = :assortment order by place"
        ),
        {"brand": tx.info["brand_id"], "assortment": assortment_id},
    )
    return [Choice(row.piece_code, Reason(row.reason), row.reason_piece, row.pinned, row.dropped) for row in found]


async def prepared(tx: AsyncSession, row: Any, *, current: bool, sentences: Sentences) -> Prepared:
    """An assortment as it may be shown now. Without her consent, or while what we know is stale, nothing personal."""
    ids = await taste.family(tx, row.client_id)
    choices = await pieces_of(tx, row.assortment_id)
    personal = current and await taste.may_personalise(tx, ids)
    if not personal:
        choices = impersonal(choices)
    return Prepared(
        assortment_id=row.assortment_id,
        appointment_id=row.appointment_id,
        client_id=ids[0],
        boutique_id=row.boutique_id,
        personalised=row.personalised and personal,
        prepared_at=row.prepared_at,
        version=row.version,
        pieces=await shown(tx, choices, boutique_id=row.boutique_id, sentences=sentences),
    )
