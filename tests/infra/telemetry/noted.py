"""A service that takes notes, refuses some, and breaks over others: what the tests of this folder look at."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import By, OfKit, create_app, router
from infra.database import Transaction, guard
from infra.eventlog.facts import Delivered, Fact, Slice
from infra.eventlog.outbox import record
from infra.eventlog.reaction import Reaction, on
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.ids import new_id
from infra.refusal import Kind, Refusal
from infra.settings import Settings
from infra.wire import Form
from tests.running import Running, Throwaway

ADVISOR = Caller("lin", Role.ADVISOR, "lumiere")


class Noticed(Fact):
    type = "test.noticed.v1"
    aggregate = "note_id"
    note_id: str


class Notice(Slice):
    type = "test.noticed.v1"
    note_id: str


class NoteForm(Form):
    text: Annotated[str, Field(max_length=40)]


class TooFaint(Refusal):
    """A test's own no."""

    kind = Kind.INVALID
    slug = "test-too-faint"
    en = "Too faint."
    zh = "太轻。"


routes = router()


@routes.post("/notes", status_code=201)
@permit(Role.ADVISOR)
@idempotent()
async def note(form: NoteForm, tx: Transaction, by: By) -> dict[str, str]:
    note_id = str(new_id())
    await tx.execute(
        text("insert into note (brand_id, note_id, text) values (:brand, :id, :text)"),
        {"brand": by.brand_id, "id": note_id, "text": form.text},
    )
    record(tx, Noticed(note_id=note_id))
    if form.text == "faint":
        raise TooFaint
    return {"note_id": note_id}


@routes.get("/notes/{note_id}")
@permit(Role.ADVISOR)
async def read(note_id: str, tx: Transaction, limit: Annotated[int, Query(ge=1)] = 1) -> dict[str, int]:
    # A parameter that PostgreSQL cannot read, and quotes in its complaint.
    await tx.execute(text("select cast(cast(:note as text) as uuid)"), {"note": note_id})
    return {"limit": limit}


@routes.get("/thrown/{what}")
@permit(Role.ADVISOR)
async def thrown(what: str) -> None:
    raise LookupError(what)


@routes.get("/asked")
@permit(Role.ADVISOR)
async def asked(kit: OfKit, by: By) -> Any:
    return await kit.peers["profile"].call("POST", "/v1/cards", brand_id=by.brand_id, json={"phone": "13912345678"})


async def _take(_tx: AsyncSession, run: Sequence[Delivered[Notice]]) -> None:
    assert all(one.fact.note_id for one in run)


REACTIONS: Sequence[Reaction] = (on(Notice, _take),)


@asynccontextmanager
async def noted(
    server: Throwaway, *, reactions: Sequence[Reaction] = (), transports: Any = None, **settings: Any
) -> AsyncIterator[Running]:
    """The service on a database and a log of its own, until the block ends."""
    url, log_url = await server.database("maison_feedback"), await server.database("maison_log")
    made = Settings(
        environment="test",
        database_url=url,
        log_url=log_url,
        keys=server.keys / "feedback.json",
        inner_jwks=server.keys / "inner-jwks.json",
        **settings,
    )
    app = create_app("feedback", made, routers=[routes], reactions=reactions, transports=transports)
    running = Running("feedback", app, made, server.keys)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        async with running.kit.database.engine.begin() as connection:
            await connection.execute(text("create table note (brand_id text, note_id uuid, text text unique)"))
            for statement in guard("note"):
                await connection.execute(text(statement))
        yield running
        for client in running.clients:
            await client.aclose()
    await server.drop(url)
    await server.drop(log_url)


def line(page: str, name: str, **labels: str) -> float | None:
    """The value of one series of a page of metrics; labels that are not named may be anything."""
    for one in page.splitlines():
        head, _, value = one.rpartition(" ")
        if head.partition("{")[0] == name and all(f'{key}="{said}"' in head for key, said in labels.items()):
            return float(value)
    return None
