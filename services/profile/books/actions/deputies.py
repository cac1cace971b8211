"""Saying who stands in for an owner."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Caller
from services.profile.books.events import BookDeputyAssigned, BookDeputyReleased, DeputyAssigned, DeputyReleased
from services.profile.books.queries import owner_of, staff
from services.profile.books.queries.deputies import Deputy
from services.profile.books.rules import owners as rules
from services.profile.books.rules.handovers import check_taker
from services.profile.segments import queries as segments

_SET = text(
    "insert into client_deputy (brand_id, client_id, advisor_id, from_at, until_at, set_by)"
    " values (:brand, :client_id, :advisor_id, :from_at, :until_at, :by) on conflict (brand_id, client_id) do update"
    " set advisor_id = excluded.advisor_id, from_at = excluded.from_at, until_at = excluded.until_at,"
    " set_by = excluded.set_by"
)
_SET_BOOK = text(
    "insert into book_deputy (brand_id, owner_advisor_id, advisor_id, from_at, until_at, set_by)"
    " values (:brand, :owner_advisor_id, :advisor_id, :from_at, :until_at, :by)"
    " on conflict (brand_id, owner_advisor_id) do update set advisor_id = excluded.advisor_id,"
    " from_at = excluded.from_at, until_at = excluded.until_at, set_by = excluded.set_by"
)
_END = text("delete from client_deputy where brand_id = :brand and client_id = :client_id returning client_id")
_END_BOOK = text(
    "delete from book_deputy where brand_id = :brand and owner_advisor_id = :advisor_id returning owner_advisor_id"
)


async def stand_in(tx: AsyncSession, client_id: UUID, deputy: Deputy, *, by: Caller, now: datetime) -> Deputy:
    """Let an advisor stand in for one client's owner; raises AdvisorNotThere, NobodysClient, HandoverToOneself and kin.

    Whether the caller may see the client is for who calls to ask first.
    """
    owner = await owner_of(tx, client_id)
    if owner is None:
        raise rules.NobodysClient
    await _check(tx, owner.advisor_id, deputy, now=now)
    asked = {
        "client_id": client_id,
        "advisor_id": deputy.advisor_id,
        "from_at": deputy.from_at,
        "until_at": deputy.until_at,
    }
    await tx.execute(_SET, {"brand": tx.info["brand_id"], "by": by.subject, **asked})
    record(tx, DeputyAssigned.model_validate(asked))
    return deputy


async def end(tx: AsyncSession, client_id: UUID) -> None:
    """Nobody stands in for this client's owner any more."""
    ended = await tx.execute(_END, {"brand": tx.info["brand_id"], "client_id": client_id})
    if ended.first() is not None:
        record(tx, DeputyReleased(client_id=client_id))


async def stand_in_for_all(
    tx: AsyncSession, owner_advisor_id: UUID, deputy: Deputy, *, by: Caller, now: datetime
) -> Deputy:
    """Let an advisor stand in for a whole book while its owner is away; raises AdvisorNotThere and kin."""
    await _check(tx, owner_advisor_id, deputy, now=now)
    asked = {
        "owner_advisor_id": owner_advisor_id,
        "advisor_id": deputy.advisor_id,
        "from_at": deputy.from_at,
        "until_at": deputy.until_at,
    }
    await tx.execute(_SET_BOOK, {"brand": tx.info["brand_id"], "by": by.subject, **asked})
    record(tx, BookDeputyAssigned.model_validate(asked))
    return deputy


async def end_for_all(tx: AsyncSession, owner_advisor_id: UUID) -> None:
    """Nobody stands in for this book any more."""
    ended = await tx.execute(_END_BOOK, {"brand": tx.info["brand_id"], "advisor_id": owner_advisor_id})
    if ended.first() is not None:
        record(tx, BookDeputyReleased(owner_advisor_id=owner_advisor_id))


async def _check(tx: AsyncSession, owner_advisor_id: UUID, deputy: Deputy, *, now: datetime) -> None:
    if deputy.until_at is not None and deputy.until_at <= max(deputy.from_at, now):
        raise rules.DeputyOver
    taker = (await staff.by_id(tx, [deputy.advisor_id])).get(deputy.advisor_id)
    if taker is None:
        raise rules.AdvisorNotThere
    check_taker(taker, owner_advisor_id, today=await segments.today(tx, now))
