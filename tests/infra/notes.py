"""A made-up service of notes: what its routes do is what infra's edge does around every request."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, Query, Response
from pydantic import Field
from sqlalchemy import text

from infra.app import By, create_app, router
from infra.database import Transaction, guard
from infra.eventlog.facts import Fact
from infra.eventlog.outbox import record
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit, public
from infra.ids import new_id
from infra.problems import MEDIA_TYPE, URN
from infra.refusal import REGISTRY, Kind, NotFound, Refusal
from infra.settings import Settings
from infra.wire import Form
from tests.running import Running, Throwaway

CANARY = "13912345678"
JSON = {"Content-Type": "application/json"}
ADVISOR = Caller("lin", Role.ADVISOR, "lumiere")
OTHER_BRAND = Caller("mo", Role.ADVISOR, "ombre")
CLIENT = Caller("her", Role.CLIENT, "lumiere")


class Noted(Fact):
    type = "test.noted.v1"
    aggregate = "note_id"
    note_id: str


class NoteForm(Form):
    text: Annotated[str, Field(max_length=40)]


class AlreadySaid(Refusal):
    """A test's own taken."""

    kind = Kind.CONFLICT
    slug = "test-already-said"
    en = "Said."
    zh = "说过了。"


class TooLoud(Refusal):
    """A test's own deterministic no."""

    kind = Kind.INVALID
    slug = "test-too-loud"
    en = "Too loud."
    zh = "太大声。"


routes = router()


@routes.post("/notes", status_code=201)
@permit(Role.ADVISOR)
@idempotent()
async def note(form: NoteForm, tx: Transaction, by: By, response: Response) -> dict[str, str]:
    response.headers["ETag"] = '"1"'
    note_id = str(new_id())
    await tx.execute(
        text("insert into note (brand_id, note_id, text) values (:brand, :id, :text)"),
        {"brand": by.brand_id, "id": note_id, "text": form.text},
    )
    record(tx, Noted(note_id=note_id))
    if form.text == "loud":
        raise TooLoud
    if form.text == "taken":
        raise AlreadySaid
    if form.text == "broken":
        await tx.execute(text("select 1 / 0"))
    return {"note_id": note_id}


@routes.post("/plain-notes", status_code=201)
@permit(Role.ADVISOR)
async def plain_note(form: NoteForm, tx: Transaction, by: By) -> None:
    await tx.execute(
        text("insert into note (brand_id, note_id, text) values (:brand, :id, :text)"),
        {"brand": by.brand_id, "id": str(new_id()), "text": form.text},
    )


@routes.get("/notes")
@permit(Role.ADVISOR)
async def notes(tx: Transaction, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> dict[str, list[str]]:
    # No filter by brand on purpose: the wall behind the query is what is tested.
    return {"items": list((await tx.execute(text("select text from note limit :n"), {"n": limit})).scalars())}


@routes.get("/open")
@public
async def anyone() -> dict[str, str]:
    return {"hello": "anyone"}


@routes.get("/absent")
@permit(Role.ADVISOR)
async def absent() -> None:
    raise NotFound


@asynccontextmanager
async def opened(postgres: Throwaway) -> AsyncIterator[Running]:
    """The service on fresh databases, until the block ends."""
    url = await postgres.database("maison_feedback")
    log_url = await postgres.database("maison_log")
    settings = Settings(
        environment="test",
        database_url=url,
        log_url=log_url,
        keys=postgres.keys / "feedback.json",
        inner_jwks=postgres.keys / "inner-jwks.json",
    )
    made: FastAPI = create_app("feedback", settings, routers=[routes])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(made.router.lifespan_context(made))
        running = Running("feedback", made, settings, postgres.keys)
        async with running.kit.database.engine.begin() as connection:
            await connection.execute(text("create table note (brand_id text, note_id uuid, text text)"))
            for statement in guard("note"):
                await connection.execute(text(statement))
        yield running
        for client in running.clients:
            await client.aclose()
    await postgres.drop(url)
    await postgres.drop(log_url)


def problem(answer: httpx.Response) -> str:
    """The type of a problem document, which it must be, whole and registered."""
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert CANARY not in answer.text
    slug = str(body["type"]).removeprefix(URN)
    assert slug in REGISTRY
    return slug
