"""Requests passed on: what goes in, what comes out, and what happens when a service does not answer."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from infra.identity import Role
from infra.ids import new_id
from tests.asking import BRAND, problem
from tests.gateway.build import Gateway, Upstream, document, nowhere, operation, served
from tests.gateway.conftest import Behind, Start

MEGABYTE = 1024 * 1024
BEHIND = document(
    {
        "/v1/clients/{id}": {"get": operation("profile", "advisor"), "patch": operation("profile", "advisor")},
        "/v1/clients/search": {"post": operation("profile", "advisor")},
        "/v1/purchases/batch": {"post": operation("profile", "partner", **{"x-max-body": 8 * MEGABYTE})},
        "/v1/availability": {"get": operation("appointments", "client", "advisor")},
        "/s/{token}": {"get": operation("feedback"), "post": operation("feedback")},
    }
)


async def _advisor(running: Gateway) -> httpx.AsyncClient:
    return running.client(running.token(Role.ADVISOR, advisor_id=new_id(), boutique_ids=frozenset({new_id()})))


async def test_a_request_goes_to_its_service_with_an_inner_token_and_a_trace_of_ours(
    gateway: Start, behind: Behind
) -> None:
    upstream = Upstream(
        status=207,
        headers=[
            (b"content-type", b"application/json"),
            (b"etag", b'"3"'),
            (b"connection", b"x-inside"),
            (b"x-inside", b"1"),
            (b"server", b"svc"),
        ],
        chunks=[b'{"a":', b"1}"],
    )
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    advisor_id, boutique_id, client_id = new_id(), new_id(), new_id()
    token = running.token(Role.ADVISOR, advisor_id=advisor_id, boutique_ids=frozenset({boutique_id}))
    answer = await running.client(token).patch(
        f"/v1/clients/{client_id}?a=%E4%B8%AD&b=1+2",
        json={"name": "x"},
        headers={
            "If-Match": '"2"',
            "Cookie": "a=b",
            "X-Forwarded-For": "203.0.113.9",
            "X-User-Id": "root",
            "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
            "X-Anything": "1",
            "Connection": "close, If-Match",
        },
    )
    assert (answer.status_code, answer.text) == (207, '{"a":1}')
    assert answer.headers["etag"] == '"3"'
    assert "x-inside" not in answer.headers
    assert answer.headers.get("server") != "svc"

    seen = upstream.seen[0]
    assert (seen.method, seen.target) == ("PATCH", f"/v1/clients/{client_id}?a=%E4%B8%AD&b=1+2")
    assert seen.body == b'{"name":"x"}'
    assert {name for name, _ in seen.headers} == {
        "host", "accept", "accept-encoding", "accept-language", "authorization", "content-length", "content-type",
        "if-match", "traceparent",
    }  # fmt: skip
    assert "a" * 32 not in str(seen.header("traceparent"))
    caller = running.inner("profile", seen.header("authorization"))
    assert (caller.role, caller.brand_id, caller.advisor_id) == (Role.ADVISOR, BRAND, advisor_id)
    assert caller.boutique_ids == {boutique_id}
    assert token not in str(seen.headers)


async def test_the_inner_token_is_made_once_per_service(gateway: Start, behind: Behind) -> None:
    profile, appointments = Upstream(), Upstream()
    running = await gateway(
        document=BEHIND, profile_url=await behind(profile), appointments_url=await behind(appointments)
    )
    caller = await _advisor(running)
    for _ in range(3):
        await caller.get(f"/v1/clients/{new_id()}")
        await caller.get("/v1/availability")
    assert len({seen.header("authorization") for seen in profile.seen}) == 1
    assert len({seen.header("authorization") for seen in appointments.seen}) == 1
    assert running.inner("appointments", appointments.seen[0].header("authorization")).role is Role.ADVISOR


async def test_the_edge_says_404_405_401_and_403_itself(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    advisor, nobody = await _advisor(running), running.client()
    for caller in (advisor, nobody):
        assert problem(await caller.get("/v1/nothing")) == "not-found"
        assert problem(await caller.get("/v1/clients/a%2Fb")) == "not-found"
        wrong = await caller.delete("/v1/clients/42")
        assert (problem(wrong), wrong.headers["allow"], wrong.status_code) == ("method-not-allowed", "GET, PATCH", 405)
        own = await caller.delete("/v1/auth/staff")
        assert (problem(own), own.headers["allow"]) == ("method-not-allowed", "POST")
        assert (await caller.head("/v1/clients/42")).status_code == 405
        assert problem(await caller.options("/v1/clients/42")) == "method-not-allowed"
    assert problem(await nobody.get("/v1/clients/42")) == "unauthenticated"
    client = running.client(running.token(Role.CLIENT, client_id=new_id()))
    assert problem(await client.get("/v1/clients/42")) == "not-permitted"
    assert upstream.seen == []


async def test_a_public_route_is_open_and_a_bad_token_does_not_close_it(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    running = await gateway(document=BEHIND, feedback_url=await behind(upstream))
    assert (await running.client().get("/s/lumiere.abc")).status_code == 200
    assert (await running.client("garbage").get("/s/lumiere.abc")).status_code == 200
    assert (await (await _advisor(running)).get("/s/lumiere.abc")).status_code == 200
    assert [seen.header("authorization") is not None for seen in upstream.seen] == [False, False, True]


async def test_a_service_that_is_down_is_503_and_the_others_go_on(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    running = await gateway(document=BEHIND, profile_url=nowhere(), appointments_url=await behind(upstream))
    caller = await _advisor(running)
    away = await caller.get("/v1/clients/42")
    assert (problem(away), away.status_code, away.headers["retry-after"]) == ("service-away", 503, "2")
    assert problem(await caller.post("/v1/clients/search", json={})) == "service-away"
    assert (await caller.get("/v1/availability")).status_code == 200


async def test_a_service_that_comes_back_answers_again(gateway: Start) -> None:
    upstream = Upstream()
    async with served(upstream) as address:
        running = await gateway(document=BEHIND, profile_url=address)
        caller = await _advisor(running)
        assert (await caller.post("/v1/clients/search", json={})).status_code == 200
    assert problem(await caller.post("/v1/clients/search", json={})) == "service-away"


async def test_a_large_body_streams_through_as_far_as_its_limit(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    async with served(running.app) as address:
        partner = running.client(running.token(Role.PARTNER), address=address)
        chunk = b"x" * 65_536

        async def body(count: int) -> AsyncIterator[bytes]:
            for _ in range(count):
                yield chunk

        fits = await partner.post("/v1/purchases/batch", content=body(128))
        assert fits.status_code == 200, fits.text
        assert len(upstream.seen[0].body) == 8 * MEGABYTE
        assert upstream.seen[0].header("transfer-encoding") == "chunked"
        sized = await partner.post("/v1/purchases/batch", content=chunk * 20)
        assert sized.status_code == 200
        assert upstream.seen[1].header("content-length") == str(20 * 65_536)

        # Too large, undeclared: refused once the limit is passed.
        answer = await partner.post("/v1/purchases/batch", content=body(129))
        assert (problem(answer), answer.status_code) == ("body-too-large", 413)
        # Too large, and said so: refused before a byte is read.
        declared = await partner.post("/v1/purchases/batch", content=b"x" * (8 * MEGABYTE + 1))
        assert problem(declared) == "body-too-large"
        advisor = running.client(running.token(Role.ADVISOR), address=address)
        assert problem(await advisor.post("/v1/clients/search", content=b"x" * (MEGABYTE + 1))) == "body-too-large"
        assert len(upstream.seen) == 2
        # The way is free again.
        assert (await advisor.post("/v1/clients/search", content=b"{}")).status_code == 200


async def test_an_own_route_has_its_limit_too(gateway: Start) -> None:
    running = await gateway()
    answer = await running.client().post(
        "/v1/auth/staff", content=b"x" * (MEGABYTE + 1), headers={"Content-Type": "application/json"}
    )
    assert (problem(answer), answer.status_code) == ("body-too-large", 413)


async def test_a_large_answer_streams_out_as_it_comes(gateway: Start, behind: Behind) -> None:
    upstream = Upstream(chunks=[b"y" * 65_536] * 256)
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    async with served(running.app) as address:
        caller = running.client(running.token(Role.ADVISOR), address=address)
        size = 0
        async with caller.stream("GET", "/v1/clients/42") as answer:
            async for chunk in answer.aiter_raw():
                size += len(chunk)
        assert size == 16 * MEGABYTE


async def test_an_answer_that_breaks_off_is_cut_off_and_not_ended(gateway: Start, behind: Behind) -> None:
    upstream = Upstream(
        headers=[(b"content-type", b"application/json"), (b"content-length", b"100")], chunks=[b"only this"]
    )
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    async with served(running.app) as address:
        caller = running.client(running.token(Role.ADVISOR), address=address)
        with pytest.raises(httpx.RemoteProtocolError):
            await caller.get("/v1/clients/42")


async def test_a_caller_who_hangs_up_is_not_waited_for(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    upstream.may_answer.clear()
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    async with served(running.app) as address:
        caller = running.client(running.token(Role.ADVISOR), address=address)
        asking = asyncio.create_task(caller.get("/v1/clients/42"))
        await upstream.asked.wait()
        asking.cancel()
        async with asyncio.timeout(5):
            await upstream.left.wait()
        upstream.may_answer.set()
        assert (await caller.get("/v1/clients/42")).status_code == 200


async def test_a_service_that_says_nothing_is_504(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    upstream.may_answer.clear()
    running = await gateway(document=BEHIND, profile_url=await behind(upstream), answer_timeout=0.3)
    answer = await (await _advisor(running)).get("/v1/clients/42")
    assert (problem(answer), answer.status_code) == ("answer-too-late", 504)
    upstream.may_answer.set()


async def test_a_problem_speaks_the_callers_language_and_echoes_nothing(gateway: Start) -> None:
    running = await gateway(document=BEHIND)
    chinese = await running.client().get("/v1/nothing/13800138000", headers={"Accept-Language": "zh-CN"})
    assert chinese.headers["content-language"] == "zh-CN"
    assert "13800138000" not in chinese.text
    assert len(chinese.json()["trace_id"]) == 32
    posted = await running.client().post("/v1/auth/staff", json={"username": 1, "phone": "13800138000"})
    assert problem(posted) == "malformed"
    assert "13800138000" not in posted.text
