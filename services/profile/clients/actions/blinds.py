"""Keyed digests of the days clients keep, without their year: a list finds who keeps one without opening any."""

import asyncio

from sqlalchemy import text

from infra.app import Kit
from infra.crypto import Keyring, keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from services.profile.clients.models import days
from services.profile.clients.models.days import Day

FEW = 500  # days in one transaction
PAUSE = 10.0  # seconds between two looks for days without a digest

_BIRTHDAYS = text(
    "select brand_id, client_id as row_id, birthday as day from client"
    " where birthday is not null and birthday_blind is null order by client_id limit :few for update skip locked"
)
_BLIND_BIRTHDAYS = text(
    "update client set birthday_blind = item.blind"
    " from unnest(cast(:brands as text[]), cast(:ids as uuid[]), cast(:blinds as bytea[])) as item (brand, id, blind)"
    " where brand_id = item.brand and client_id = item.id"
)
_DATES = text(
    "select brand_id, date_id as row_id, day from client_date where day_blind is null order by date_id limit :few"
    " for update skip locked"
)
_BLIND_DATES = text(
    "update client_date set day_blind = item.blind"
    " from unnest(cast(:brands as text[]), cast(:ids as uuid[]), cast(:blinds as bytea[])) as item (brand, id, blind)"
    " where brand_id = item.brand and date_id = item.id"
)


def birthday(ring: Keyring, day: Day) -> bytes:
    """The digest of a birthday."""
    return ring.blind(days.BIRTHDAYS, days.sign(day))


def kept(ring: Keyring, day: Day) -> bytes:
    """The digest of another day that matters."""
    return ring.blind(days.DATES, days.sign(day))


async def blind_all(database: Database) -> int:
    """Give a batch of birthdays and days their digests that have none; answers how many."""
    done = 0
    for find, keep, place, digest in (
        (_BIRTHDAYS, _BLIND_BIRTHDAYS, ("client", "birthday"), birthday),
        (_DATES, _BLIND_DATES, ("client_date", "day"), kept),
    ):
        async with database.transaction(EVERY_BRAND) as tx:
            ring, rows = keyring(tx), (await tx.execute(find, {"few": FEW})).all()
            blinds = [digest(ring, days.read(ring.open(*place, row.row_id, row.day))) for row in rows]
            ids = {"brands": [row.brand_id for row in rows], "ids": [row.row_id for row in rows]}
            if rows:
                await tx.execute(keep, ids | {"blinds": blinds})
        done += len(rows)
    return done


async def blinding(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that catches up on days that were kept without their digest."""
    while not stop.is_set():
        if await blind_all(kit.database) == 0:
            await pause(stop, PAUSE)
