"""Removing rows that have no more use."""

import asyncio

from sqlalchemy import ColumnElement, delete, select, tuple_

from gateway.identity.tables import Row
from infra.app import Kit
from infra.database import EVERY_BRAND

FEW = 500  # rows in one transaction: a long night's worth of them must not lock or outlast a statement's time


async def sweep(kit: Kit, stop: asyncio.Event, table: type[Row], useless: ColumnElement[bool]) -> None:
    """Delete the rows of a table, of every brand, for which this holds; a few at a time, until none is left."""
    key = list(table.__table__.primary_key)
    few = select(*key).where(useless).limit(FEW).with_for_update(skip_locked=True, of=table)
    deleting = delete(table).where(tuple_(*key).in_(few)).returning(key[0])
    gone = FEW
    while gone == FEW and not stop.is_set():
        async with kit.database.transaction(EVERY_BRAND) as tx:
            options = {"synchronize_session": False}
            gone = len((await tx.execute(deleting, execution_options=options)).all())
