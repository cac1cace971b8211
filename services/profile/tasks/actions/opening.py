"""Opening tasks: once each, whatever is replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.ids import new_id
from services.profile.books import queries as books
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.consents.rules import Purpose
from services.profile.identities import queries as identities
from services.profile.segments import queries as segments
from services.profile.tasks.actions import order
from services.profile.tasks.events import TaskOpened
from services.profile.tasks.queries import policy as policies
from services.profile.tasks.queries.families import HEADS
from services.profile.tasks.rules.kinds import DISPENSABLE, ONE_PER_PERSON, Kind
from services.profile.tasks.rules.steps import Outcome

BY_RULE = "rule"

_KNOWN = text(
    "select wanted.kind, wanted.key from unnest(cast(:kinds as text[]), cast(:keys as text[])) as wanted (kind, key)"
    " cross join lateral (select from task where task.brand_id = :brand and task.kind = wanted.kind"
    " and task.key = wanted.key limit 1) found"
)
# Ordered by what is unique: two who open the same tasks take turns.
_OPEN = """
insert into task (brand_id, task_id, kind, key, client_id, advisor_id, boutique_id, subject_id, is_offer, follows_owner,
    words, wanted_on, due_on, over_on, status, opened_by, opened_at)
select $1, task_id, kind, key, client_id, advisor_id, boutique_id, subject_id, is_offer, follows_owner,
    words, wanted_on, wanted_on, over_on, 'open', $14, $15
from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], $9::bool[], $10::bool[],
    $11::bytea[], $12::date[], $13::date[])
    as item (task_id, kind, key, client_id, advisor_id, boutique_id, subject_id, is_offer, follows_owner, words,
        wanted_on, over_on)
order by kind, key
on conflict (brand_id, kind, key) do nothing
returning task_id
"""
# Of her other records a task of one kind and day, or about one thing, is hers too.
_HAS_ONE = text(
    HEADS + " select distinct head.canonical_id, task.kind, task.wanted_on, task.subject_id from head"  # noqa: S608
    " join task on task.brand_id = :brand and task.client_id = head.client_id"
    " where task.kind = any(:kinds) and task.status <> 'cancelled'"
)
_UNWANTED = text(
    HEADS + " select distinct head.canonical_id, task.kind from head"  # noqa: S608
    " join task_outcome o on o.brand_id = :brand and o.client_id = head.client_id"
    " join task on task.brand_id = :brand and task.task_id = o.task_id"
    " where o.outcome = :not_wanted and o.given_on > :since and task.kind = any(:kinds)"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task that is to be there: `key` names it once and for all in its brand and kind.

    `advisor_id` None means whoever owns her; with nobody in charge it is the task of `boutique_id`. What is her owner's
    goes to the next owner with her. `subject_id` is what it is about. `over_on` is the last day it is of use, by the
    house's policy if None.
    """

    kind: Kind
    client_id: UUID
    due_on: date
    key: str
    advisor_id: UUID | None = None
    subject_id: UUID | None = None
    boutique_id: UUID | None = None
    over_on: date | None = None
    is_offer: bool = False
    words: str | None = None


async def open_all(tx: AsyncSession, wanted: Sequence[Wanted], *, now: datetime, by: str = BY_RULE) -> dict[str, UUID]:
    """Open those tasks that were not opened before; their ids by their keys, the new ones only.

    Left out are: rules that the house has switched off, clients who are erased or whose data is restricted, offers to
    whoever said no to marketing, what one of her other records has already, what she lately did not want, and what is
    over. A constant number of statements.
    """
    setting = (await policies.policy(tx)).policy
    today = await segments.today(tx, now)
    # First what costs nothing: a house's old receipts come by the thousand, and all of them are over.
    in_time = [one for one in wanted if setting.opens(one.kind) and _over_on(one, setting.open_days) >= today]
    fresh = await _fresh(tx, {(one.kind, one.key): one for one in in_time})
    if not fresh:
        return {}
    heads = await identities.canonicals(tx, sorted({one.client_id for one in fresh}))
    # Of both: who was erased after she was merged into somebody is no client either.
    living = await clients.spared(tx, sorted({*heads, *heads.values()}))
    closed = await consents.restricted(tx, sorted(set(heads.values())))
    offered = {heads[one.client_id] for one in fresh if one.is_offer}
    refuses = await consents.who_refuse(tx, sorted(offered), Purpose.MARKETING) if offered else set()
    open_to = [
        one
        for one in fresh
        if {one.client_id, heads[one.client_id]} <= living
        and heads[one.client_id] not in closed
        and not (one.is_offer and heads[one.client_id] in refuses)
    ]
    since = today - timedelta(days=setting.rest_days)
    chosen = await _once_each(tx, await _wanted_by_her(tx, open_to, heads, since=since), heads)
    if not chosen:
        return {}
    opened = await _insert(tx, chosen, heads, setting.open_days, by=by, now=now)
    hold = {one.client_id for one in chosen if one.is_offer or one.kind is Kind.THANK_YOU}
    await order.reckon(tx, hold)
    return opened


async def _fresh(tx: AsyncSession, wanted: dict[tuple[Kind, str], Wanted]) -> list[Wanted]:
    """Those that nobody has opened yet; most of what a replay asks for is known."""
    if not wanted:
        return []
    asked = {"kinds": [kind.value for kind, _ in wanted], "keys": [key for _, key in wanted]}
    rows = await tx.execute(_KNOWN, {"brand": tx.info["brand_id"], **asked})
    known = {(Kind(row.kind), row.key) for row in rows}
    return [one for name, one in sorted(wanted.items()) if name not in known]


async def _wanted_by_her(
    tx: AsyncSession, wanted: Sequence[Wanted], heads: dict[UUID, UUID], *, since: date
) -> list[Wanted]:
    """Without what she said since that day that she does not want."""
    asked = [one for one in wanted if one.kind in DISPENSABLE]
    if not asked:
        return list(wanted)
    rows = await tx.execute(
        _UNWANTED,
        {
            "brand": tx.info["brand_id"],
            "ids": sorted({heads[one.client_id] for one in asked}),
            "kinds": [kind.value for kind in DISPENSABLE],
            "not_wanted": Outcome.NOT_WANTED.value,
            "since": since,
        },
    )
    unwanted = {(row.canonical_id, Kind(row.kind)) for row in rows}
    return [one for one in wanted if (heads[one.client_id], one.kind) not in unwanted]


async def _once_each(tx: AsyncSession, wanted: Sequence[Wanted], heads: dict[UUID, UUID]) -> list[Wanted]:
    """Without what another record of the same person has, or asks for here."""
    asked = sorted({heads[one.client_id] for one in wanted if one.kind in ONE_PER_PERSON})
    rows = await tx.execute(
        _HAS_ONE, {"brand": tx.info["brand_id"], "ids": asked, "kinds": [kind.value for kind in ONE_PER_PERSON]}
    )
    taken = {(row.canonical_id, Kind(row.kind), row.wanted_on, row.subject_id) for row in rows}
    chosen = []
    for one in wanted:
        place = (heads[one.client_id], one.kind, one.due_on, one.subject_id)
        if one.kind not in ONE_PER_PERSON or place not in taken:
            taken.add(place)
            chosen.append(one)
    return chosen


async def _insert(
    tx: AsyncSession,
    wanted: Sequence[Wanted],
    heads: dict[UUID, UUID],
    open_days: Mapping[Kind, int],
    *,
    by: str,
    now: datetime,
) -> dict[str, UUID]:
    owners = await books.owners(tx, sorted({heads[one.client_id] for one in wanted}))
    placed = await books.work_at(tx, sorted({one.advisor_id for one in wanted if one.advisor_id is not None}))
    rows = []
    for one in wanted:
        task_id, owner = new_id(), owners.get(heads[one.client_id])
        if one.advisor_id is not None:
            advisor_id, boutique_id = one.advisor_id, placed.get(one.advisor_id, one.boutique_id)
        elif owner is not None:
            advisor_id, boutique_id = owner.advisor_id, owner.boutique_id
        else:
            advisor_id, boutique_id = None, one.boutique_id
        words = keyring(tx).seal("task", "words", task_id, one.words) if one.words else None
        rows.append(
            (
                task_id,
                one.kind.value,
                one.key,
                one.client_id,
                advisor_id,
                boutique_id,
                one.subject_id,
                one.is_offer,
                one.advisor_id is None or (owner is not None and owner.advisor_id == one.advisor_id),
                words,
                one.due_on,
                _over_on(one, open_days),
            )
        )
    connection = await tx.connection()
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    inserted = await connection.exec_driver_sql(_OPEN, (tx.info["brand_id"], *columns, by, now))
    new = {row.task_id for row in inserted}
    opened = {row[0]: (one, row) for one, row in zip(wanted, rows, strict=True) if row[0] in new}
    for task_id, (one, row) in opened.items():
        record(
            tx,
            TaskOpened(
                task_id=task_id,
                client_id=one.client_id,
                kind=one.kind,
                due_on=one.due_on,
                advisor_id=row[4],
                boutique_id=row[5],
                subject_id=one.subject_id,
            ),
        )
    return {one.key: task_id for task_id, (one, _) in opened.items()}


def _over_on(one: Wanted, open_days: Mapping[Kind, int]) -> date:
    return one.over_on or one.due_on + timedelta(days=open_days[one.kind])
