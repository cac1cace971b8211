"""Scoring everybody by the latest future-VIC model, and keeping whom it puts far above the average."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.segments import queries
from services.profile.segments.queries import SegmentPolicy, fits
from services.profile.segments.queries.features import features
from services.profile.segments.queries.fits import Fit, Fitted
from services.profile.segments.rules.future import outlook

CHUNK = 500
FAR_ABOVE = 2.0  # times the share of clients who become VICs: whoever is below is not kept, her label least of all

_NEXT = text(
    "select client_id from client c where brand_id = :brand and client_id > :after and not exists (select"
    " from client_alias a where a.brand_id = c.brand_id and a.client_id = c.client_id) order by client_id limit :limit"
)
_KEEP = text(
    "insert into future_vic (brand_id, client_id, score, reasons, scored_on, fitted_at)"
    " select :brand, item.client_id, item.score, string_to_array(item.reasons, ','), :today, :fitted_at"
    " from unnest(cast(:ids as uuid[]), cast(:scores as double precision[]), cast(:reasons as text[]))"
    " as item (client_id, score, reasons) order by item.client_id"
    " on conflict (brand_id, client_id) do update set score = excluded.score, reasons = excluded.reasons,"
    " scored_on = excluded.scored_on, fitted_at = excluded.fitted_at"
)
_DROP = text("delete from future_vic where brand_id = :brand and fitted_at <> :fitted_at")
_DROP_ALL = text("delete from future_vic where brand_id = :brand")


async def score_all(database: Database, brand_id: str, *, now: datetime) -> int:
    """Score every client of a brand by the fit of now; answers how many are kept.

    A fit that may not be used leaves nobody scored: an old score would be believed too long.
    """
    async with database.transaction(brand_id) as tx:
        fitted = (await fits.latest(tx, usable=False)).get(Fit.FUTURE)
        setting, today = await queries.policy(tx), await queries.today(tx, now)
        if fitted is None or fitted.unusable is not None or fitted.currency != setting.policy.currency:
            await tx.execute(_DROP_ALL, {"brand": brand_id})
            return 0
    kept, after = 0, UUID(int=0)
    while True:
        async with database.transaction(brand_id) as tx:
            asked = {"brand": brand_id, "after": after, "limit": CHUNK}
            ids = list((await tx.execute(_NEXT, asked)).scalars())
            if not ids:
                break
            kept += await _score(tx, ids, setting, fitted, today=today)
        after = ids[-1]
    async with database.transaction(brand_id) as tx:
        await tx.execute(_DROP, {"brand": brand_id, "fitted_at": fitted.fitted_at})
    return kept


async def _score(tx: AsyncSession, ids: Sequence[UUID], setting: SegmentPolicy, fitted: Fitted, *, today: date) -> int:
    model = fits.model_of(fitted)
    known = await features(tx, ids, setting, today)
    scored = {
        client_id: outlook(model, one.values)
        for client_id, one in known.items()
        if one.is_known and one.spend_minor < setting.policy.vic_minor
    }
    far = {client_id: one for client_id, one in scored.items() if one.score >= FAR_ABOVE * model.base_rate}
    if not far:
        return 0
    # Whoever is being erased, or has just said no, is left out.
    there = await clients.spared(tx, sorted(far)) - await consents.profiling_off(tx, sorted(far))
    chosen = sorted(there - await consents.restricted(tx, sorted(far)))
    await tx.execute(
        _KEEP,
        {
            "brand": tx.info["brand_id"],
            "ids": chosen,
            "scores": [far[client_id].score for client_id in chosen],
            "reasons": [",".join(far[client_id].reasons) for client_id in chosen],
            "today": today,
            "fitted_at": fitted.fitted_at,
        },
    )
    return len(chosen)
