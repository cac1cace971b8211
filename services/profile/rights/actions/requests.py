"""Asking for one's rights, and the steps that lead to the answer."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.wire import check_match
from services.profile.consents import actions as consents
from services.profile.identities import queries as identities
from services.profile.rights import queries, rules
from services.profile.rights.actions import erasing
from services.profile.rights.queries import Amendment, DataRequest
from services.profile.rights.rules import Asked, Status, Step, StillErasing
from services.profile.segments import queries as segments

BY_HERSELF = "client"

_ASK = text(
    "insert into data_request (brand_id, request_id, client_id, kind, status, asked_by, asked_at, due_on, verified_at,"
    " corrections) values (:brand, :request_id, :client_id, :kind, :status, :asked_by, :now, :due_on, :verified_at,"
    " :corrections)"
    " on conflict (brand_id, client_id, kind) where status in ('received', 'verified', 'running') do nothing"
)
# Which moment a step is written down under.
_STEPS = {
    step: text(
        f"update data_request set status = :status, {moment} = :now, reason = coalesce(:reason, reason),"  # noqa: S608
        " version = version + 1 where brand_id = :brand and request_id = :request_id"
    )
    for step, moment in (
        (Step.VERIFY, "verified_at"),
        (Step.START, "started_at"),
        (Step.FINISH, "done_at"),
        (Step.REFUSE, "refused_at"),
    )
}


async def ask(
    tx: AsyncSession,
    client_id: UUID,
    kind: Asked,
    *,
    corrections: Sequence[Amendment] = (),
    by: Caller,
    now: datetime,
) -> DataRequest:
    """Write down what she asks for, and of a correction what is wrong.

    While she waits for the answer, asking again answers the first request.
    """
    family = await identities.family(tx, client_id)
    asked = await queries.open_request(tx, family, kind)
    if asked is None:
        herself = by.role is Role.CLIENT
        request_id = new_id()
        sealed = keyring(tx).seal("data_request", "corrections", request_id, queries.written(corrections))
        row = {
            "brand": tx.info["brand_id"],
            "request_id": request_id,
            "corrections": sealed if corrections else None,
            "client_id": family[0],
            "kind": kind,
            # Whoever is signed in as her has shown that it is she.
            "status": Status.VERIFIED if herself else Status.RECEIVED,
            "asked_by": BY_HERSELF if herself else by.subject,
            "now": now,
            "due_on": rules.due_on(await segments.today(tx, now)),
            "verified_at": now if herself else None,
        }
        await tx.execute(_ASK, row)
        # Hers, or that of a rival at the same moment.
        asked = await queries.open_request(tx, family, kind) or request_id
    return await queries.request(tx, asked)


async def verify(tx: AsyncSession, request_id: UUID, *, if_match: str, now: datetime) -> DataRequest:
    """It was she who asked. Raises NotFound, Stale, RequestStepNotAllowed."""
    await _advance(tx, request_id, Step.VERIFY, if_match=if_match, now=now)
    return await queries.request(tx, request_id)


async def refuse(tx: AsyncSession, request_id: UUID, reason: str, *, if_match: str, now: datetime) -> DataRequest:
    """Say no, and why. Raises NotFound, Stale, RequestStepNotAllowed."""
    await _advance(tx, request_id, Step.REFUSE, if_match=if_match, now=now, reason=reason)
    return await queries.request(tx, request_id)


async def start(tx: AsyncSession, request_id: UUID, *, if_match: str, now: datetime) -> DataRequest:
    """Do what she asked for. Raises NotFound, Stale, RequestStepNotAllowed.

    A restriction stands at once; an erasing ends when every service has answered; everything else is somebody's work,
    who finishes it.
    """
    found = await _advance(tx, request_id, Step.START, if_match=if_match, now=now)
    if found.kind is Asked.ERASE:
        await erasing.begin(tx, request_id, found.client_id, now=now)
    if found.kind is Asked.RESTRICT:
        await consents.restrict(tx, found.client_id, now=now)
        await _advance(tx, request_id, Step.FINISH, if_match="*", now=now)
    return await queries.request(tx, request_id)


async def finish(tx: AsyncSession, request_id: UUID, *, if_match: str, now: datetime) -> DataRequest:
    """What she asked for was done by hand. Raises NotFound, Stale, RequestStepNotAllowed, StillErasing."""
    if (await queries.request(tx, request_id)).kind is Asked.ERASE:
        raise StillErasing
    await _advance(tx, request_id, Step.FINISH, if_match=if_match, now=now)
    return await queries.request(tx, request_id)


async def _advance(
    tx: AsyncSession, request_id: UUID, wanted: Step, *, if_match: str, now: datetime, reason: str | None = None
) -> DataRequest:
    found = await queries.request(tx, request_id, lock=True)
    check_match(if_match, found.version)
    sealed = keyring(tx).seal("data_request", "reason", request_id, reason) if reason is not None else None
    row = {"brand": tx.info["brand_id"], "request_id": request_id, "now": now, "reason": sealed}
    await tx.execute(_STEPS[wanted], row | {"status": rules.step(found.status, wanted)})
    return found
