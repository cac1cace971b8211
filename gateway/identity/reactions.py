"""What the gateway does on others' facts: it knows which boutique lies where, and ends what may not go on."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import all_, any_, func, literal, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.actions.leaving import close_accounts, end_sessions
from gateway.identity.tables import Account, BoutiqueRegion, Session
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on


class BoutiqueOpened(Slice):
    """A boutique and the region it lies in."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"

    boutique_id: UUID
    region_id: UUID


class IdentitiesSeparated(Slice):
    """Two records that were read as one client are two clients again."""

    type: ClassVar[str] = "profile.identities-separated.v1"

    client_id: UUID
    merged_client_id: UUID
    known_as_client_id: UUID


class AdvisorLeft(Slice):
    """An advisor has left the house."""

    type: ClassVar[str] = "appointments.advisor-left.v1"

    advisor_id: UUID


class AdvisorMoved(Slice):
    """An advisor works at another boutique."""

    type: ClassVar[str] = "appointments.advisor-moved.v1"

    advisor_id: UUID
    boutique_id: UUID
    from_boutique_id: UUID


async def place(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Remember the region of each boutique; the last fact about one is right."""
    latest = {(told.brand_id, told.fact.boutique_id): told.fact.region_id for told in facts}
    rows = [
        {"brand_id": brand_id, "boutique_id": boutique_id, "region_id": region_id}
        for (brand_id, boutique_id), region_id in latest.items()
    ]
    adding = insert(BoutiqueRegion).values(rows)
    await tx.execute(
        adding.on_conflict_do_update(
            index_elements=["brand_id", "boutique_id"], set_={"region_id": adding.excluded.region_id}
        )
    )


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reactions. A session ends by the gateway's own clock, by which its instances look for those that ended."""

    async def sign_out(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
        """End what was signed in as any of the records: which of the two has that phone, WeChat alone can tell."""
        for told in facts:
            fact = told.fact
            ids = [fact.client_id, fact.merged_client_id, fact.known_as_client_id]
            ended = update(Session).where(
                Session.brand_id == told.brand_id, Session.client_id.in_(ids), Session.revoked_at.is_(None)
            )
            await tx.execute(ended.values(revoked_at=clock(), revoked_because="identities-separated"))

    async def close(tx: AsyncSession, facts: Sequence[Delivered[AdvisorLeft]]) -> None:
        """End the leaver's accounts and whatever was signed in with them."""
        for told in facts:
            await close_accounts(tx, told.brand_id, [told.fact.advisor_id], now=clock())

    async def transfer(tx: AsyncSession, facts: Sequence[Delivered[AdvisorMoved]]) -> None:
        """Let accounts open the advisor's new boutique and no longer the old one; she signs in again to see it."""
        for told in facts:
            fact, old, new = told.fact, literal(told.fact.from_boutique_id), literal(told.fact.boutique_id)
            hers = update(Account).where(
                Account.brand_id == told.brand_id,
                Account.advisor_id == fact.advisor_id,
                or_(old == any_(Account.boutique_ids), new != all_(Account.boutique_ids)),
            )
            kept = func.array_remove(func.array_remove(Account.boutique_ids, fact.from_boutique_id), fact.boutique_id)
            placed = hers.values(boutique_ids=func.array_append(kept, fact.boutique_id))
            # A token out there says the old boutique for ten minutes more.
            whose = placed.returning(Account.account_id).execution_options(synchronize_session=False)
            moved = list(await tx.scalars(whose))
            await end_sessions(tx, told.brand_id, moved, because="advisor-moved", now=clock())

    return [
        on(BoutiqueOpened, place, fills=("boutique_region",)),
        on(IdentitiesSeparated, sign_out),
        on(AdvisorMoved, transfer),
        on(AdvisorLeft, close),
    ]
