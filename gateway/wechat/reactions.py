"""What the gateway does on others' facts about WeCom's members: it knows which advisor is who there."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import on

_KNOW = text(
    "insert into corp_member (brand_id, advisor_id, userid) values (:brand, :advisor_id, :userid)"
    " on conflict (brand_id, advisor_id) do update set userid = excluded.userid"
)
_LEAVE = text(
    "insert into corp_member (brand_id, advisor_id, left_at) values (:brand, :advisor_id, :at)"
    " on conflict (brand_id, advisor_id) do update set left_at = excluded.left_at"
)
_RETURN = text("update corp_member set left_at = null where brand_id = :brand and advisor_id = :advisor_id")


class AdvisorJoined(Slice):
    """An advisor works here, for the first time or again."""

    type: ClassVar[str] = "appointments.advisor-joined.v1"

    advisor_id: UUID


class AdvisorDescribed(Slice):
    """What is known of an advisor."""

    type: ClassVar[str] = "appointments.advisor-described.v1"

    advisor_id: UUID
    wecom_userid: str | None


class AdvisorLeft(Slice):
    """An advisor has left the house."""

    type: ClassVar[str] = "appointments.advisor-left.v1"

    advisor_id: UUID
    left_at: datetime


async def know(tx: AsyncSession, facts: Sequence[Delivered[AdvisorDescribed]]) -> None:
    """Keep who she is in WeCom."""
    for told in facts:
        said = {"brand": told.brand_id, "advisor_id": told.fact.advisor_id, "userid": told.fact.wecom_userid}
        await tx.execute(_KNOW, said)


async def let_go(tx: AsyncSession, facts: Sequence[Delivered[AdvisorLeft]]) -> None:
    """Keep that she has left."""
    for told in facts:
        said = {"brand": told.brand_id, "advisor_id": told.fact.advisor_id, "at": told.fact.left_at}
        await tx.execute(_LEAVE, said)


async def take_back(tx: AsyncSession, facts: Sequence[Delivered[AdvisorJoined]]) -> None:
    """Keep that she is there again."""
    for told in facts:
        await tx.execute(_RETURN, {"brand": told.brand_id, "advisor_id": told.fact.advisor_id})


REACTIONS = [
    on(AdvisorJoined, take_back, fills=("corp_member",)),
    on(AdvisorDescribed, know, fills=("corp_member",)),
    on(AdvisorLeft, let_go, fills=("corp_member",)),
]
