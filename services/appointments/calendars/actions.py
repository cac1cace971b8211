"""Making and revoking the addresses of calendars, and reading what is behind them."""

import secrets
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound
from services.appointments.calendars import models, queries, rules
from services.appointments.calendars.rules import Holder, TooManyFeeds
from services.appointments.calendars.tables import CalendarFeed
from services.appointments.directory import queries as directory
from services.appointments.reminders.actions import links

# A client's link leads to her visit so long after it is over.
AFTERWARDS = timedelta(days=30)
# Who wants an address takes turns with whoever wants another of the same calendar.
_TURN = text("select pg_advisory_xact_lock(hashtextextended('calendar:' || :brand || ':' || :holder, 0))")


async def check_holder(tx: AsyncSession, kind: Holder, holder_id: UUID, by: Caller) -> None:
    """Raise NotFound unless the caller may hand this calendar out: an advisor her own, who leads her boutiques'."""
    if kind is Holder.BOUTIQUE:
        if by.role is Role.ADVISOR:
            raise NotFound
        await directory.own_boutique(tx, holder_id, by)
        return
    advisor = await directory.own_advisor(tx, holder_id, by)
    if advisor.left_at is not None or (by.role is Role.ADVISOR and by.advisor_id != holder_id):
        raise NotFound


async def make(
    tx: AsyncSession, kind: Holder, holder_id: UUID, *, language: str, by: Caller, now: datetime
) -> tuple[CalendarFeed, str]:
    """A new address and its token, which nobody can find out again; raises NotFound, TooManyFeeds."""
    await check_holder(tx, kind, holder_id, by)
    brand_id = directory.brand(tx)
    await tx.execute(_TURN, {"brand": brand_id, "holder": str(holder_id)})
    if len(await queries.feeds(tx, kind, holder_id)) >= rules.MOST_FEEDS:
        raise TooManyFeeds
    token = f"{brand_id}.{secrets.token_urlsafe(32)}"
    made = CalendarFeed(
        brand_id=brand_id,
        feed_id=new_id(),
        kind=kind,
        holder_id=holder_id,
        language=language,
        token_hash=rules.digest(token),
        made_by=by.subject,
        made_at=now,
    )
    tx.add(made)
    await tx.flush()
    return made, token


async def revoke(tx: AsyncSession, feed_id: UUID, *, by: Caller, now: datetime) -> None:
    """Whoever has the address reads nothing more; raises NotFound. Safe to repeat."""
    found = await queries.feed(tx, feed_id)
    await check_holder(tx, Holder(found.kind), found.holder_id, by)
    found.revoked_at = found.revoked_at or now


async def feed(tx: AsyncSession, token: str, *, public_url: str, now: datetime) -> bytes:
    """The calendar behind a token; raises NotFound."""
    one = await queries.by_token(tx, rules.digest(token))
    name = await queries.holder_name(tx, one)
    return models.calendar(await queries.entries(tx, one, host=host_of(public_url), now=now), name=name)


async def linked_visit(tx: AsyncSession, token: str, *, language: str, public_url: str, now: datetime) -> bytes:
    """The file of the visit that a client's link is about; raises NotFound."""
    meant = links.meant(token)
    if meant is None:
        raise NotFound
    row = await queries.one_visit(tx, meant[1])
    if not links.is_true(tx, token, row[0]) or now >= row[0].ends_at + AFTERWARDS:
        raise NotFound
    return file_of(row, language=language, public_url=public_url)


def file_of(row: queries.Names, *, language: str, public_url: str) -> bytes:
    """A visit as a file for its client's calendar; raises NotFound for a time that is only kept."""
    entry = queries.entry(*row, language=language, host=host_of(public_url))
    if entry is None:
        raise NotFound
    return models.calendar([entry], method="PUBLISH")


def host_of(public_url: str) -> str:
    """What makes the ids of our visits different from everybody else's."""
    return urlsplit(public_url).hostname or "maison"
