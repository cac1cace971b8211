"""Effects that happen once per key: acted on once, answered alike, forgotten in time."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import text

from infra.idempotency import Claim, forget_expired
from tests.asking import until
from tests.infra.notes import ADVISOR, JSON, OTHER_BRAND, problem
from tests.running import Running


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


async def test_a_key_that_holds_a_phone_does_not_stand_there_in_clear(app: Running) -> None:
    await app.client(ADVISOR).post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "13800138000"})
    [row] = await app.rows("select idempotency_key::text as row from idempotency_key")
    assert "13800138000" not in row["row"]
    assert b"13800138000".hex() not in row["row"]


async def test_a_replay_carries_the_entity_tag_too(app: Running) -> None:
    client = app.client(ADVISOR)
    first = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    again = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    assert first.headers["etag"] == again.headers["etag"] == '"1"'


async def test_a_fingerprint_cannot_be_guessed_from_a_copy_of_the_database(app: Running) -> None:
    await app.client(ADVISOR).post("/v1/notes", content=b'{"text":"a"}', headers=JSON | {"Idempotency-Key": "k"})
    [row] = await app.rows("select fingerprint from idempotency_key")
    assert row["fingerprint"] != hashlib.sha256(b'POST /v1/notes?\n{"text":"a"}').digest()


async def test_a_key_that_ran_out_is_free_before_anybody_has_forgotten_it(app: Running) -> None:
    client = app.client(ADVISOR)
    first = await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    await app.rows("update idempotency_key set expires_at = now() - interval '1 second' returning 1")
    second = await client.post("/v1/notes", json={"text": "b"}, headers={"Idempotency-Key": "k"})
    again = await client.post("/v1/notes", json={"text": "b"}, headers={"Idempotency-Key": "k"})
    assert (first.status_code, second.status_code, again.content) == (201, 201, second.content)
    assert len(await app.rows("select * from note")) == 2
    assert len(await app.rows("select * from idempotency_key")) == 1


async def test_the_effect_waits_for_locks_as_long_as_any_other(app: Running) -> None:
    database = app.kit.database
    now = datetime.now(UTC)
    async with database.transaction("lumiere") as tx:
        usual = await tx.scalar(text("show lock_timeout"))
    # The first key is new, the second takes the place of one that ran out.
    for expires_at in (now - timedelta(hours=1), now + timedelta(hours=1)):
        async with database.transaction("lumiere") as tx:
            claim = Claim("lumiere", "lin", "POST /v1/notes", "k", b"asked", expires_at)
            assert await claim.make(tx) is None
            assert await tx.scalar(text("show lock_timeout")) == usual


async def test_expired_keys_are_forgotten_and_others_kept(app: Running) -> None:
    client = app.client(ADVISOR)
    for key in ("old", "new"):
        await client.post("/v1/notes", json={"text": key}, headers={"Idempotency-Key": key})
        if key == "old":
            await app.rows("update idempotency_key set expires_at = now() - interval '1 second' returning 1")
    [new] = await app.rows("select key from idempotency_key where expires_at > now()")
    stop = asyncio.Event()
    sweep = asyncio.create_task(forget_expired(app.kit.database, stop))

    async def gone() -> bool:
        return await app.rows("select key from idempotency_key") == [new]

    await until(gone)
    stop.set()
    await sweep
