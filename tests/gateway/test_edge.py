"""Around every request: limits, CORS, headers, the client's address, the reference, readiness."""

import json
from ipaddress import ip_network

import pytest

from gateway.forward.rules import HERE, lies_in, read_address
from gateway.limits.actions import Meter
from infra.identity import Caller, Role
from infra.ids import new_id
from tests.asking import BRAND, problem
from tests.gateway.build import Gateway, Upstream, document, operation
from tests.gateway.conftest import Behind, Start

BEHIND = document({"/v1/me": {"get": operation("profile", "client", summary="Me & mine")}})


async def test_every_answer_says_what_is_left_and_429_when_to_come_back(gateway: Start, behind: Behind) -> None:
    # 300 a minute for a client, times 0.01.
    running = await gateway(document=BEHIND, profile_url=await behind(Upstream()), limit_factor=0.01)
    client = running.client(running.token(Role.CLIENT, client_id=new_id()))
    answers = [await client.get("/v1/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=120;w=60, "subject";q=3;w=60'
    assert answers[0].headers["ratelimit"] == '"address";r=119;t=1, "subject";r=2;t=20'
    refused = await client.get("/v1/me")
    assert (problem(refused), refused.status_code) == ("quota-exceeded", 429)
    assert refused.headers["ratelimit"].endswith(f'"subject";r=0;t={refused.headers["retry-after"]}')
    # Somebody else at the same address goes on.
    other = running.client(running.token(Role.CLIENT, client_id=new_id()))
    assert (await other.get("/v1/me")).status_code == 200


async def test_an_address_without_tokens_is_limited_too_and_sign_in_more_strictly(gateway: Start) -> None:
    running = await gateway(limit_factor=0.05)
    caller = running.client()
    form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "x"}
    answers = [await caller.post("/v1/auth/token", json=form) for _ in range(7)]
    assert [problem(answer) for answer in answers] == ["invalid-client"] * 6 + ["quota-exceeded"]
    assert '"sign-in";q=6;w=60' in answers[0].headers["ratelimit-policy"]
    assert (await caller.get("/.well-known/jwks.json")).status_code == 200


def test_the_limits_of_two_callers_and_two_brands_do_not_mix() -> None:
    now = 0.0
    meter = Meter(factor=0.01, steady=lambda: now)
    subject = str(new_id())

    def asked(brand_id: str) -> bool:
        caller = Caller(subject, Role.CLIENT, brand_id)
        return meter.measure(address="203.0.113.1", path="/x", caller=caller)[1] is None

    assert [asked(BRAND) for _ in range(4)] == [True, True, True, False]
    assert asked("aurore")
    now = 20.0
    assert asked(BRAND)


async def test_only_listed_origins_may_call_from_a_browser(gateway: Start, behind: Behind) -> None:
    origin = "https://console.example.com"
    running = await gateway(document=BEHIND, profile_url=await behind(Upstream()), cors_origins=origin)
    client = running.client(running.token(Role.CLIENT, client_id=new_id()))
    asks = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    preflight = await client.options("/v1/me", headers=asks)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    answer = await client.get("/v1/me", headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "RateLimit" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    # Refusals can be read too.
    refused = await running.client().get("/v1/me", headers={"Origin": origin})
    assert refused.headers["access-control-allow-origin"] == origin

    for stranger in ("https://evil.example", "null", origin + ".evil.example"):
        answer = await client.get("/v1/me", headers={"Origin": stranger})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"
        refused = await client.options("/v1/me", headers=asks | {"Origin": stranger})
        assert problem(refused) == "method-not-allowed"


async def test_every_answer_carries_the_headers_of_a_careful_server(gateway: Start, behind: Behind) -> None:
    page = Upstream(headers=[(b"content-type", b"text/html"), (b"cache-control", b"max-age=5")])
    running = await gateway(
        document=document({"/s/{token}": {"get": operation("feedback")}}),
        feedback_url=await behind(page),
        public_url="https://maison.example.com",
    )
    caller = running.client()
    for path in ("/v1/nothing", "/healthz", "/s/x", "/docs"):
        headers = (await caller.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "max-age=31536000" in headers["strict-transport-security"]
    assert (await caller.get("/v1/nothing")).headers["cache-control"] == "no-store"
    shown = (await caller.get("/s/x")).headers
    assert shown["cache-control"] == "max-age=5"
    assert "script-src" not in shown["content-security-policy"]
    assert "default-src 'none'" in shown["content-security-policy"]


ADDRESSES = [
    # our proxies, X-Forwarded-For, the address that counts; each time it is 127.0.0.1 that connects
    ("", "203.0.113.9", "127.0.0.1"),
    ("127.0.0.0/8", "203.0.113.9", "203.0.113.9"),
    ("127.0.0.0/8, 10.0.0.0/8", "198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
    ("10.0.0.0/8", "203.0.113.9", "127.0.0.1"),
    ("127.0.0.0/8", "nonsense", "127.0.0.1"),
    ("127.0.0.0/8", "", "127.0.0.1"),
]


async def test_the_callers_address_is_the_one_our_own_proxy_saw(gateway: Start) -> None:
    for proxies, forwarded, counted in ADDRESSES:
        running = await gateway(limit_factor=0.001, trusted_proxies=proxies)  # 12 requests a minute for an address
        said = {"X-Forwarded-For": forwarded} if forwarded else {}
        answers = [await _asked(running, "127.0.0.1", said) for _ in range(12)]
        assert answers == [200] * 12
        assert await _asked(running, counted, {}) == 429, proxies


async def _asked(running: Gateway, address: str, headers: dict[str, str]) -> int:
    return (await running.client(at=address).get("/.well-known/jwks.json", headers=headers)).status_code


async def test_a_proxy_that_connects_over_ipv6_is_the_same_proxy(gateway: Start) -> None:
    running = await gateway(limit_factor=0.001, trusted_proxies="10.0.0.0/8")
    said = {"X-Forwarded-For": "203.0.113.9, ::ffff:10.1.1.1"}
    answers = [await _asked(running, "::ffff:10.0.0.7", said) for _ in range(12)]
    assert answers == [200] * 12
    assert await _asked(running, "203.0.113.9", {}) == 429


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.4.0.9", True),
        ("::ffff:10.4.0.9", True),
        ("172.31.0.1", True),
        ("192.168.1.1", True),
        ("fd00::1", True),
        ("203.0.113.9", False),
        ("172.32.0.1", False),
        ("2001:db8::1", False),
        ("::ffff:203.0.113.9", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_an_address_lies_in_a_network_in_whichever_clothes_it_comes(
    address: str,
    inside: bool,  # noqa: FBT001
) -> None:
    assert lies_in(HERE, read_address(address)) is inside
    assert not lies_in([ip_network("198.51.100.0/24")], read_address(address))


READY = [
    # are there proxies of ours, who connects, X-Forwarded-For, the answer
    (False, "127.0.0.1", "", 200),
    (False, "::1", "", 200),
    (False, "172.18.0.5", "", 200),
    (False, "::ffff:10.0.0.5", "", 200),
    (False, "203.0.113.9", "", 404),
    (False, "2001:db8::9", "", 404),
    (False, "127.0.0.1", "203.0.113.9", 404),
    (False, "127.0.0.1", "10.0.0.9", 404),
    (True, "127.0.0.1", "203.0.113.9", 404),
    (True, "127.0.0.1", "10.0.0.9", 200),
    (True, "100.64.0.1", "", 200),
]


async def test_how_the_database_is_stays_in_the_house(gateway: Start) -> None:
    gateways = {False: await gateway(), True: await gateway(trusted_proxies="127.0.0.0/8, 100.64.0.0/10")}
    for proxies, address, forwarded, status in READY:
        running = gateways[proxies]
        said = {"X-Forwarded-For": forwarded} if forwarded else {}
        for path in ("/readyz", "/metrics"):
            answer = await running.client(at=address).get(path, headers=said)
            assert answer.status_code == status, (path, proxies, address, forwarded)
            if status == 404:
                assert problem(answer) == "not-found"
                assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await running.client(at=address).get("/healthz", headers=said)).status_code == 200


async def test_the_reference_shows_what_the_document_says(gateway: Start) -> None:
    running = await gateway(document=BEHIND)
    shown = await running.client().get("/docs")
    assert shown.headers["content-type"].startswith("text/html")
    assert "/v1/me" in shown.text
    assert "Me &amp; mine" in shown.text
    assert "<script" not in shown.text
    assert "http" not in shown.text.replace("https://", "").lower()
    assert json.loads((await running.client().get("/openapi.json")).text) == BEHIND


async def test_the_gateway_says_that_it_runs_and_is_ready(gateway: Start) -> None:
    running = await gateway()
    assert (await running.client().get("/healthz")).status_code == 200
    assert (await running.client().get("/readyz")).status_code == 200
