"""Taking turns several times in one transaction, as a follower's batch does, without dead-locks."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.availability import actions as availability
from services.appointments.bookings import queries


class TurnsBusyError(Exception):
    """Somebody else is at it, and this transaction may not wait: the follower tries fact by fact, where it may."""


async def take_turns(tx: AsyncSession, resource_ids: Iterable[UUID]) -> None:
    """Wait for everybody's turn at once; what comes later in the same transaction takes them only if they are free.

    Raises TurnsBusyError then. Facts of several kinds alternate in a batch, and each kind locks for itself: whoever
    waited a second time, out of the one order, could wait for somebody who waits for the first.
    """
    wanted = list(resource_ids)
    if not queries.must_not_wait(tx):
        await availability.take_turns(tx, wanted)
    elif not await availability.try_turns(tx, wanted):
        raise TurnsBusyError
    queries.has_locked(tx)
