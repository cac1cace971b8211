"""Reading the timeline, wishes, and what the reported contacts come to."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.touchpoints.rules import NOT_THERE, WECHAT, Contact, WhyNot

# What the facts told and what was reported, each found by its own index; the latest of both make the page.
_OF_HER = (
    " where brand_id = :brand and client_id = any(:ids)"
    " and (cast(:kinds as text[]) is null or kind = any(:kinds))"
    " and (cast(:after_at as timestamptz) is null or (occurred_at, {id}) < (:after_at, cast(:after_id as uuid)))"
    " order by occurred_at desc, {id} desc limit :limit"
)
_PAGE = text(
    "select touchpoint_id, kind, occurred_at, boutique_id, advisor_id, subject_id, cast(details as text) as details"  # noqa: S608
    " from ("
    " (select touchpoint_id, kind, occurred_at, boutique_id, advisor_id, subject_id, details from touchpoint"
    + _OF_HER.format(id="touchpoint_id")
    + ") union all"
    " (select contact_id, kind, occurred_at, boutique_id, advisor_id, coalesce(appointment_id, contact_id),"
    " jsonb_strip_nulls(jsonb_build_object('piece_code', piece_code, 'why_not', why_not)) from reported_contact"
    + _OF_HER.format(id="contact_id")
    + ")) contact order by occurred_at desc, touchpoint_id desc limit :limit"
)
# One by one through the unique index: without statistics of the table, a join reads all of it for each batch.
_REPORTED = text(
    "select found.* from unnest(cast(:systems as text[]), cast(:refs as bytea[])) as asked (system, ref)"
    " cross join lateral (select c.system, c.ref, c.kind, c.occurred_at from reported_contact c"
    " where c.brand_id = :brand and c.system = asked.system and c.ref = asked.ref limit 1) found"
)
_VISIT = text(
    "select piece_code, kind, why_not from reported_contact"
    " where brand_id = :brand and appointment_id = :appointment_id order by piece_code, kind"
)
_WISH = "select wish_id, piece_code, boutique_id, noted_at, closed_at, closed_as from wish where brand_id = :brand"
_WISHES = text(
    _WISH + " and client_id = any(:ids)"
    " and (cast(:after_at as timestamptz) is null or (noted_at, wish_id) < (:after_at, cast(:after_id as uuid)))"
    " order by noted_at desc, wish_id desc limit :limit"
)
_ONE_WISH = text(_WISH + " and wish_id = :wish_id and client_id = any(:ids)")
_OPEN_WISH = text(_WISH + " and client_id = :client_id and piece_code = :piece_code and closed_at is null")
_COUNTED = (
    " count(*) as times, count(distinct coalesce(a.canonical_id, c.client_id)) as clients from reported_contact c"
    " left join client_alias a on a.brand_id = c.brand_id and a.client_id = c.client_id"
    " where c.brand_id = :brand and c.occurred_at >= :since and c.occurred_at < :until"
)
_INDEX = text(f"select kind,{_COUNTED} and kind = any(:kinds) group by kind")
_MISSED = text(
    f"select piece_code, boutique_id,{_COUNTED} and (kind = 'missed' or why_not = any(:not_there))"
    " and (cast(:boutiques as uuid[]) is null or boutique_id = any(:boutiques))"
    " group by piece_code, boutique_id order by clients desc, times desc, piece_code, boutique_id limit :limit"
)
MOST_MISSED = 100


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One recorded contact."""

    touchpoint_id: UUID
    kind: Contact
    occurred_at: datetime
    boutique_id: UUID | None
    advisor_id: UUID | None
    subject_id: UUID
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A piece she would like to have."""

    wish_id: UUID
    piece_code: str
    boutique_id: UUID | None
    noted_at: datetime
    closed_at: datetime | None
    closed_as: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How often one kind of contact was reported, and of how many clients."""

    kind: Contact
    count: int
    clients: int


@dataclass(frozen=True, slots=True)
class Missed:
    """How often a piece was wanted at a boutique and not there, and by how many clients."""

    piece_code: str
    boutique_id: UUID | None
    times: int
    clients: int


async def page(
    tx: AsyncSession,
    client_id: UUID,
    *,
    kinds: Sequence[Contact] | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Touchpoint]:
    """A client's contacts, the latest first, over all records that are she."""
    rows = await tx.execute(
        _PAGE,
        {
            **_after(tx, after, limit),
            "ids": await identities.family(tx, client_id),
            "kinds": [kind.value for kind in kinds] if kinds else None,
        },
    )
    return [
        Touchpoint(**{**row, "kind": Contact(row["kind"]), "details": json.loads(row["details"])})
        for row in rows.mappings()
    ]


async def reported(
    tx: AsyncSession, names: Collection[tuple[str, bytes]]
) -> dict[tuple[str, bytes], tuple[Contact, datetime]]:
    """What the contacts of these systems and names say: their kind and moment."""
    if not names:
        return {}
    asked = {"systems": [system for system, _ in names], "refs": [ref for _, ref in names]}
    rows = await tx.execute(_REPORTED, {"brand": tx.info["brand_id"], **asked})
    return {(row.system, bytes(row.ref)): (Contact(row.kind), row.occurred_at) for row in rows}


async def of_visit(tx: AsyncSession, appointment_id: UUID) -> list[tuple[str, Contact, WhyNot | None]]:
    """What was said of the pieces in a visit: piece, what was done with it, why she did not take it."""
    rows = await tx.execute(_VISIT, {"brand": tx.info["brand_id"], "appointment_id": appointment_id})
    return [(row.piece_code, Contact(row.kind), WhyNot(row.why_not) if row.why_not else None) for row in rows]


async def wishes(
    tx: AsyncSession, family: Sequence[UUID], *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Wish]:
    """The wishes of these records, the latest first."""
    rows = await tx.execute(_WISHES, {**_after(tx, after, limit), "ids": list(family)})
    return [Wish(**row) for row in rows.mappings()]


async def wish(tx: AsyncSession, wish_id: UUID, family: Sequence[UUID]) -> Wish | None:
    """One wish of one of these records."""
    rows = await tx.execute(_ONE_WISH, {"brand": tx.info["brand_id"], "wish_id": wish_id, "ids": list(family)})
    row = rows.mappings().first()
    return Wish(**row) if row else None


async def open_wish(tx: AsyncSession, client_id: UUID, piece_code: str) -> Wish:
    """The standing wish of this record for a piece; it must be there."""
    asked = {"brand": tx.info["brand_id"], "client_id": client_id, "piece_code": piece_code}
    return Wish(**(await tx.execute(_OPEN_WISH, asked)).mappings().one())


async def wechat_index(tx: AsyncSession, *, since: datetime, until: datetime) -> list[Counted]:
    """How often each thing was done in WeChat from `since` to before `until`; in the order of `rules.WECHAT`."""
    asked = {"since": since, "until": until, "kinds": [kind.value for kind in WECHAT]}
    rows = await tx.execute(_INDEX, {"brand": tx.info["brand_id"], **asked})
    found = {row.kind: Counted(Contact(row.kind), row.times, row.clients) for row in rows}
    return [found.get(kind.value, Counted(kind, 0, 0)) for kind in WECHAT]


async def missed(
    tx: AsyncSession, *, since: datetime, until: datetime, boutiques: Collection[UUID] | None
) -> list[Missed]:
    """What was wanted and not there, the most wanted first; `boutiques` None means all."""
    asked = {
        "since": since,
        "until": until,
        "not_there": [reason.value for reason in NOT_THERE],
        "boutiques": None if boutiques is None else sorted(boutiques),
        "limit": MOST_MISSED,
    }
    rows = await tx.execute(_MISSED, {"brand": tx.info["brand_id"], **asked})
    return [Missed(row.piece_code, row.boutique_id, row.times, row.clients) for row in rows]


def _after(tx: AsyncSession, after: tuple[datetime, UUID] | None, limit: int) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
