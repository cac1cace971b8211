"""What availability does on profile's facts."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.aliases import WHO_IS_WHO, learn
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.availability.tables import BookDeputy, ClientDeputy, ClientOwner, ClientSegment


class OwnerAssigned(Slice):
    """Whose client she is from now on."""

    type: ClassVar[str] = "profile.owner-assigned.v1"

    client_id: UUID
    advisor_id: UUID
    boutique_id: UUID


class OwnerReleased(Slice):
    """Nobody's client from now on."""

    type: ClassVar[str] = "profile.owner-released.v1"

    client_id: UUID


class SegmentChanged(Slice):
    """Which segment she is in from now on; nothing says that she is in none any more."""

    type: ClassVar[str] = "profile.segment-changed.v1"

    client_id: UUID
    segment: str


class DeputyAssigned(Slice):
    """Somebody stands in for one client's advisor."""

    type: ClassVar[str] = "profile.deputy-assigned.v1"

    client_id: UUID
    advisor_id: UUID
    from_at: datetime
    until_at: datetime | None


class DeputyReleased(Slice):
    """Nobody does any more."""

    type: ClassVar[str] = "profile.deputy-released.v1"

    client_id: UUID


class BookDeputyAssigned(Slice):
    """Somebody stands in for an advisor's whole book."""

    type: ClassVar[str] = "profile.book-deputy-assigned.v1"

    owner_advisor_id: UUID
    advisor_id: UUID
    from_at: datetime
    until_at: datetime | None


class BookDeputyReleased(Slice):
    """Nobody does any more."""

    type: ClassVar[str] = "profile.book-deputy-released.v1"

    owner_advisor_id: UUID


class IdentitiesMerged(Slice):
    """Two ids turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


class IdentitiesSeparated(Slice):
    """They are two clients after all."""

    type: ClassVar[str] = "profile.identities-separated.v1"

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


async def remember_owner(tx: AsyncSession, facts: Sequence[Delivered[OwnerAssigned]]) -> None:
    """Keep the last owner of each client, so that she is offered her own advisor first."""
    # Facts about one client come in order: the last of a batch is the newest.
    last = {(one.brand_id, one.fact.client_id): one for one in facts}
    statement = insert(ClientOwner).values(
        [
            {
                "brand_id": brand_id,
                "client_id": client_id,
                "advisor_id": one.fact.advisor_id,
                "boutique_id": one.fact.boutique_id,
                "assigned_at": one.occurred_at,
            }
            for (brand_id, client_id), one in sorted(last.items())
        ]
    )
    new = statement.excluded
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["brand_id", "client_id"],
            set_={
                "advisor_id": new.advisor_id,
                "boutique_id": new.boutique_id,
                "assigned_at": new.assigned_at,
            },
        )
    )


async def forget_owner(tx: AsyncSession, facts: Sequence[Delivered[OwnerReleased]]) -> None:
    """She is nobody's client any more."""
    for one in facts:
        await tx.execute(
            delete(ClientOwner).where(ClientOwner.brand_id == one.brand_id, ClientOwner.client_id == one.fact.client_id)
        )


async def remember_segment(tx: AsyncSession, facts: Sequence[Delivered[SegmentChanged]]) -> None:
    """Keep her last segment: it decides which experiences are open to her."""
    last = {(one.brand_id, one.fact.client_id): one for one in facts}
    statement = insert(ClientSegment).values(
        [
            {"brand_id": brand_id, "client_id": client_id, "segment": one.fact.segment, "told_at": one.occurred_at}
            for (brand_id, client_id), one in sorted(last.items())
        ]
    )
    new = statement.excluded
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["brand_id", "client_id"], set_={"segment": new.segment, "told_at": new.told_at}
        )
    )


async def remember_deputy(tx: AsyncSession, facts: Sequence[Delivered[DeputyAssigned]]) -> None:
    """Keep who stands in for a client's advisor, so that she is asked when the advisor is not free."""
    last = {(one.brand_id, one.fact.client_id): one.fact for one in facts}
    await _keep(
        tx,
        ClientDeputy,
        "client_id",
        [
            {
                "brand_id": brand_id,
                "client_id": client_id,
                "advisor_id": fact.advisor_id,
                "from_at": fact.from_at,
                "until_at": fact.until_at,
            }
            for (brand_id, client_id), fact in sorted(last.items(), key=itemgetter(0))
        ],
    )


async def forget_deputy(tx: AsyncSession, facts: Sequence[Delivered[DeputyReleased]]) -> None:
    """Nobody stands in for that client's advisor any more."""
    for one in facts:
        hers = (ClientDeputy.brand_id == one.brand_id, ClientDeputy.client_id == one.fact.client_id)
        await tx.execute(delete(ClientDeputy).where(*hers))


async def remember_book_deputy(tx: AsyncSession, facts: Sequence[Delivered[BookDeputyAssigned]]) -> None:
    """Keep who stands in for a whole book."""
    last = {(one.brand_id, one.fact.owner_advisor_id): one.fact for one in facts}
    await _keep(
        tx,
        BookDeputy,
        "owner_advisor_id",
        [
            {
                "brand_id": brand_id,
                "owner_advisor_id": owner_id,
                "advisor_id": fact.advisor_id,
                "from_at": fact.from_at,
                "until_at": fact.until_at,
            }
            for (brand_id, owner_id), fact in sorted(last.items(), key=itemgetter(0))
        ],
    )


async def forget_book_deputy(tx: AsyncSession, facts: Sequence[Delivered[BookDeputyReleased]]) -> None:
    """Nobody stands in for that book any more."""
    for one in facts:
        its = (BookDeputy.brand_id == one.brand_id, BookDeputy.owner_advisor_id == one.fact.owner_advisor_id)
        await tx.execute(delete(BookDeputy).where(*its))


async def _keep(
    tx: AsyncSession, table: type[ClientDeputy | BookDeputy], key: str, rows: Sequence[dict[str, object]]
) -> None:
    statement = insert(table).values(rows)
    new = statement.excluded
    told = {"advisor_id": new.advisor_id, "from_at": new.from_at, "until_at": new.until_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=["brand_id", key], set_=told))


async def remember_merge(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Keep the edge, and what it comes to with the others; appointments keep the id they were made with."""
    await learn(tx, facts, separated=False)


async def remember_separation(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Take the edge out: whoever was merged is herself again, with all that were merged into her."""
    await learn(tx, facts, separated=True)


REACTIONS: list[Reaction] = [
    on(OwnerAssigned, remember_owner, fills=("client_owner",)),
    on(OwnerReleased, forget_owner, fills=("client_owner",)),
    on(SegmentChanged, remember_segment, fills=("client_segment",)),
    on(DeputyAssigned, remember_deputy, fills=("client_deputy",)),
    on(DeputyReleased, forget_deputy, fills=("client_deputy",)),
    on(BookDeputyAssigned, remember_book_deputy, fills=("book_deputy",)),
    on(BookDeputyReleased, forget_book_deputy, fills=("book_deputy",)),
    on(IdentitiesMerged, remember_merge, fills=WHO_IS_WHO),
    on(IdentitiesSeparated, remember_separation, fills=WHO_IS_WHO),
]
