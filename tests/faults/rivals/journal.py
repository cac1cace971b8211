"""What stood in the tables and when: written by triggers, with the moments of the commits."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.databases import query

LAST = datetime.max.replace(tzinfo=UTC)  # of what stands still
KEEP = """
create table journal (
    n bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    kind text not null,
    gone jsonb,
    come jsonb
);
create function journal() returns trigger language plpgsql as $$
begin
    insert into journal (kind, gone, come)
    values (tg_table_name, case when tg_op <> 'INSERT' then to_jsonb(old) end,
        case when tg_op <> 'DELETE' then to_jsonb(new) end);
    return null;
end
$$;
create trigger journal after insert or update or delete on occupation for each row execute function journal();
create trigger journal after insert or update or delete on appointment for each row execute function journal();
"""
# What a transaction undid has left no row here, so every row has a commit.
_OCCUPATION = """
select pg_xact_commit_timestamp(tx::xid) as at, has_come, (said ->> 'resource_id')::uuid as resource_id,
    lower((said ->> 'during')::tstzrange) as starts_at, upper((said ->> 'during')::tstzrange) as ends_at,
    (said ->> 'appointment_id')::uuid as appointment_id, (said ->> 'expires_at')::timestamptz as expires_at
from journal, lateral (values (false, gone), (true, come)) as told (has_come, said)
where kind = 'occupation' and said is not null order by n, has_come
"""
_APPOINTMENT = """
select pg_xact_commit_timestamp(tx::xid) as at, (come ->> 'appointment_id')::uuid as appointment_id,
    (come ->> 'version')::int as version, come ->> 'status' as status, (come ->> 'client_id')::uuid as client_id,
    (come ->> 'advisor_id')::uuid as advisor_id, (come ->> 'room_id')::uuid as room_id,
    (come ->> 'experience_id')::uuid as experience_id,
    (come ->> 'starts_at')::timestamptz as starts_at, (come ->> 'ends_at')::timestamptz as ends_at,
    (come ->> 'expires_at')::timestamptz as expires_at
from journal where kind = 'appointment' and come is not null order by n
"""
_NOW = """
select resource_id, lower(during) as starts_at, upper(during) as ends_at, appointment_id from occupation
where appointment_id is not null
"""
_FACTS = """
select (data ->> 'appointment_id')::uuid as appointment_id, type, count(*) as told from outbox
where type in ('appointments.confirmed.v1', 'appointments.moved.v1', 'appointments.cancelled.v1') group by 1, 2
"""


@dataclass(frozen=True)
class Stay:
    """A row of `occupation`: whose time it takes, and between which two commits others could see it."""

    resource_id: UUID
    starts_at: datetime
    ends_at: datetime
    appointment_id: UUID | None
    expires_at: datetime | None  # by the service's clock
    since: datetime
    until: datetime = LAST


@dataclass(frozen=True)
class Standing:
    """A version of an appointment."""

    appointment_id: UUID
    version: int
    status: str
    client_id: UUID
    advisor_id: UUID
    room_id: UUID | None
    experience_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime | None
    since: datetime
    until: datetime = LAST

    @property
    def resource_ids(self) -> list[UUID]:
        """Whom it takes up."""
        return [one for one in (self.advisor_id, self.room_id, self.client_id) if one is not None]


# Of a row of `occupation` as it is at the end: resource, start, end, appointment.
Taken = tuple[UUID, datetime, datetime, UUID]


@dataclass(frozen=True)
class Journal:
    """All stays, the versions of each appointment, what `occupation` holds at the end, how often what was announced."""

    stays: list[Stay]
    standings: dict[UUID, list[Standing]]
    taken: set[Taken]
    facts: dict[tuple[UUID, str], int]


async def kept(url: str) -> None:
    """Begin to write the journal of a service's database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(KEEP)
    finally:
        await connection.close()


async def read(url: str) -> Journal:
    """All of it."""
    now = await query(url, _NOW)
    return Journal(
        stays(await query(url, _OCCUPATION)),
        standings(await query(url, _APPOINTMENT)),
        {(row["resource_id"], row["starts_at"], row["ends_at"], row["appointment_id"]) for row in now},
        {(row["appointment_id"], row["type"]): row["told"] for row in await query(url, _FACTS)},
    )


def stays(rows: Iterable[dict[str, Any]]) -> list[Stay]:
    """From the comings and goings of rows."""
    found: list[Stay] = []
    open_: dict[tuple[Any, ...], Stay] = {}
    for row in rows:
        what = {name: value for name, value in row.items() if name not in {"at", "has_come"}}
        key = tuple(value for name, value in what.items() if name != "expires_at")
        if row["has_come"]:
            open_[key] = Stay(**what, since=row["at"])
        else:
            found.append(replace(open_.pop(key), until=row["at"]))
    # What came and went in one transaction, nobody saw.
    return [one for one in [*found, *open_.values()] if one.since < one.until]


def standings(rows: Iterable[dict[str, Any]]) -> dict[UUID, list[Standing]]:
    """The versions of each appointment, in their order."""
    found: dict[UUID, list[Standing]] = {}
    for row in rows:
        what = {name: value for name, value in row.items() if name != "at"}
        versions = found.setdefault(row["appointment_id"], [])
        if versions:
            versions[-1] = replace(versions[-1], until=row["at"])
        versions.append(Standing(**what, since=row["at"]))
    # Of several writes of one transaction, others saw the last.
    return {
        one: [standing for standing in versions if standing.since < standing.until] for one, versions in found.items()
    }


# A commit's moment is drawn before others see what it did: on a busy machine, some time before.
UNSEEN = timedelta(milliseconds=250)
