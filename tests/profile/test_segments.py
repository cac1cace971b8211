"""Segments over HTTP: receipts in, facts out, and the brand's policy."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest

from infra.identity import Role
from services.profile.segments import actions
from tests.asking import BRAND, Clock, once, until
from tests.conftest import Start
from tests.profile.relationship import as_role, as_service, bought, registered
from tests.running import Running

CHANGED = "profile.segment-changed.v1"


@pytest.fixture
async def profile(running: Start) -> Running:
    return await running("profile")


def policy(**changed: Any) -> dict[str, Any]:
    return {
        "currency": "USD",
        "zone": "Asia/Shanghai",
        "vic_minor": 50_000_00,
        "core_minor": 5_000_00,
        "potential_minor": 1_000_00,
        "rates": [],
    } | changed


async def changes(profile: Running, client_id: UUID) -> list[tuple[str | None, str]]:
    told = await profile.facts(CHANGED)
    return [
        (fact["data"]["before"], fact["data"]["segment"])
        for fact in told
        if fact["data"]["client_id"] == str(client_id)
    ]


async def told(profile: Running, client_id: UUID, *expected: tuple[str | None, str]) -> None:
    """Wait until exactly these changes of hers were announced."""

    async def so() -> bool:
        return await changes(profile, client_id) == list(expected)

    await until(so)


async def segment(profile: Running, client_id: UUID, as_of: str | None = None) -> dict[str, Any]:
    params = {"as_of": as_of} if as_of else {}
    answer = await as_service(profile).get(f"/v1/clients/{client_id}/segment", params=params)
    assert answer.status_code == httpx.codes.OK, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_purchases_raise_her_segment_and_a_return_lowers_it_again(profile: Running) -> None:
    client_id = await registered(profile, till_number="T-a")
    await bought(profile, "T-a", 2_000_00)
    await told(profile, client_id, (None, "potential"))
    await bought(profile, "T-a", 4_000_00)
    await told(profile, client_id, (None, "potential"), ("potential", "core"))
    await bought(profile, "T-a", -4_000_00)
    await told(profile, client_id, (None, "potential"), ("potential", "core"), ("core", "potential"))
    seen = await segment(profile, client_id)
    assert (seen["segment"], seen["spend_minor"], seen["receipts"]) == ("potential", 2_000_00, 3)


async def test_a_purchase_that_changes_nothing_announces_nothing(profile: Running) -> None:
    first, second = await registered(profile, till_number="T-a"), await registered(profile, till_number="T-b")
    await bought(profile, "T-a", 10_00)
    await bought(profile, "T-a", 10_00)
    await bought(profile, "T-b", 10_00)
    # Facts are taken in order: when the second client's is there, all of the first one's are.
    await told(profile, second, (None, "occasional"))
    await told(profile, first, (None, "occasional"))


async def test_a_segment_of_the_past_is_reckoned_from_the_receipts_of_its_twelve_months(profile: Running) -> None:
    client_id = await registered(profile, till_number="T-a")
    await bought(profile, "T-a", 60_000_00, ago=timedelta(days=4_000))
    then = (datetime.now(UTC) - timedelta(days=3_990)).date().isoformat()
    before = (datetime.now(UTC) - timedelta(days=4_010)).date().isoformat()
    assert (await segment(profile, client_id, then))["segment"] == "vic"
    assert (await segment(profile, client_id, before))["segment"] == "newcomer"
    assert (await segment(profile, client_id))["segment"] == "occasional"
    await told(profile, client_id, (None, "occasional"))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "soon"])
async def test_an_absurd_day_is_refused(profile: Running, day: str) -> None:
    client_id = await registered(profile)
    answer = await as_service(profile).get(f"/v1/clients/{client_id}/segment", params={"as_of": day})
    assert answer.status_code in {400, 422}


async def test_after_a_merge_the_receipts_of_both_count_for_the_surviving_record(profile: Running) -> None:
    # The till knows her by her phone; the newcomer from WeChat turns out to be she.
    form = {
        "display_name": "Li Na",
        "phone": "13800138000",
        "pos_ids": [{"system": "till", "value": "T-old"}],
    }
    made = await as_role(profile).post("/v1/clients", json=form, headers=once())
    known = UUID(made.json()["client_id"])
    await bought(profile, "T-old", 6_000_00)
    await told(profile, known, (None, "core"))
    gateway = as_service(profile, "gateway")
    seen = await gateway.post("/v1/clients/recognise", json={"appid": "wx1", "openid": "o-1"})
    newcomer = UUID(seen.json()["client_id"])
    joined = await gateway.post(
        f"/v1/clients/{newcomer}/identities", json={"kind": "phone", "value": "+8613800138000", "source": "wechat"}
    )
    assert joined.json() == {"client_id": str(known), "merged": True}
    assert (await segment(profile, newcomer))["segment"] == "core"
    await bought(profile, "T-old", 50_000_00)
    await told(profile, known, (None, "core"), ("core", "vic"))
    assert await changes(profile, newcomer) == []


async def test_time_alone_lowers_a_segment_once_the_purchase_has_left_the_twelve_months(running: Start) -> None:
    clock = Clock(datetime.now(UTC))
    profile = await running("profile", clock=clock)
    client_id = await registered(profile, till_number="T-a")
    await bought(profile, "T-a", 6_000_00)
    await told(profile, client_id, (None, "core"))
    assert await actions.review_due(profile.kit.database, now=clock() + timedelta(days=353)) == 0
    assert await actions.review_due(profile.kit.database, now=clock() + timedelta(days=357)) == 1
    assert await actions.review_due(profile.kit.database, now=clock() + timedelta(days=357)) == 0
    await told(profile, client_id, (None, "core"), ("core", "occasional"))


async def test_what_is_reckoned_on_a_fact_goes_by_the_services_clock(running: Start) -> None:
    clock = Clock(datetime.now(UTC) + timedelta(days=400))
    profile = await running("profile", clock=clock)
    client_id = await registered(profile, till_number="T-a")
    await bought(profile, "T-a", 6_000_00)
    await told(profile, client_id, (None, "occasional"))
    [fact] = await profile.facts(CHANGED)
    assert fact["data"]["as_of"] == clock().astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()


async def test_headquarters_sets_thresholds_and_rates_and_everybody_is_reckoned_anew(profile: Running) -> None:
    client_id = await registered(profile, till_number="T-a")
    await bought(profile, "T-a", 100_000_00, currency="CNY")
    await told(profile, client_id, (None, "core"))
    headquarters = as_role(profile)
    default = await headquarters.get("/v1/segment-policy")
    assert (default.json(), default.headers["ETag"]) == (policy(), '"0"')
    wanted = policy(
        currency="CNY",
        vic_minor=90_000_00,
        core_minor=30_000_00,
        potential_minor=5_000_00,
        rates=[{"currency": "CNY", "effective_on": "2025-01-01", "rate": "0.1400000000"}],
    )
    put = await headquarters.put("/v1/segment-policy", json=wanted, headers={"If-Match": '"0"'})
    assert (put.status_code, put.json(), put.headers["ETag"]) == (200, wanted, '"1"')
    assert (await segment(profile, client_id))["segment"] == "vic"

    async def reviewed() -> bool:
        await actions.review_due(profile.kit.database, now=datetime.now(UTC))
        return await changes(profile, client_id) == [(None, "core"), ("core", "vic")]

    await until(reviewed)


async def test_a_policy_someone_else_has_changed_is_not_overwritten(profile: Running) -> None:
    headquarters = as_role(profile)
    assert (await headquarters.put("/v1/segment-policy", json=policy())).status_code == 428
    first = await headquarters.put("/v1/segment-policy", json=policy(), headers={"If-Match": '"0"'})
    late = await headquarters.put("/v1/segment-policy", json=policy(), headers={"If-Match": '"0"'})
    assert (first.status_code, late.status_code) == (200, 412)


@pytest.mark.parametrize(
    ("changed", "status", "slug"),
    [
        ({"vic_minor": 1}, 400, "thresholds-out-of-order"),
        ({"currency": "XAF"}, 400, "currency-without-rate"),
        ({"zone": "Mars/Base"}, 422, "malformed"),
        ({"potential_minor": 0}, 422, "malformed"),
        ({"rates": [{"currency": "USD", "effective_on": "2025-01-01", "rate": "1"}]}, 422, "malformed"),
        ({"rates": [{"currency": "CNY", "effective_on": "2025-01-01", "rate": "0"}]}, 422, "malformed"),
        ({"rates": [{"currency": "CNY", "effective_on": "0001-01-01", "rate": "1"}]}, 422, "malformed"),
        ({"rates": [{"currency": "CNY", "effective_on": "2025-01-01", "rate": "NaN"}]}, 422, "malformed"),
    ],
)
async def test_a_policy_that_means_nothing_is_refused(
    profile: Running, changed: dict[str, Any], status: int, slug: str
) -> None:
    headers = {"If-Match": '"0"'}
    answer = await as_role(profile).put("/v1/segment-policy", json=policy(**changed), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:maison:problem:{slug}")
    assert (await as_role(profile).get("/v1/segment-policy")).headers["ETag"] == '"0"'


async def test_the_policy_is_headquarters_alone(profile: Running) -> None:
    for role in (Role.ADVISOR, Role.MANAGER, Role.CLIENT, Role.POS):
        assert (await as_role(profile, role).get("/v1/segment-policy")).status_code == 403


async def test_one_brand_does_not_see_anothers_policy_or_purchases(profile: Running) -> None:
    client_id = await registered(profile, till_number="T-same")
    other = await registered(profile, till_number="T-same", brand_id="aurore")
    await bought(profile, "T-same", 6_000_00)
    await bought(profile, "T-same", 10_00, brand_id="aurore")
    await told(profile, client_id, (None, "core"))
    await told(profile, other, (None, "occasional"))
    await as_role(profile).put("/v1/segment-policy", json=policy(vic_minor=6_000_00), headers={"If-Match": "*"})
    theirs = await as_role(profile, brand_id="aurore").get("/v1/segment-policy")
    assert theirs.json()["vic_minor"] == 50_000_00
    rows = await profile.rows("select brand_id from segment_policy")
    assert rows == [{"brand_id": BRAND}]
