"""Preparing the pieces for a visit, and what advisors make of them."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from infra.restrictions import restricted
from infra.tombstones import spare
from infra.wire import check_match
from services.recommend.assortments import queries, rules
from services.recommend.assortments.events import AssortmentPrepared
from services.recommend.assortments.rules import Choice, ProcessingRestricted, VisitNotExpected
from services.recommend.taste import queries as taste

# Two who prepare one visit at the same time take turns at this row.
_MAKE = text(
    "insert into assortment (brand_id, assortment_id, appointment_id, client_id, boutique_id, personalised,"
    " prepared_at) values (:brand, :assortment, :appointment, :client, :boutique, false, :now)"
    " on conflict (brand_id, appointment_id) do nothing returning 1"
)
_STAMP = text(
    "update assortment set client_id = :client, boutique_id = :boutique, personalised = :personalised,"
    " prepared_at = :now, version = version + :step where brand_id = :brand and assortment_id = :assortment"
)
_NEXT = text("update assortment set version = version + 1 where brand_id = :brand and assortment_id = :assortment")
_CLEAR = text("delete from assortment_piece where brand_id = :brand and assortment_id = :assortment")
_PLACE = text(
    "insert into assortment_piece (brand_id, assortment_id, piece_code, reason, reason_piece, pinned, dropped, place)"
    " select cast(:brand as text), cast(:assortment as uuid), * from unnest(cast(:codes as text[]),"
    " cast(:reasons as text[]), cast(:pieces as text[]), cast(:pinned as boolean[]), cast(:dropped as boolean[]))"
    " with ordinality"
)
_OF_HERS = (
    "reason = any(:personal) and brand_id = :brand and assortment_id in"
    " (select assortment_id from visit join assortment using (brand_id, appointment_id)"
    " where brand_id = :brand and visit.client_id = any(:ids))"
)
_UNCHOOSE = text(f"delete from assortment_piece where not pinned and not dropped and {_OF_HERS}")  # noqa: S608
_UNREASON = text(f"update assortment_piece set reason = :chosen, reason_piece = null where {_OF_HERS}")  # noqa: S608
_IMPERSONAL = text(
    "update assortment set personalised = false, version = version + 1 from visit"
    " where assortment.brand_id = :brand and assortment.personalised and visit.brand_id = :brand"
    " and visit.appointment_id = assortment.appointment_id and visit.client_id = any(:ids)"
)


@dataclass(frozen=True)
class Preparation:
    """What came of preparing a visit; `made` tells a first time from anew."""

    assortment: Any
    made: bool


async def prepare(tx: AsyncSession, appointment_id: UUID, *, now: datetime) -> Preparation:
    """Choose pieces for a visit, or choose anew around those that people pinned and without those they dropped.

    Announced when something is different from before. Raises NotFound, VisitNotExpected and ProcessingRestricted.
    """
    visit = await queries.visit(tx, appointment_id)
    if not visit.is_live:
        raise VisitNotExpected
    ids = await taste.family(tx, visit.client_id)
    if await restricted(tx, ids):
        raise ProcessingRestricted
    await spare(tx, f"client:{visit.client_id}")
    made = await tx.execute(
        _MAKE,
        {
            "brand": tx.info["brand_id"],
            "assortment": new_id(),
            "appointment": appointment_id,
            "client": visit.client_id,
            "boutique": visit.boutique_id,
            "now": now,
        },
    )
    first = made.first() is not None
    row = await queries.assortment(tx, appointment_id=appointment_id, lock=True)
    before = await queries.pieces_of(tx, row.assortment_id)
    held = before if await taste.may_personalise(tx, ids) else rules.impersonal(before)
    chosen = await queries.chosen_for(
        tx,
        ids,
        boutique_id=visit.boutique_id,
        limit=rules.SIZE,
        now=now,
        asked=visit.piece_code,
        without={choice.piece_code for choice in held if choice.pinned or choice.dropped},
    )
    after = rules.prepared(held, chosen.choices)
    same = (row.boutique_id, row.personalised, before) == (visit.boutique_id, chosen.personalised, after)
    if same and not first:
        return Preparation(row, made=False)
    await _place(tx, row.assortment_id, after)
    await tx.execute(
        _STAMP,
        {
            "brand": tx.info["brand_id"],
            "assortment": row.assortment_id,
            "client": visit.client_id,
            "boutique": visit.boutique_id,
            "personalised": chosen.personalised,
            "now": now,
            "step": 0 if first else 1,
        },
    )
    record(
        tx,
        AssortmentPrepared(
            assortment_id=row.assortment_id,
            appointment_id=appointment_id,
            client_id=visit.client_id,
            boutique_id=visit.boutique_id,
            piece_codes=[choice.piece_code for choice in after if not choice.dropped],
        ),
    )
    return Preparation(await queries.assortment(tx, assortment_id=row.assortment_id), made=first)


async def renew(tx: AsyncSession, clients: Collection[UUID], *, now: datetime, also_unprepared: bool = False) -> None:
    """Prepare these clients' visits to come anew, for what we may use to choose has changed.

    `also_unprepared`: those too for which nothing has been chosen.
    """
    for appointment_id in await queries.live_visits(tx, clients, also_unprepared=also_unprepared):
        await prepare_if_allowed(tx, appointment_id, now=now)


async def prepare_if_allowed(tx: AsyncSession, appointment_id: UUID, *, now: datetime) -> None:
    """Choose pieces for a visit, unless the data of who comes is not to be used."""
    with suppress(ProcessingRestricted):
        await prepare(tx, appointment_id, now=now)


async def forget_why(tx: AsyncSession, clients: Collection[UUID]) -> None:
    """Take out of every assortment of these clients, also of visits long over, what was chosen by what we knew of her.

    What people pinned or dropped stays, as theirs. Whoever may be chosen for again by now keeps it.
    """
    for client_id in sorted(clients):
        ids = await taste.family(tx, client_id)
        if not await taste.may_personalise(tx, ids):
            where = {"brand": tx.info["brand_id"], "ids": ids, "personal": sorted(rules.PERSONAL)}
            await tx.execute(_UNCHOOSE, where)
            await tx.execute(_UNREASON, where | {"chosen": rules.Reason.CHOSEN})
            await tx.execute(_IMPERSONAL, where)


async def edit(
    tx: AsyncSession,
    assortment_id: UUID,
    *,
    pin: Sequence[str],
    drop: Sequence[str],
    order: Sequence[str],
    if_match: str,
) -> Any:
    """Pin, drop and order pieces; the assortment as it is then.

    Raises NotFound, Stale, VisitNotExpected, PieceNotThere, PieceNotChosen and AssortmentFull.
    """
    row = await queries.assortment(tx, assortment_id=assortment_id, lock=True)
    check_match(if_match, row.version)
    visit = await queries.visit(tx, row.appointment_id)
    if not visit.is_live:
        raise VisitNotExpected
    before = await queries.pieces_of(tx, assortment_id)
    showable = {one.piece_code for one in await queries.candidates(tx, row.boutique_id)} if pin else set()
    after = rules.edited(before, pin=pin, drop=drop, order=order, showable=showable)
    if after == before:
        return row
    await _place(tx, assortment_id, after)
    await tx.execute(_NEXT, {"brand": tx.info["brand_id"], "assortment": assortment_id})
    return await queries.assortment(tx, assortment_id=assortment_id)


async def _place(tx: AsyncSession, assortment_id: UUID, choices: Sequence[Choice]) -> None:
    where = {"brand": tx.info["brand_id"], "assortment": assortment_id}
    await tx.execute(_CLEAR, where)
    await tx.execute(
        _PLACE,
        {
            **where,
            "codes": [choice.piece_code for choice in choices],
            "reasons": [choice.reason.value for choice in choices],
            "pieces": [choice.reason_piece for choice in choices],
            "pinned": [choice.pinned for choice in choices],
            "dropped": [choice.dropped for choice in choices],
        },
    )
