"""The edge around every request: who may enter, what a no looks like, and effects that happen once per key."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query, Response
from pydantic import Field
from sqlalchemy import text
from starlette.types import Message, Receive, Scope, Send

from infra import telemetry
from infra.app import By, create_app, router
from infra.database import Database, Transaction, guard
from infra.eventlog.facts import Fact
from infra.eventlog.outbox import record
from infra.eventlog.postgres import PostgresLog
from infra.idempotency import forget_expired, idempotent
from infra.identity import Caller, Role, permit, public
from infra.ids import new_id
from infra.peers import PeerRefused, Peers, PeerUnavailable
from infra.problems import MEDIA_TYPE, URN
from infra.refusal import REGISTRY, Kind, NotFound, Refusal
from infra.settings import Settings
from infra.wire import Form
from tests.asking import until
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


@pytest.fixture
async def app(postgres: Throwaway) -> AsyncIterator[Running]:
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


async def test_rights_are_checked_before_the_body_is_read(app: Running) -> None:
    garbage = {"content": b"{not json", "headers": {"Content-Type": "application/json"}}
    assert problem(await app.client().post("/v1/notes", **garbage)) == "unauthenticated"  # type: ignore[arg-type]
    assert problem(await app.client(CLIENT).post("/v1/notes", **garbage)) == "not-permitted"  # type: ignore[arg-type]
    assert (await app.client().get("/v1/open")).status_code == 200
    forged = await app.client().get("/v1/open", headers={"Authorization": "Bearer a.b.c"})
    assert problem(forged) == "unauthenticated"


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"{not json", "malformed"),
        (b"[]", "malformed"),
        (b"\xff\xfe", "malformed"),
        (f'{{"text": ["{CANARY}"]}}'.encode(), "malformed"),
        (f'{{"text": "a", "{CANARY}": 1}}'.encode(), "malformed"),
        (f'{{"text": "{CANARY * 9}"}}'.encode(), "malformed"),
        (b'{"text": "a\\u0000b"}', "malformed"),
        (b'{"text": "\\ud800"}', "malformed"),
        (f'{{"text": "{CANARY}"}}'.encode("utf-16"), "malformed"),
        ('{"text": "a\x00b"}'.encode("utf-32"), "malformed"),
        (b"[" * 100_000, "bad-request"),
        (b'{"text": "' + b"a" * 2_000_000 + b'"}', "body-too-large"),
    ],
)
async def test_bad_input_gets_a_problem_that_never_repeats_it(app: Running, content: bytes, slug: str) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    assert problem(await app.client(ADVISOR).post("/v1/notes", content=content, headers=headers)) == slug
    assert await app.rows("select * from note") == []


async def test_every_no_of_the_framework_is_a_problem_too(app: Running) -> None:
    client = app.client(ADVISOR)
    assert problem(await client.get(f"/v1/{CANARY}")) == "not-found"
    deleted = await client.delete("/v1/notes")
    assert problem(deleted) == "method-not-allowed"
    assert deleted.headers["allow"]
    assert problem(await client.get("/v1/notes", params={"limit": CANARY})) == "malformed"
    assert problem(await client.get("/v1/notes?limit=%00")) == "malformed"
    assert problem(await client.get("/v1/absent")) == "not-found"


async def test_the_sentence_comes_in_the_language_that_was_asked_for(app: Running) -> None:
    client = app.client(ADVISOR)
    chinese = await client.get("/v1/absent", headers={"Accept-Language": "zh-CN,en;q=0.5"})
    english = await client.get("/v1/absent", headers={"Accept-Language": "de, en;q=0.9, zh;q=0.1"})
    assert "不存在" in chinese.json()["title"]
    assert "does not exist" in english.json()["title"]
    assert english.headers["content-language"] == "en"


async def test_a_fault_is_a_bare_500_and_leaves_nothing_behind(app: Running) -> None:
    answer = await app.client(ADVISOR).post("/v1/notes", json={"text": "broken"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 500
    assert problem(answer) == "fault"
    assert "division" not in answer.text
    assert await app.rows("select * from note") == []
    assert await app.rows("select * from idempotency_key") == []


async def test_a_fault_is_logged_without_what_the_caller_sent(capfd: pytest.CaptureFixture[str], app: Running) -> None:
    telemetry.configure_logs("feedback")  # so that it speaks to the captured output
    async with app.kit.database.engine.begin() as connection:
        await connection.execute(text("alter table note add constraint said_once unique (text)"))
    for key in "ab":
        await app.client(ADVISOR).post("/v1/notes", json={"text": CANARY}, headers={"Idempotency-Key": key})
    written = "".join(capfd.readouterr())
    assert "said_once" in written
    assert "23505" in written
    assert CANARY not in written


async def test_the_wall_hides_another_brands_rows_from_a_query_without_a_filter(app: Running) -> None:
    await app.client(ADVISOR).post("/v1/notes", json={"text": "ours"}, headers={"Idempotency-Key": "k"})
    assert (await app.client(ADVISOR).get("/v1/notes")).json() == {"items": ["ours"]}
    assert (await app.client(OTHER_BRAND).get("/v1/notes")).json() == {"items": []}


async def test_a_creating_request_needs_a_key(app: Running) -> None:
    client = app.client(ADVISOR)
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 256}, {"Idempotency-Key": "a b"}):
        assert problem(await client.post("/v1/notes", json={"text": "a"}, headers=headers)) == "idempotency-key-missing"


async def test_the_same_key_acts_once_and_answers_the_same_bytes(app: Running) -> None:
    client = app.client(ADVISOR)
    first = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    again = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": '"k"'})
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await client.post("/v1/notes", json={"text": "b"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, problem(other)) == (422, "idempotency-key-reused")
    assert len(await app.facts("test.noted.v1")) == 1
    # Another caller's key is another key.
    await app.client(OTHER_BRAND).post("/v1/notes", json={"text": "b"}, headers={"Idempotency-Key": "k"})
    assert len(await app.rows("select * from note")) == 2


async def test_forty_rivals_with_one_key_have_one_effect(app: Running) -> None:
    client = app.client(ADVISOR)

    async def attempt() -> httpx.Response:
        return await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "storm"})

    answers = await asyncio.gather(*(attempt() for _ in range(40)))
    created = {answer.content for answer in answers if answer.status_code == 201}
    assert len(created) == 1
    for answer in answers:
        if answer.status_code != 201:
            # Still running, or more callers than the pool has connections: both say when to come back.
            assert answer.status_code in {409, 503}
            assert answer.headers["retry-after"]
    assert len(await app.rows("select * from note")) == 1
    assert len(await app.facts("test.noted.v1")) == 1


async def test_a_no_that_stays_a_no_is_kept_and_its_effect_undone(app: Running) -> None:
    client = app.client(ADVISOR)
    first = await client.post("/v1/notes", json={"text": "loud"}, headers={"Idempotency-Key": "k"})
    again = await client.post("/v1/notes", json={"text": "loud"}, headers={"Idempotency-Key": "k"})
    assert (problem(first), first.content) == ("test-too-loud", again.content)
    assert "idempotency-replayed" in again.headers
    assert await app.rows("select * from note") == []
    assert await app.facts() == []


async def test_a_taken_answer_is_not_kept(app: Running) -> None:
    client = app.client(ADVISOR)
    for _ in range(2):
        answer = await client.post("/v1/notes", json={"text": "taken"}, headers={"Idempotency-Key": "k"})
        assert problem(answer) == "test-already-said"
        assert "idempotency-replayed" not in answer.headers
    assert await app.rows("select * from idempotency_key") == []


async def test_stored_answers_are_sealed(app: Running) -> None:
    first = await app.client(ADVISOR).post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    [row] = await app.rows("select body from idempotency_key")
    assert first.json()["note_id"].encode() not in row["body"]


@pytest.mark.parametrize("path", ["/v1/notes", "/v1/plain-notes"])
async def test_an_effect_is_committed_before_the_response_begins(app: Running, path: str) -> None:
    seen: list[list[str]] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def look_first(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Another connection sees only what is committed.
                seen.append([row["text"] for row in await app.rows("select text from note")])
            await send(message)

        await app.app(scope, receive, look_first)

    client = app.client(ADVISOR)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(watched), base_url="http://feedback", headers=client.headers
    ) as watching:
        answer = await watching.post(path, json={"text": "kept"}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201
    assert seen == [["kept"]]


async def test_a_replay_carries_the_entity_tag_too(app: Running) -> None:
    client = app.client(ADVISOR)
    first = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    again = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    assert first.headers["etag"] == again.headers["etag"] == '"1"'


async def test_a_fingerprint_cannot_be_guessed_from_a_copy_of_the_database(app: Running) -> None:
    await app.client(ADVISOR).post("/v1/notes", content=b'{"text":"a"}', headers=JSON | {"Idempotency-Key": "k"})
    [row] = await app.rows("select fingerprint from idempotency_key")
    assert row["fingerprint"] != hashlib.sha256(b'POST /v1/notes?\n{"text":"a"}').digest()


async def test_expired_keys_are_forgotten_and_others_kept(app: Running) -> None:
    client = app.client(ADVISOR)
    for key in ("old", "new"):
        await client.post("/v1/notes", json={"text": key}, headers={"Idempotency-Key": key})
    await app.rows("update idempotency_key set expires_at = now() - interval '1 second' where key = 'old' returning 1")
    stop = asyncio.Event()
    sweep = asyncio.create_task(forget_expired(app.kit.database, stop))

    async def gone() -> bool:
        return [row["key"] for row in await app.rows("select key from idempotency_key")] == ["new"]

    await until(gone)
    stop.set()
    await sweep


async def test_a_service_stays_ready_while_the_log_is_away(app: Running) -> None:
    ready = await app.client().get("/readyz")
    assert (ready.status_code, ready.json()["parked"]) == (200, 0)
    app.kit.log = PostgresLog("postgresql://nobody:nothing@127.0.0.1:9/none")
    ready = await app.client().get("/readyz")
    assert (ready.status_code, ready.json()["lag"]) == (200, None)


async def test_an_absent_database_is_a_503_with_a_time_to_come_back(app: Running) -> None:
    here, app.kit.database = app.kit.database, Database("postgresql://nobody:nothing@127.0.0.1:9/none")
    answer = await app.client(ADVISOR).get("/v1/notes")
    assert (answer.status_code, problem(answer)) == (503, "unavailable")
    assert answer.headers["retry-after"]
    app.kit.database = here


async def test_an_absent_peer_is_unavailable_and_its_no_is_passed_on(app: Running) -> None:
    away = Peers(app.settings.model_copy(update={"profile_url": "http://127.0.0.1:9"}), app.kit.signer)
    with pytest.raises(PeerUnavailable):
        await away["profile"].call("GET", "/v1/x", brand_id="lumiere")
    await away.close()
    near = Peers(app.settings, app.kit.signer, {"feedback": app.transport})
    with pytest.raises(PeerRefused) as refused:
        await near["feedback"].call("GET", "/v1/nothing", brand_id="lumiere")
    assert (refused.value.status, refused.value.peer_type) == (404, "not-found")
    await near.close()
