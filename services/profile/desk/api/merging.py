"""Two records that are one person, or were wrongly taken for one: joining, separating, keeping apart."""

from typing import Any
from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.wire import After, Limit, Page, cursor, read_id_cursor
from services.profile.desk.queries import cards
from services.profile.desk.rules import AUDITORS, MERGERS, SEPARATORS
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.identities.rules import OneClientAlready
from services.profile.identities.schemas import (
    FieldView,
    MergeForm,
    MergeRecordView,
    MergeView,
    NeverForm,
    NeverView,
    SeparatedView,
)
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights

routes = router()

_ONLY_SAID: dict[int | str, dict[str, Any]] = {
    200: {"description": "What it would come to; nothing was done.", "model": MergeView}
}


@routes.post("/clients/{client_id}/merges", status_code=201, responses=_ONLY_SAID)
@permit(*MERGERS)
@idempotent()
async def merge(
    client_id: UUID, form: MergeForm, *, tx: Transaction, by: By, now: Now, response: Response
) -> MergeView:
    """Make another record part of a client's, or ask what that would come to. Whoever does so may see both."""
    for one in (client_id, form.other_client_id):
        await privacy.look(tx, one, seen="merge", by=by, now=now)
    survivor = await identity_actions.meet(tx, client_id, form.other_client_id)
    kept = await cards.kept(tx, survivor, form.other_client_id)
    merge_id = None
    if form.dry_run:
        response.status_code = 200
    else:
        merge_id = await identity_actions.merge(
            tx,
            survivor=survivor,
            merged=form.other_client_id,
            evidence="staff",
            reason=form.reason,
            actor=by.subject,
            now=now,
        )
    return MergeView(
        merge_id=merge_id,
        client_id=survivor,
        merged_client_id=form.other_client_id,
        fields=[FieldView.model_validate(one) for one in kept],
    )


@routes.get("/clients/{client_id}/merges")
@permit(*SEPARATORS)
async def merges(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[MergeRecordView]:
    """Of which merges a client is made, the latest first; headquarters and privacy see taken-back ones and why, too."""
    sight = await sights.sight(tx, client_id, by, now=now)
    of = f"merges:{sight.client_id}"
    may_audit = by.role in AUDITORS
    found = await identities.merges(
        tx, sight.family, also_separated=may_audit, after=read_id_cursor(after, of=of), limit=limit + 1
    )
    return Page(
        items=[
            MergeRecordView.model_validate(one).model_copy(update={} if may_audit else {"reason": None})
            for one in found[:limit]
        ],
        next_cursor=cursor(found[limit - 1].merge_id, of=of) if len(found) > limit else None,
    )


@routes.delete("/clients/{client_id}/merges/{merge_id}")
@permit(*SEPARATORS)
async def separate(client_id: UUID, merge_id: UUID, tx: Transaction, by: By, now: Now) -> SeparatedView:
    """Take a merge back: every row is with its own record again, and nothing merges these two any more."""
    sight = await privacy.look(tx, client_id, seen="separation", by=by, now=now)
    edge = await identity_actions.separate(tx, merge_id, within=sight.client_id, actor=by.subject, now=now)
    return SeparatedView(
        merge_id=merge_id,
        client_id=sight.client_id,
        separated_client_ids=await identities.family(tx, edge.merged_client_id),
    )


@routes.get("/clients/{client_id}/never-merges")
@permit(*AUDITORS)
async def never_merges(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[NeverView]:
    """With whom a client is never to be merged, who said so and why; the latest first."""
    sight = await sights.sight(tx, client_id, by, now=now)
    of = f"never-merges:{sight.client_id}"
    found = await identities.never_merged(tx, sight.family, after=read_id_cursor(after, of=of), limit=limit + 1)
    return Page(
        items=[NeverView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].never_id, of=of) if len(found) > limit else None,
    )


@routes.put("/clients/{client_id}/never-merges/{other_id}", status_code=204)
@permit(*SEPARATORS)
async def keep_apart(client_id: UUID, other_id: UUID, form: NeverForm, *, tx: Transaction, by: By, now: Now) -> None:
    """These are two people: nothing merges them any more, no person and no proof."""
    for one in (client_id, other_id):
        await privacy.look(tx, one, seen="never-merge", by=by, now=now)
    # Held, so that nobody merges them meanwhile.
    if len(set(await identity_actions.hold(tx, client_id, other_id))) == 1:
        raise OneClientAlready
    await identity_actions.keep_apart(tx, client_id, other_id, reason=form.reason, actor=by.subject, now=now)


@routes.delete("/clients/{client_id}/never-merges/{other_id}", status_code=204)
@permit(Role.MANAGER, Role.REGIONAL, Role.CLIENT_SERVICE, *AUDITORS)
async def let_meet(client_id: UUID, other_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """They may be one after all. Safe to repeat."""
    for one in (client_id, other_id):
        await privacy.look(tx, one, seen="never-merge", by=by, now=now)
    await identity_actions.let_meet(tx, client_id, other_id)
