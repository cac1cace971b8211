"""Reading identities, and which records are one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import NOBODY
from services.profile.identities import models, rules

_CANONICAL = text(
    "select coalesce((select canonical_id from client_alias where brand_id = :brand and client_id = :id), :id)"
)
_FAMILY = text("select client_id from client_alias where brand_id = :brand and canonical_id = :id order by client_id")
_FAMILIES = text(
    "select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)"
    " order by client_id"
)
_ALIASES = text("select client_id, canonical_id from client_alias where brand_id = :brand and client_id = any(:ids)")
# By what an older system knew somebody who was erased, it would bring her back; until she comes herself and shows it.
# These look one by one through the index: without statistics, as after a morning of bringing in, a join reads them all.
_ASKED = (
    " from unnest(cast(:kinds as text[]), cast(:systems as text[]), cast(:blinds as bytea[]))"
    " as asked (kind, system, blind)"
)
_IS_ASKED = "brand_id = :brand and kind = asked.kind and system = asked.system and blind = asked.blind"
_HOLDERS = text(
    "select asked.kind, asked.system, asked.blind, coalesce(i.client_id, :nobody) as client_id, i.confirmed_at,"  # noqa: S608 - our own words
    " coalesce(a.canonical_id, i.client_id, :nobody) as canonical_id,"
    " i.client_id is null or exists (select from tombstone where tombstone.brand_id = :brand"
    " and aggregate = 'client:' || coalesce(a.canonical_id, i.client_id)) as is_erased"
    f"{_ASKED} left join lateral (select client_id, confirmed_at from identity where {_IS_ASKED}"
    " and standing = 'held' limit 1) i on true"
    " left join lateral (select canonical_id from client_alias where brand_id = :brand and client_id = i.client_id"
    " limit 1) a on true"
    f" left join lateral (select blind from erased_identity where {_IS_ASKED} limit 1) e on true"
    " where i.client_id is not null or e.blind is not null"
)
_SHARING = text(
    "select distinct coalesce(a.canonical_id, i.client_id) as client_id"
    f"{_ASKED} join identity i on i.brand_id = :brand and i.kind = asked.kind and i.system = asked.system"
    " and i.blind = asked.blind and i.standing = 'shared'"
    " left join client_alias a on a.brand_id = i.brand_id and a.client_id = i.client_id order by 1 limit :limit"
)
_SHARED = text(
    f"select distinct asked.kind, asked.system, asked.blind{_ASKED}"  # noqa: S608 - our own words
    f" cross join lateral (select from identity where {_IS_ASKED} and standing = 'shared' limit 1) i"
)
_OF = text(
    "select identity_id, client_id, kind, system, blind, value, source, added_at, standing from identity"
    " where brand_id = :brand and client_id = any(:ids) and (:claimed or standing <> 'claimed')"
    " order by added_at, identity_id"
)
_MERGE = "select merge_id, client_id, merged_client_id, merged_at, evidence, actor, reason, separated_at, separated_by"
_STANDING = text(f"{_MERGE} from client_merge where brand_id = :brand and merge_id = :id and separated_at is null")
_MERGES = text(
    f"{_MERGE} from client_merge where brand_id = :brand"
    " and (client_id = any(:ids) or merged_client_id = any(:ids)) and (:also_separated or separated_at is null)"
    " and (cast(:after as uuid) is null or merge_id < :after) order by merge_id desc limit :limit"
)
_NEVER = text(
    "select never_id, one_id, other_id, set_at, actor, reason from never_merge where brand_id = :brand"
    " and (one_id = any(:ids) or other_id = any(:ids))"
    " and (cast(:after as uuid) is null or never_id < :after) order by never_id desc limit :limit"
)
_APART = text(
    "select exists (select from never_merge where brand_id = :brand"
    " and (one_id = any(:ids) and other_id = any(:others) or one_id = any(:others) and other_id = any(:ids)))"
)


@dataclass(frozen=True, slots=True)
class Known:
    """One identifier in the form it is compared in: phones as E.164, e-mail addresses as `models.mailbox` has them.

    `system` is the appid of an openid, the corp of a WeCom contact, the till's system or the shop.
    """

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
    standing: rules.Standing


@dataclass(frozen=True, slots=True)
class Merge:
    """One edge: who joined the two, when and why, and who took it back."""

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID
    merged_at: datetime
    evidence: str
    actor: str
    reason: str | None
    separated_at: datetime | None
    separated_by: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that are two people, and who said so."""

    never_id: UUID
    one_id: UUID
    other_id: UUID
    set_at: datetime
    actor: str
    reason: str | None


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


async def families(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The same of several, by the ids that were asked for; two statements however many."""
    first = await canonicals(tx, client_ids)
    merged: dict[UUID, list[UUID]] = {one: [] for one in first.values()}
    for row in await tx.execute(_FAMILIES, {"brand": tx.info["brand_id"], "ids": list(merged)}):
        merged[row.canonical_id].append(row.client_id)
    return {asked: (canonical_id, *merged[canonical_id]) for asked, canonical_id in first.items()}


async def holders(tx: AsyncSession, known: Sequence[Known]) -> dict[Known, Holder]:
    """Who holds which of these identifiers; those nobody holds are absent. One statement however many."""
    if not known:
        return {}
    asked = {(one.kind, one.system, blind(tx, one)): one for one in known}
    rows = await tx.execute(_HOLDERS, _places(tx, list(asked)) | {"nobody": NOBODY})
    return {
        asked[row.kind, row.system, bytes(row.blind)]: Holder(
            row.client_id, row.canonical_id, row.confirmed_at, row.is_erased
        )
        for row in rows
    }


async def sharing(tx: AsyncSession, known: Sequence[Known], *, limit: int) -> list[UUID]:
    """The clients who have one of these identifiers in common with others."""
    asked = [(one.kind, one.system, blind(tx, one)) for one in known]
    return list((await tx.execute(_SHARING, _places(tx, asked) | {"limit": limit})).scalars())


async def shared(tx: AsyncSession, known: Sequence[Known]) -> set[Known]:
    """Which of these identifiers several people have, so that they identify nobody."""
    if not known:
        return set()
    asked = {(one.kind, one.system, blind(tx, one)): one for one in known}
    rows = await tx.execute(_SHARED, _places(tx, list(asked)))
    return {asked[row.kind, row.system, bytes(row.blind)] for row in rows}


def _places(tx: AsyncSession, asked: Sequence[tuple[str, str, bytes]]) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "kinds": [kind for kind, _, _ in asked],
        "systems": [system for _, system, _ in asked],
        "blinds": [digest for _, _, digest in asked],
    }


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


async def client_of_openid(tx: AsyncSession, appid: str, openid: str) -> UUID | None:
    """The canonical client behind an openid."""
    known = Known("openid", openid, appid)
    holder = (await holders(tx, [known])).get(known)
    return holder.canonical_id if holder else None


async def side(tx: AsyncSession, client_id: UUID, *, has_purchases: bool) -> rules.Side:
    """What the merge rules want to know of a client."""
    asked = {"brand": tx.info["brand_id"], "ids": await family(tx, client_id), "claimed": False}
    rows = await tx.execute(_OF, asked)
    wechat = {(row.system, bytes(row.blind)) for row in rows if row.kind in {"openid", "unionid", "wecom"}}
    return rules.Side(client_id, has_purchases, frozenset(wechat))


async def standing_merge(tx: AsyncSession, merge_id: UUID) -> Merge | None:
    """A merge that nobody has taken back."""
    row = (await tx.execute(_STANDING, {"brand": tx.info["brand_id"], "id": merge_id})).mappings().one_or_none()
    return _merge(tx, row) if row is not None else None


async def merges(
    tx: AsyncSession, client_ids: Sequence[UUID], *, also_separated: bool, after: UUID | None, limit: int
) -> list[Merge]:
    """The merges of these records, the latest first."""
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "after": after, "limit": limit}
    found = await tx.execute(_MERGES, asked | {"also_separated": also_separated})
    return [_merge(tx, row) for row in found.mappings()]


async def never_merged(tx: AsyncSession, client_ids: Sequence[UUID], *, after: UUID | None, limit: int) -> list[Pair]:
    """With whom these records are never to be merged; what was said last first."""
    ring = keyring(tx)
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "after": after, "limit": limit}
    return [
        Pair(
            **{
                **row,
                "reason": ring.open("never_merge", "reason", row["never_id"], row["reason"]) if row["reason"] else None,
            }
        )
        for row in (await tx.execute(_NEVER, asked)).mappings()
    ]


async def are_apart(tx: AsyncSession, one: UUID, other: UUID) -> bool:
    """Whether somebody found these two clients, under any of their records, to be different people."""
    asked = {"brand": tx.info["brand_id"], "ids": await family(tx, one), "others": await family(tx, other)}
    return bool((await tx.execute(_APART, asked)).scalar_one())


def _merge(tx: AsyncSession, row: RowMapping) -> Merge:
    reason = keyring(tx).open("client_merge", "reason", row["merge_id"], row["reason"]) if row["reason"] else None
    return Merge(**{**row, "reason": reason})


def blind(tx: AsyncSession, known: Known) -> bytes:
    """The blind index of an identifier; each kind and system has a key of its own."""
    return keyring(tx).blind(f"identity.{known.kind}.{known.system}", known.value)


def tail(tx: AsyncSession, digits: str) -> bytes:
    """The blind index of the last four digits of a phone."""
    return keyring(tx).blind("identity.tail", digits[-models.TAIL :])


def tail_of(tx: AsyncSession, known: Known) -> bytes | None:
    """The blind index of how a number ends, whole or masked; None for what is no number, or does not show so much."""
    end = models.tail_of(known.value) if known.kind in {"phone", "masked-phone"} else None
    return tail(tx, end) if end else None
