"""What is kept of somebody, told to herself: which columns of which tables are hers, and how they are read out.

Each service declares its portions in `rights/tables`; profile asks all of them and makes one copy of the answers.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import Field as Bounded
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role, permit
from infra.refusal import NotPermitted
from infra.wire import Form

PATH = "/internal/copies"
COMPOSER = "profile"  # the only service that may ask for a portion
LINES = "application/x-ndjson"
AT_ONCE = 500  # rows held in memory
_ROW = '{"row": '
MANY = 1000  # records that may be one person


@dataclass(frozen=True)
class Field:
    """One column of hers, and what it is called in both languages.

    `sql` is what stands under the name where it is not a column of that name. `sealed_for` is the column with the id
    that the value was sealed for. `is_json` marks JSON, sealed or not.
    """

    name: str
    zh: str
    en: str
    sql: str = ""
    sealed_for: str = ""
    is_json: bool = False


@dataclass(frozen=True)
class Portion:
    """What one table tells of her. `hers` is the condition of her rows, in SQL with `:ids`; `order` sorts them."""

    table: str
    zh: str
    en: str
    hers: str
    order: str
    fields: tuple[Field, ...]

    def head(self) -> dict[str, object]:
        """How the portion is described to whoever reads it."""
        fields = [{"name": one.name, "zh": one.zh, "en": one.en} for one in self.fields]
        return {"table": self.table, "zh": self.zh, "en": self.en, "fields": fields}


class CopyForm(Form):
    """All ids that are one person."""

    client_ids: Annotated[list[UUID], Bounded(min_length=1, max_length=MANY)]


def read(name: str, zh: str, en: str, sql: str = "") -> Field:
    """A column as it stands, or what `sql` makes of it."""
    return Field(name, zh, en, sql)


def opened(name: str, sealed_for: str, zh: str, en: str, *, is_json: bool = False) -> Field:
    """A sealed column."""
    return Field(name, zh, en, sealed_for=sealed_for, is_json=is_json)


def parsed(name: str, zh: str, en: str, sql: str = "") -> Field:
    """A column of JSON."""
    return Field(name, zh, en, sql, is_json=True)


async def told(
    tx: AsyncSession, portions: Sequence[Portion], client_ids: Sequence[UUID], **more: object
) -> AsyncIterator[str]:
    """The portions as lines of JSON: `part` begins a table, a `row` follows for each of hers, `end` counts them.

    Without the `end` they are not whole. Rows come through a cursor: few of them are in memory at a time. A line ends
    with a line feed and holds none; other characters that end lines for some may be in it.
    """
    counts: dict[str, int] = {}
    bound = {"brand": tx.info["brand_id"], "ids": list(client_ids), **more}
    for portion in portions:
        yield _line(part=portion.head())
        counts[portion.table] = 0
        found = await tx.stream(text(_statement(portion)), bound, execution_options={"yield_per": AT_ONCE})
        async for row in found:
            counts[portion.table] += 1
            yield _line(row=_shown(tx, portion, row))
    yield _line(end=counts)


def routes(made: APIRouter, portions: Sequence[Portion]) -> APIRouter:
    """Put the one route that answers a service's portions onto a router of the app."""

    @made.post("")
    @permit(Role.SERVICE)
    async def copies(form: CopyForm, request: Request, by: Annotated[Caller, Depends(_composer)]) -> StreamingResponse:
        """Everything of hers here, as lines."""
        database = request.app.state.kit.database

        async def lines() -> AsyncIterator[str]:
            async with database.snapshot(by.brand_id) as tx:
                async for line in told(tx, portions, form.client_ids):
                    yield line

        return StreamingResponse(lines(), media_type=LINES)

    return made


def _composer(request: Request) -> Caller:
    caller: Caller = request.state.caller
    if caller.subject != COMPOSER:
        raise NotPermitted
    return caller


def _statement(portion: Portion) -> str:
    wanted = [f"{one.sql or one.name} as {one.name}" for one in portion.fields]
    wanted += [f"{one} as sealed_for_{one}" for one in sorted({one.sealed_for for one in portion.fields} - {""})]
    return (
        f"select {', '.join(wanted)} from {portion.table}"  # noqa: S608 - our own words
        f" where {portion.table}.brand_id = :brand and ({portion.hers}) order by {portion.order}"
    )


def _shown(tx: AsyncSession, portion: Portion, row: Row[Any]) -> dict[str, object]:
    values, shown = row._mapping, {}  # noqa: SLF001 - its public name
    for one in portion.fields:
        value = values[one.name]
        if one.sealed_for and value is not None:
            value = keyring(tx).open(portion.table, one.name, values[f"sealed_for_{one.sealed_for}"], value)
        shown[one.name] = json.loads(value) if one.is_json and isinstance(value, str) else value
    return shown


def row_of(line: str) -> str | None:
    """The row in a line, still as JSON, for whoever passes it on as it is; None for a line that is none."""
    return line[len(_ROW) : -2] if line.startswith(_ROW) else None


def _line(**said: Mapping[str, object]) -> str:
    return json.dumps(said, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
