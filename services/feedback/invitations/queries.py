"""Reads of invitations, boutiques and merged clients."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.feedback.invitations.rules import Status
from services.feedback.invitations.tables import Boutique, ClientAlias, Invitation


async def canonical(tx: AsyncSession, client_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Whom each of these clients was merged into; herself if she was not."""
    query = select(ClientAlias.client_id, ClientAlias.canonical_id).where(
        ClientAlias.brand_id == tx.info["brand_id"], ClientAlias.client_id.in_(client_ids)
    )
    known_as = {row.client_id: row.canonical_id for row in await tx.execute(query)}
    return {client_id: known_as.get(client_id, client_id) for client_id in client_ids}


async def family(tx: AsyncSession, client_id: UUID) -> Sequence[UUID]:
    """Everyone this client is: herself, whom she was merged into, and all that were merged there too."""
    head = (await canonical(tx, [client_id]))[client_id]
    merged = select(ClientAlias.client_id).where(
        ClientAlias.brand_id == tx.info["brand_id"], ClientAlias.canonical_id == head
    )
    return [head, *await tx.scalars(merged)]


async def families(tx: AsyncSession, client_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Everyone that each of these clients is, in two statements however many."""
    heads = await canonical(tx, client_ids)
    query = select(ClientAlias.client_id, ClientAlias.canonical_id).where(
        ClientAlias.brand_id == tx.info["brand_id"], ClientAlias.canonical_id.in_(set(heads.values()))
    )
    merged = [(row.client_id, row.canonical_id) for row in await tx.execute(query)]
    return {one: {one, head, *(other for other, to in merged if to == head)} for one, head in heads.items()}


async def boutique(tx: AsyncSession, boutique_id: UUID) -> Boutique:
    """A boutique we have heard of; raises NotFound."""
    found = await tx.get(Boutique, (tx.info["brand_id"], boutique_id))
    if found is None:
        raise NotFound
    return found


def seen_by(by: Caller) -> ColumnElement[bool]:
    """Headquarters see the brand, everyone else her boutiques."""
    return true() if by.role is Role.HEADQUARTERS else Invitation.boutique_id.in_(by.boutique_ids)


async def invitation(tx: AsyncSession, invitation_id: UUID, *, by: Caller) -> Invitation:
    """One invitation; raises NotFound, also if the caller may not see it."""
    found = await tx.scalar(
        select(Invitation).where(
            Invitation.brand_id == tx.info["brand_id"], Invitation.invitation_id == invitation_id, seen_by(by)
        )
    )
    if found is None:
        raise NotFound
    return found


async def by_token(tx: AsyncSession, token_hash: bytes) -> Invitation:
    """The invitation of a link; raises NotFound."""
    found = await tx.scalar(
        select(Invitation).where(Invitation.brand_id == tx.info["brand_id"], Invitation.token_hash == token_hash)
    )
    if found is None:
        raise NotFound
    return found


async def follow_up(tx: AsyncSession, work_order_id: UUID) -> Invitation | None:
    """The last time a client was asked again about a work order."""
    return (
        await tx.scalars(
            select(Invitation)
            .where(Invitation.brand_id == tx.info["brand_id"], Invitation.work_order_id == work_order_id)
            .order_by(Invitation.invitation_id.desc())
            .limit(1)
        )
    ).first()


async def page(
    tx: AsyncSession,
    *,
    by: Caller,
    boutique_id: UUID | None,
    client_id: UUID | None,
    status: Status | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Invitation]:
    """Newest first, before the invitation of that id."""
    query = select(Invitation).where(Invitation.brand_id == tx.info["brand_id"], seen_by(by))
    if boutique_id is not None:
        query = query.where(Invitation.boutique_id == boutique_id)
    if client_id is not None:
        query = query.where(Invitation.client_id.in_(await family(tx, client_id)))
    if status is not None:
        query = query.where(Invitation.status == status)
    if before is not None:
        query = query.where(Invitation.invitation_id < before)
    return (await tx.scalars(query.order_by(Invitation.invitation_id.desc()).limit(limit))).all()


async def ready(tx: AsyncSession, *, now: datetime, limit: int) -> Sequence[Invitation]:
    """What waits for its time or for another try, over all brands; held until the commit, skipping what rivals hold."""
    return (
        await tx.scalars(
            select(Invitation)
            .where(
                Invitation.status.in_([Status.SCHEDULED, Status.DUE]),
                Invitation.next_attempt_at <= now,
                Invitation.expires_at > now,
            )
            .order_by(Invitation.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()


async def outdated(tx: AsyncSession, *, now: datetime, limit: int) -> Sequence[Invitation]:
    """Open invitations whose link is too old, over all brands; held until the commit, skipping what rivals hold."""
    return (
        await tx.scalars(
            select(Invitation)
            .where(Invitation.status.in_([Status.SCHEDULED, Status.DUE, Status.SENT]), Invitation.expires_at <= now)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
