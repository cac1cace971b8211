"""Everything that is reckoned of one client on a day."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.consents import queries as consents
from services.profile.consents.rules import ProfilingOff
from services.profile.identities import queries as identities
from services.profile.segments.queries import fits
from services.profile.segments.queries.engagement import engagement
from services.profile.segments.queries.features import features
from services.profile.segments.queries.fits import Fit
from services.profile.segments.queries.setting import policy
from services.profile.segments.queries.standing import standings
from services.profile.segments.rules import Segment, Standing
from services.profile.segments.rules.engagement import Engagement
from services.profile.segments.rules.future import Outlook, outlook
from services.profile.segments.rules.value import Value


@dataclass(frozen=True, slots=True)
class Picture:
    """A client's standing with what stands beside it; value and outlook each with the moment of their fit."""

    standing: Standing
    engagement: Engagement
    value: tuple[Value, datetime] | None
    outlook: tuple[Outlook, datetime] | None


async def picture(tx: AsyncSession, client_id: UUID, as_of: date, *, today: date) -> Picture:
    """All that is reckoned of a client on a day; raises DayOutOfRange, ProfilingOff."""
    canonical = await identities.canonical(tx, client_id)
    if await consents.profiling_off(tx, [canonical]):
        raise ProfilingOff
    setting = await policy(tx)
    standing = (await standings(tx, [canonical], setting, as_of))[canonical]
    fitted = await fits.latest(tx, usable=True)
    buying, future = fitted.get(Fit.VALUE), fitted.get(Fit.FUTURE)
    value = await fits.value_of(tx, canonical, setting, as_of, buying)
    ahead = None
    # Of a day that is past, what then lay ahead is known by now; a fit in another currency than the policy's is none.
    is_fitted = future is not None and future.currency == setting.policy.currency
    if future is not None and is_fitted and as_of == today and standing.segment is not Segment.VIC:
        known = (await features(tx, [canonical], setting, as_of))[canonical]
        if known.is_known:
            ahead = outlook(fits.model_of(future), known.values)
    return Picture(
        standing=standing,
        engagement=await engagement(tx, [canonical], setting, as_of),
        value=(value, buying.fitted_at) if value and buying else None,
        outlook=(ahead, future.fitted_at) if ahead and future else None,
    )
