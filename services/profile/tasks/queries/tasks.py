"""Reading tasks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities
from services.profile.segments import queries as segments
from services.profile.tasks.rules.kinds import FOLLOW_UPS, Kind
from services.profile.tasks.rules.policy import Festival
from services.profile.tasks.rules.rates import month_of
from services.profile.tasks.rules.steps import CONTACTS, Outcome, Status, Why

_COLUMNS = (
    "task.task_id, task.kind, task.key, task.client_id, task.advisor_id, task.boutique_id, task.subject_id,"
    " task.is_offer,"
    " task.words, task.wanted_on, task.due_on, task.over_on, task.status, task.reason, task.attempts, task.outcome,"
    " task.opened_by, task.opened_at, task.closed_at, task.version"
)
# Of whom data is not to be used, or was erased, nothing is to be done: under whichever record that was said.
_USABLE = (
    " and not exists (select from tombstone"
    " where tombstone.brand_id = task.brand_id and aggregate = 'client:' || task.client_id)"
    " and not exists (select from restriction r where r.brand_id = task.brand_id and r.client_id in ("
    " select known.client_id from client_alias own join client_alias known on known.brand_id = own.brand_id"
    " and known.canonical_id = own.canonical_id"
    " where own.brand_id = task.brand_id and own.client_id = task.client_id"
    " union all select own.canonical_id from client_alias own"
    " where own.brand_id = task.brand_id and own.client_id = task.client_id"
    " union all select known.client_id from client_alias known"
    " where known.brand_id = task.brand_id and known.canonical_id = task.client_id"
    " union all select task.client_id))"
)
# An advisor has her own, those who lead boutiques have theirs.
_OF_CALLER = (
    " and (cast(:advisor as uuid) is null or task.advisor_id = :advisor)"
    " and (cast(:boutiques as uuid[]) is null or task.boutique_id = any(:boutiques))"
)
_PAGE = (
    f"select {_COLUMNS} from task where task.brand_id = :brand"  # noqa: S608
    " and (cast(:kind as text) is null or task.kind = :kind)"
    " and (cast(:before as date) is null or task.due_on < :before)"
    " and (cast(:ids as uuid[]) is null or task.client_id = any(:ids))"
    " and (cast(:of_advisor as uuid) is null or task.advisor_id = :of_advisor)"
    " and (cast(:after_on as date) is null or (task.due_on, task.task_id) > (:after_on, cast(:after_id as uuid)))"
    + _OF_CALLER
    + _USABLE
)
_ORDER = " order by task.due_on, task.task_id limit :limit"
_PAGES = {
    # The open ones alone have indexes by advisor and boutique: that must be told in so many words.
    status: text(f"{_PAGE} and task.status = '{status}'{_ORDER}")
    for status in Status
}
_ONE = f"select {_COLUMNS} from task where task.brand_id = :brand and task.task_id = :task_id{_OF_CALLER}{_USABLE}"  # noqa: S608
# What is owed and was not given in time; what is still open can be made good.
_MISSED = text(
    f"select {_COLUMNS} from task where task.brand_id = :brand and task.kind = any(:kinds)"  # noqa: S608
    " and task.wanted_on >= :begins and task.wanted_on < :ends and task.wanted_on < :today"
    " and task.status <> 'cancelled' and not exists (select from task_outcome o where o.brand_id = task.brand_id"
    " and o.task_id = task.task_id and o.outcome = any(:contacts) and o.given_on <= task.wanted_on)"
    " and (cast(:after_on as date) is null or (task.due_on, task.task_id) > (:after_on, cast(:after_id as uuid)))"
    + _OF_CALLER
    + _USABLE
    + _ORDER
)
_TRIED = text(
    "select outcome_id, outcome, note, advisor_id, given_by, given_at from task_outcome"
    " where brand_id = :brand and task_id = :task_id order by given_at, outcome_id"
)


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do for a client. `wanted_on` is the day it was promised by, `due_on` the one it is due now."""

    task_id: UUID
    kind: Kind
    client_id: UUID
    display_name: str
    advisor_id: UUID | None
    boutique_id: UUID | None
    subject_id: UUID | None
    festival: Festival | None
    is_offer: bool
    words: str | None
    wanted_on: date
    due_on: date
    over_on: date
    status: Status
    reason: Why | None
    attempts: int
    outcome: Outcome | None
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one attempt."""

    outcome_id: UUID
    outcome: Outcome
    note: str | None
    advisor_id: UUID | None
    given_by: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Which tasks: those of an advisor, of a client, of a kind, due before a day."""

    status: Status = Status.OPEN
    advisor_id: UUID | None = None
    client_id: UUID | None = None
    kind: Kind | None = None
    due_before: date | None = None


async def page(
    tx: AsyncSession, asked: Asked, *, by: Caller, after: tuple[date, UUID] | None, limit: int
) -> list[Task]:
    """The tasks that the caller may see, what is due first first."""
    family = await identities.family(tx, asked.client_id) if asked.client_id else None
    rows = await tx.execute(
        _PAGES[asked.status],
        {
            **_of(tx, by),
            "kind": asked.kind.value if asked.kind else None,
            "before": asked.due_before,
            "ids": family,
            "of_advisor": asked.advisor_id,
            "after_on": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return await _read(tx, rows.mappings().all())


async def missed(
    tx: AsyncSession, month: str, *, by: Caller, after: tuple[date, UUID] | None, limit: int, now: datetime
) -> list[Task]:
    """What was promised by a day of the month, and not done by then, of what the caller may see."""
    begins, ends = month_of(month)
    rows = await tx.execute(
        _MISSED,
        {
            **_of(tx, by),
            "kinds": [kind.value for kind in FOLLOW_UPS],
            "contacts": [outcome.value for outcome in CONTACTS],
            "begins": begins,
            "ends": ends,
            "today": await segments.today(tx, now),
            "after_on": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return await _read(tx, rows.mappings().all())


async def task(tx: AsyncSession, task_id: UUID, *, by: Caller, lock: bool = False) -> Task:
    """One task that the caller may see, with `lock` nobody else's to change meanwhile; raises NotFound."""
    statement = text(_ONE + " for update of task" if lock else _ONE)
    rows = (await tx.execute(statement, {**_of(tx, by), "task_id": task_id})).mappings().all()
    found = await _read(tx, rows)
    if not found:
        raise NotFound
    return found[0]


async def tried(tx: AsyncSession, task_id: UUID) -> list[Tried]:
    """What came of each attempt, the first first."""
    ring = keyring(tx)
    rows = await tx.execute(_TRIED, {"brand": tx.info["brand_id"], "task_id": task_id})
    return [
        Tried(
            row.outcome_id,
            Outcome(row.outcome),
            ring.open("task_outcome", "note", row.outcome_id, row.note) if row.note else None,
            row.advisor_id,
            row.given_by,
            row.given_at,
        )
        for row in rows
    ]


def _of(tx: AsyncSession, by: Caller) -> dict[str, object]:
    boutiques: Collection[UUID] | None = sorted(by.boutique_ids) if by.role in {Role.MANAGER, Role.REGIONAL} else None
    # An advisor without an id has no tasks; an id that nobody has finds none.
    advisor = (by.advisor_id or UUID(int=0)) if by.role is Role.ADVISOR else None
    return {"brand": tx.info["brand_id"], "advisor": advisor, "boutiques": boutiques}


async def _read(tx: AsyncSession, rows: Sequence[RowMapping]) -> list[Task]:
    """The tasks of these rows, each of the surviving record of hers."""
    ring = keyring(tx)
    heads = await identities.canonicals(tx, sorted({row["client_id"] for row in rows}))
    known = await clients.by_id(tx, sorted(set(heads.values())))
    found = []
    for row in rows:
        head = heads[row["client_id"]]
        if head not in known:
            continue  # erased, and brought back by a restore until she is erased again
        task_id, words = row["task_id"], row["words"]
        told: dict[str, Any] = {
            **{name: value for name, value in row.items() if name != "key"},
            "kind": Kind(row["kind"]),
            "client_id": head,
            "display_name": known[head].display_name,
            # The name of a greeting says for which day it is.
            "festival": Festival(row["key"].split(":")[1]) if row["kind"] == Kind.FESTIVAL else None,
            "words": ring.open("task", "words", task_id, words) if words else None,
            "status": Status(row["status"]),
            "reason": Why(row["reason"]) if row["reason"] else None,
            "outcome": Outcome(row["outcome"]) if row["outcome"] else None,
        }
        found.append(Task(**told))
    return found
