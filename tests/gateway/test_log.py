"""The log as headquarters sees it through the gateway: all services, her own brand, and who is away."""

from typing import Any

import httpx
import pytest

from infra.identity import INSIDE, Caller, Role, Signer
from infra.ids import new_id
from tests.asking import BRAND, problem
from tests.conftest import Start as StartService
from tests.gateway.build import Gateway
from tests.gateway.conftest import Start
from tests.running import Running

_PARK = """
insert into parked_fact (follower, position, source, relay_seq, brand_id, aggregate, envelope, reason, attempts)
values ($1, $2, 'appointments', $2, $3, $4, $5::text::jsonb, $6, 3) returning id
"""
OPERATOR = Caller("operator", Role.OPERATOR, "house")


async def _park(
    at: Running | Gateway, position: int, *, brand: str = BRAND, about: str = "boutique:1", why: str = "23505"
) -> int:
    envelope = (
        f'{{"specversion": "1.0", "id": "{new_id()}", "source": "maison/appointments", "subject": "1",'
        f' "type": "appointments.nobody-cares.v1", "time": "2026-03-01T09:30:00Z", "partitionkey": "{about}",'
        f' "sequence": "00000000000000000001", "brandid": "{brand}", "data": {{"secret": "not shown"}}}}'
    )
    (row,) = await at.rows(_PARK, at.name, position, brand, about, envelope, why)
    return int(row["id"])


def _nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("away", request=request)


@pytest.fixture
async def profile(running: StartService) -> Running:
    return await running("profile")


@pytest.fixture
async def house(gateway: Start, profile: Running) -> Gateway:
    """A gateway, profile, and three services that are away."""
    transports: dict[str, Any] = dict.fromkeys(("appointments", "feedback", "recommend"), httpx.MockTransport(_nobody))
    return await gateway(transports={**transports, "profile": profile.transport})


async def test_the_status_shows_every_service_and_who_is_away(house: Gateway, profile: Running) -> None:
    await _park(profile, 7)
    await _park(profile, 8, brand="aurore")
    told = (await house.client(house.token()).get("/v1/log/status")).json()["services"]
    assert {one["service"]: one["is_away"] for one in told} == {
        "profile": False,
        "appointments": True,
        "feedback": True,
        "recommend": True,
        "gateway": False,
    }
    seen = {one["service"]: one["status"] for one in told}
    assert seen["feedback"] is None
    assert seen["profile"]["follower"]["parked"] == 1  # of her brand
    assert [one["kind"] for one in seen["profile"]["findings"]] == ["facts-parked"]
    assert seen["gateway"]["findings"] == []


async def test_parked_facts_of_all_services_come_in_pages_of_one_brand(house: Gateway, profile: Running) -> None:
    ids = [f"profile-{await _park(profile, position)}" for position in (3, 4, 5)]
    await _park(profile, 6, brand="aurore")
    ids.append(f"gateway-{await _park(house, 9)}")
    await _park(house, 10, brand="aurore")
    caller = house.client(house.token())
    whole = (await caller.get("/v1/log/parked")).json()
    assert [one["id"] for one in whole["items"]] == ids
    assert (whole["next_cursor"], whole["away"]) == (None, ["appointments", "feedback", "recommend"])
    assert set(whole["items"][0]) == {
        "id", "service", "position", "source", "type", "aggregate", "reason", "is_culprit", "attempts", "parked_at",
    }  # fmt: skip
    assert "not shown" not in str(whole)
    for limit in (1, 2, 3):
        seen, after = list[str](), ""
        while True:
            page = (await caller.get(f"/v1/log/parked?limit={limit}{after}")).json()
            assert len(page["items"]) <= limit
            seen += [one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            after = f"&cursor={page['next_cursor']}"
        assert seen == ids
    only = (await caller.get("/v1/log/parked?service=gateway")).json()
    assert ([one["id"] for one in only["items"]], only["away"]) == (ids[3:], [])
    assert problem(await caller.get("/v1/log/parked?service=nobody")) == "malformed"
    first = (await caller.get("/v1/log/parked?limit=1")).json()["next_cursor"]
    assert problem(await caller.get(f"/v1/log/parked?service=gateway&cursor={first}")) == "bad-request"


async def test_a_full_page_of_one_service_is_not_the_end(house: Gateway, profile: Running) -> None:
    for position in range(1, 104):
        await _park(profile, position)
    caller = house.client(house.token())
    page = (await caller.get("/v1/log/parked?limit=100")).json()
    rest = (await caller.get(f"/v1/log/parked?limit=100&cursor={page['next_cursor']}")).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (100, 3, None)


async def test_a_parked_fact_is_retried_where_it_is_parked(house: Gateway, profile: Running) -> None:
    caller = house.client(house.token())
    for at in (profile, house):
        # Nobody reacts to it any more, so it takes effect by doing nothing.
        number = await _park(at, 5, why="22012")
        await _park(at, 6, why="behind")
        retried = await caller.post(f"/v1/log/parked/{at.name}-{number}/retry")
        assert retried.json() == {"took_effect": 2, "still_parked": 0}
        assert problem(await caller.post(f"/v1/log/parked/{at.name}-{number}/retry")) == "not-found"


async def test_what_is_another_brands_or_no_id_is_absent(house: Gateway, profile: Running) -> None:
    caller = house.client(house.token())
    for at in (profile, house):
        number = await _park(at, 5, brand="aurore")
        assert problem(await caller.post(f"/v1/log/parked/{at.name}-{number}/retry")) == "not-found"
    for made_up in ("profile", "profile-0", "profile-x", "nobody-1", "1", f"profile-{10**18}"):
        assert problem(await caller.post(f"/v1/log/parked/{made_up}/retry")) == "not-found"
    assert problem(await caller.post("/v1/log/parked/feedback-1/retry")) == "peer-unavailable"


async def test_only_headquarters_sees_the_log(house: Gateway) -> None:
    for role in set(Role) - INSIDE - {Role.HEADQUARTERS}:
        caller = house.client(house.token(role, client_id=new_id()))
        assert problem(await caller.get("/v1/log/status")) == "not-permitted"
        assert problem(await caller.get("/v1/log/parked")) == "not-permitted"
        assert problem(await caller.post("/v1/log/parked/profile-1/retry")) == "not-permitted"
    assert problem(await house.client().get("/v1/log/status")) == "unauthenticated"


async def test_the_operations_inside_open_to_the_operator_nearby_and_to_nobody_at_the_door(house: Gateway) -> None:
    keys = house.settings.keys.parent
    token = Signer.load(keys / "operator.json").sign(OPERATOR, audience="gateway")
    operator = {"Authorization": f"Bearer {token}"}
    near, far = house.client(), house.client(at="203.0.113.9")
    assert (await near.get("/internal/log/status", headers=operator)).json()["service"] == "gateway"
    assert problem(await far.get("/internal/log/status", headers=operator)) == "not-found"
    assert problem(await near.get("/internal/log/status")) == "unauthenticated"
    outside = {"Authorization": f"Bearer {house.token()}"}
    assert problem(await near.get("/internal/log/status", headers=outside)) == "unauthenticated"
    # His token opens nothing else here, and nothing at a service either.
    assert problem(await near.get("/v1/accounts", headers=operator)) == "unauthenticated"
    passed_on = {"X-Forwarded-For": "203.0.113.9"} | operator
    assert problem(await near.get("/internal/log/status", headers=passed_on)) == "not-found"


async def test_a_service_does_not_open_to_an_operator_what_is_not_the_logs(profile: Running) -> None:
    operator = profile.client(OPERATOR, issuer="operator")
    assert (await operator.get("/internal/log/status")).status_code == 200
    answer = await operator.post("/v1/clients/search", json={"text": "lin"})
    assert problem(answer) == "not-permitted"
