"""Reading identities, and which records are one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import NOBODY
from services.profile.identities import models, rules

_CANONICAL = text(
    "select coalesce((select canonical_id from client_alias where brand_id = :brand and client_id = :id), :id)"
)
_FAMILY = text("select client_id from client_alias where brand_id = :brand and canonical_id = :id order by client_id")
_ALIASES = text("select client_id, canonical_id from client_alias where brand_id = :brand and client_id = any(:ids)")
# By what an older system knew somebody who was erased, it would bring her back; until she comes herself and shows it.
_HOLDERS = text(
    "select asked.kind, asked.system, asked.blind, coalesce(i.client_id, :nobody) as client_id, i.confirmed_at,"
    " coalesce(a.canonical_id, i.client_id, :nobody) as canonical_id,"
    " i.client_id is null or exists (select from tombstone where tombstone.brand_id = i.brand_id"
    " and aggregate = 'client:' || coalesce(a.canonical_id, i.client_id)) as is_erased"
    " from unnest(cast(:kinds as text[]), cast(:systems as text[]), cast(:blinds as bytea[]))"
    " as asked (kind, system, blind)"
    " left join identity i on i.brand_id = :brand and i.kind = asked.kind and i.system = asked.system"
    " and i.blind = asked.blind"
    " left join client_alias a on a.brand_id = i.brand_id and a.client_id = i.client_id"
    " left join erased_identity e on e.brand_id = :brand and e.kind = asked.kind and e.system = asked.system"
    " and e.blind = asked.blind"
    " where i.client_id is not null or e.blind is not null"
)
_OF = text(
    "select identity_id, client_id, kind, system, blind, value, source, added_at from identity"
    " where brand_id = :brand and client_id = any(:ids) order by added_at, identity_id"
)


@dataclass(frozen=True, slots=True)
class Known:
    """One identifier in the form it is compared in: phones as E.164; `system` is the appid or the till's system."""

    kind: str
    value: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class OpenId:
    """How one WeChat app knows a client."""

    appid: str
    openid: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an identifier: the record it was given to, and the one that record now belongs to.

    `confirmed_at` is when she last showed that it is hers; null when an older system only said so. `is_erased` says
    that she had herself erased: what still holds the identifier is no client any more, or NOBODY.
    """

    client_id: UUID
    canonical_id: UUID
    confirmed_at: datetime | None
    is_erased: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """One identifier of a client, opened."""

    client_id: UUID
    kind: str
    system: str
    value: str
    source: str
    added_at: datetime


async def canonical(tx: AsyncSession, client_id: UUID) -> UUID:
    """The record this one belongs to after all merges; itself when it was never merged (or does not exist)."""
    found: UUID = (await tx.execute(_CANONICAL, {"brand": tx.info["brand_id"], "id": client_id})).scalar_one()
    return found


async def canonicals(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """`canonical` of many."""
    rows = await tx.execute(_ALIASES, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    known = {row.client_id: row.canonical_id for row in rows}
    return {client_id: known.get(client_id, client_id) for client_id in client_ids}


async def family(tx: AsyncSession, client_id: UUID) -> list[UUID]:
    """Every record that is the same person: the canonical one first, then those merged into it."""
    first = await canonical(tx, client_id)
    merged = await tx.execute(_FAMILY, {"brand": tx.info["brand_id"], "id": first})
    return [first, *merged.scalars()]


async def holders(tx: AsyncSession, known: Sequence[Known]) -> dict[Known, Holder]:
    """Who holds which of these identifiers; those nobody holds are absent. One statement however many."""
    if not known:
        return {}
    asked = {(one.kind, one.system, blind(tx, one)): one for one in known}
    rows = await tx.execute(
        _HOLDERS,
        {
            "brand": tx.info["brand_id"],
            "nobody": NOBODY,
            "kinds": [kind for kind, _, _ in asked],
            "systems": [system for _, system, _ in asked],
            "blinds": [digest for _, _, digest in asked],
        },
    )
    return {
        asked[row.kind, row.system, bytes(row.blind)]: Holder(
            row.client_id, row.canonical_id, row.confirmed_at, row.is_erased
        )
        for row in rows
    }


async def identities(tx: AsyncSession, client_ids: Sequence[UUID]) -> list[Identity]:
    """The opened identifiers of these records, oldest first."""
    ring = keyring(tx)
    rows = await tx.execute(_OF, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return [
        Identity(
            row.client_id,
            row.kind,
            row.system,
            ring.open("identity", "value", row.identity_id, row.value),
            row.source,
            row.added_at,
        )
        for row in rows
    ]


async def openids(tx: AsyncSession, client_id: UUID) -> list[OpenId]:
    """Every openid of a client, over all records that are she; the latest first."""
    every = await identities(tx, await family(tx, client_id))
    return [OpenId(one.system, one.value) for one in reversed(every) if one.kind == "openid"]


async def client_of_openid(tx: AsyncSession, appid: str, openid: str) -> UUID | None:
    """The canonical client behind an openid."""
    known = Known("openid", openid, appid)
    holder = (await holders(tx, [known])).get(known)
    return holder.canonical_id if holder else None


async def side(tx: AsyncSession, client_id: UUID, *, has_purchases: bool) -> rules.Side:
    """What the merge rules want to know of a client."""
    rows = await tx.execute(_OF, {"brand": tx.info["brand_id"], "ids": await family(tx, client_id)})
    wechat = {(row.system, bytes(row.blind)) for row in rows if row.kind in {"openid", "unionid"}}
    return rules.Side(client_id, has_purchases, frozenset(wechat))


def blind(tx: AsyncSession, known: Known) -> bytes:
    """The blind index of an identifier; each kind and system has a key of its own."""
    return keyring(tx).blind(f"identity.{known.kind}.{known.system}", known.value)


def tail(tx: AsyncSession, digits: str) -> bytes:
    """The blind index of the last four digits of a phone."""
    return keyring(tx).blind("identity.tail", digits[-models.TAIL :])
