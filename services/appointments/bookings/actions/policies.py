"""Setting how a brand lets its clients book."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.wire import check_match
from services.appointments.bookings.queries.policy import Setting, setting
from services.appointments.bookings.rules.policy import MINUTE, Policy
from services.appointments.bookings.tables import BookingPolicy
from services.appointments.directory.queries import brand


async def set_policy(tx: AsyncSession, policy: Policy, *, if_match: str) -> Setting:
    """Replace the rules, for what is booked from now on; raises Stale."""
    said = {
        "hold_minutes": policy.hold // MINUTE,
        "most_holds": policy.most_holds,
        "most_open": policy.most_open,
        "no_shows": policy.no_shows,
        "no_show_days": policy.no_show_window.days,
        "no_show_consequence": policy.no_show_consequence.value,
        "proposal_minutes": policy.proposal // MINUTE,
    }
    # Made first, so that two who set it for the first time take turns too.
    first = insert(BookingPolicy).values(brand_id=brand(tx), version=0, **said)
    await tx.execute(first.on_conflict_do_nothing())
    before = await setting(tx, lock=True)
    check_match(if_match, before.version)
    row = await tx.get_one(BookingPolicy, brand(tx))
    for name, value in said.items():
        setattr(row, name, value)
    row.version += 1
    await tx.flush()
    return await setting(tx)
