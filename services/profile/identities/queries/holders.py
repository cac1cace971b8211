"""Who holds an identifier, and under which blind index it is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import NOBODY
from services.profile.identities import models

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


@dataclass(frozen=True, slots=True)
class Known:
    """One identifier in the form it is compared in: phones as E.164, e-mail addresses as `models.mailbox` has them.

    `system` is the appid of an openid, the corp of a WeCom contact, the till's system or the shop.
    """

    kind: str
    value: str
    system: str = ""


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


async def client_of_openid(tx: AsyncSession, appid: str, openid: str) -> UUID | None:
    """The canonical client behind an openid."""
    known = Known("openid", openid, appid)
    holder = (await holders(tx, [known])).get(known)
    return holder.canonical_id if holder else None


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
