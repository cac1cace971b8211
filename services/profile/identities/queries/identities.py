"""The identifiers of a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.identities import rules
from services.profile.identities.queries.records import family

_OF = text(
    "select identity_id, client_id, kind, system, blind, value, source, added_at, standing from identity"
    " where brand_id = :brand and client_id = any(:ids) and (:claimed or standing <> 'claimed')"
    " order by added_at, identity_id"
)


@dataclass(frozen=True, slots=True)
class OpenId:
    """How one WeChat app knows a client."""

    appid: str
    openid: str


@dataclass(frozen=True, slots=True)
class Identity:
    """One identifier of a client, opened."""

    client_id: UUID
    kind: str
    system: str
    value: str
    source: str
    added_at: datetime
    standing: rules.Standing


async def identities(tx: AsyncSession, client_ids: Sequence[UUID], *, also_claimed: bool = False) -> list[Identity]:
    """The opened identifiers of these records, oldest first."""
    ring = keyring(tx)
    rows = await tx.execute(_OF, {"brand": tx.info["brand_id"], "ids": list(client_ids), "claimed": also_claimed})
    return [
        Identity(
            row.client_id,
            row.kind,
            row.system,
            ring.open("identity", "value", row.identity_id, row.value),
            row.source,
            row.added_at,
            rules.Standing(row.standing),
        )
        for row in rows
    ]


async def openids(tx: AsyncSession, client_id: UUID) -> list[OpenId]:
    """Every openid of a client, over all records that are she; the latest first."""
    every = await identities(tx, await family(tx, client_id))
    return [OpenId(one.system, one.value) for one in reversed(every) if one.kind == "openid"]


async def side(tx: AsyncSession, client_id: UUID, *, has_purchases: bool) -> rules.Side:
    """What the merge rules want to know of a client."""
    asked = {"brand": tx.info["brand_id"], "ids": await family(tx, client_id), "claimed": False}
    rows = await tx.execute(_OF, asked)
    wechat = {(row.system, bytes(row.blind)) for row in rows if row.kind in {"openid", "unionid", "wecom"}}
    return rules.Side(client_id, has_purchases, frozenset(wechat))
