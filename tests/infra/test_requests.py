"""The edge around every request: who may enter, and what a no looks like."""

import httpx
import pytest
from sqlalchemy import text
from starlette.types import Message, Receive, Scope, Send

from infra import telemetry
from infra.database import Database
from infra.eventlog.postgres import PostgresLog
from infra.peers import PeerRefused, Peers, PeerUnavailable
from tests.infra.notes import ADVISOR, CANARY, CLIENT, OTHER_BRAND, problem
from tests.running import Running


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
