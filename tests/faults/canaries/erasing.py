"""Invented people who went through the whole house, are erased, and are looked for in everything written down."""

import asyncio
import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from infra.telemetry import configure_logs
from tests.asking import until
from tests.databases import query
from tests.faults.canaries.driving import Driver
from tests.faults.canaries.people import people
from tests.faults.canaries.reading import databases, read
from tests.infra.telemetry.receiver import receiver
from tests.rights.furnishing import furnish
from tests.rights.house import House, opened
from tests.rights.state import settled
from tests.running import Throwaway

# Her ids stand in what keeps her away, in what is on its way or for ever on the log, and in the proof that she asked.
LEFT = {"tombstone", "outbox", "outbox_sequence", "fact_0", "data_request", "parked_fact"}
_TABLES = (
    "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    " and relname not like 'alembic%' order by 1"
)
_NAMING = "select from {table} t, unnest($1::text[]) hers where to_jsonb(t)::text like '%' || hers || '%' limit 1"


@dataclass(frozen=True)
class Aftermath:
    """What is left after everybody was erased."""

    before: Mapping[str, bytes]
    texts: Mapping[str, bytes]
    certificates: Sequence[Mapping[str, Any]]
    rows: Mapping[str, list[dict[str, Any]]]
    left: set[str]
    her_token: int  # the status that a client gets who was signed in


def erased(postgres: Throwaway, *, most: int, rounds: int = 1) -> Aftermath:
    """Let so many go through the house, others by every route of it in so many rounds, and erase each by herself."""
    log = postgres.keys.parent / "logs" / "postgres.log"
    lines, before = io.StringIO(), log.stat().st_size
    with receiver() as received, contextlib.redirect_stdout(lines):
        made = asyncio.run(_go_through(postgres, received.address, most, rounds))
    configure_logs("profile")  # so that it speaks to the real output again
    spoken = {
        "logs": lines.getvalue().encode(),
        "traces, metrics and logs at the collector": received.text.encode(),
        "PostgreSQL's log": log.read_bytes()[before:],
    }
    return Aftermath(made.before, {**made.texts, **spoken}, made.certificates, made.rows, made.left, made.her_token)


async def _go_through(postgres: Throwaway, address: str, most: int, rounds: int) -> Aftermath:
    async with opened(postgres, otlp_endpoint=address, trace_ratio=1.0) as house:
        await furnish(house)
        driver = Driver(house, people())
        await driver.everybody(most)
        await driver.where_they_belong(rounds)
        await settled(house, seconds=60 + most)
        before = await read(postgres, house)
        profile = house.services["profile"]
        clients = [str(row["client_id"]) for row in await profile.rows("select client_id from client")]
        requests = [await _erase(house, client_id) for client_id in clients if await _stands(house, client_id)]

        async def done() -> bool:
            return not await profile.rows("select from data_request where kind = 'erase' and status <> 'done'")

        await until(done, seconds=60 + len(requests))
        await settled(house, seconds=60 + most)
        certificates = [
            await house.made("profile", "pr", "GET", f"/v1/data-requests/{one}/certificate") for one in requests
        ]
        answer = await house.at_the_door("cl", "GET", "/v1/me")
        rows = {
            "appointment": await house.services["appointments"].rows("select * from appointment"),
            "answer": await house.services["feedback"].rows("select * from answer"),
            "work_order": await house.services["feedback"].rows("select * from work_order"),
            "invitation": await house.services["feedback"].rows("select * from invitation"),
            "purchase": await profile.rows("select * from purchase"),
            "session": await house.gateway.rows("select * from session where role = 'client'"),
            "bought": await house.services["recommend"].rows("select * from bought where client_id is not null"),
            "cancelled": await house.services["appointments"].facts("appointments.cancelled.v1"),
        }
        texts, left = await read(postgres, house), await _left(house, clients)
    return Aftermath(before, texts, certificates, rows, left, answer.status_code)


async def _erase(house: House, client_id: str) -> str:
    asked = {"kind": "erase"}
    request = await house.made("profile", "pr", "POST", f"/v1/clients/{client_id}/data-requests", asked)
    for step in ("verify", "start"):
        await house.made("profile", "pr", "POST", f"/v1/data-requests/{request['request_id']}/{step}")
    return str(request["request_id"])


async def _stands(house: House, client_id: str) -> bool:
    """Whether she was not erased with another of her records already."""
    found = await house.services["profile"].rows("select from client where client_id = $1", UUID(client_id))
    return bool(found)


async def _left(house: House, client_ids: Sequence[str]) -> set[str]:
    """The tables of all databases in which an id of theirs stands, in whatever column."""
    left = set()
    for url in databases(house).values():
        for table in [row["relname"] for row in await query(url, _TABLES)]:
            asked = _NAMING.format(table=table)
            if await query(url, asked, list(client_ids)):
                left.add(table)
    return left
