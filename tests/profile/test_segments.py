"""Segments over HTTP: receipts in, facts out, and the brand's policy."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from infra.identity import Role
from services.profile.segments import actions, queries, rules
from tests.asking import BRAND, Clock, once, tell, until
from tests.conftest import Start
from tests.profile.relationship import as_role, as_service, bought, registered, restricted
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
        "grace_days": 30,
        "lapsing_days": 240,
        "lapsed_days": 365,
        "back_days": 90,
        "half_life_days": 90,
        "visit_points": 10,
        "hour_points": 10,
        "enquiry_points": 5,
        "share_points": 5,
        "answer_points": 8,
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


async def test_while_her_data_is_restricted_nothing_is_reckoned_and_afterwards_all_at_once(profile: Running) -> None:
    hers, other = await registered(profile, till_number="T-a"), await registered(profile, till_number="T-b")
    await bought(profile, "T-a", 2_000_00)
    await told(profile, hers, (None, "potential"))
    await restricted(profile, hers)
    await bought(profile, "T-a", 60_000_00)
    await bought(profile, "T-b", 10_00)
    await told(profile, other, (None, "occasional"))
    assert await changes(profile, hers) == [(None, "potential")]
    assert await profile.rows("select from client_segment where client_id = $1 and review_on is null", hers)
    lifted = await as_role(profile, Role.PRIVACY).delete(f"/v1/clients/{hers}/restriction")
    assert lifted.is_success, lifted.text
    await told(profile, hers, (None, "potential"), ("potential", "vic"))


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


async def test_time_alone_lowers_a_segment_when_the_grace_after_the_twelve_months_is_over(running: Start) -> None:
    clock = Clock(datetime.now(UTC))
    profile = await running("profile", clock=clock)
    client_id = await registered(profile, till_number="T-a")
    await bought(profile, "T-a", 6_000_00)
    await told(profile, client_id, (None, "core"))

    async def reviewed(days: int) -> int:
        return await actions.review_due(profile.kit.database, now=clock() + timedelta(days=days))

    # Bought ten days ago: lapsing from day 231 on, out of the twelve months on day 356 at the latest, kept till 386.
    assert await reviewed(229) == 0
    assert await reviewed(233) == 1
    assert await reviewed(357) == 1
    assert await reviewed(383) == 0
    await told(profile, client_id, (None, "core"))
    assert await reviewed(388) == 1
    assert await reviewed(388) == 0
    await told(profile, client_id, (None, "core"), ("core", "occasional"))
    stages = [fact["data"]["lifecycle"] for fact in await profile.facts("profile.lifecycle-changed.v1")]
    assert stages == ["active", "lapsing", "lapsed"]


async def test_what_time_took_is_kept_for_the_grace_and_the_answer_says_until_when_and_why(profile: Running) -> None:
    client_id = await registered(profile, till_number="T-a")
    await bought(profile, "T-a", 6_000_00, ago=timedelta(days=380))
    bought_on = (datetime.now(UTC) - timedelta(days=380)).astimezone(ZoneInfo("Asia/Shanghai")).date()
    had_on = rules.leaves_on(bought_on) - timedelta(days=1)
    seen = await segment(profile, client_id)
    assert (seen["segment"], seen["reckoned"], seen["spend_minor"]) == ("core", "occasional", 0)
    until = had_on + timedelta(days=30)
    assert seen["kept"] == {"had_on": had_on.isoformat(), "spend_minor": 6_000_00, "until": until.isoformat()}
    later = await segment(profile, client_id, (until + timedelta(days=1)).isoformat())
    assert (later["segment"], later["kept"], later["lifecycle"]) == ("occasional", None, "lapsed")


async def test_she_is_back_when_she_buys_after_having_lapsed(profile: Running) -> None:
    client_id = await registered(profile, till_number="T-a")
    fresh = await segment(profile, client_id)
    assert (fresh["lifecycle"], fresh["segment"], fresh["received_as"]) == ("newcomer", "newcomer", "vic")
    await bought(profile, "T-a", 100_00, ago=timedelta(days=900))
    await bought(profile, "T-a", 100_00, ago=timedelta(days=10))
    seen = await segment(profile, client_id)
    assert (seen["lifecycle"], seen["received_as"]) == ("back", "occasional")
    day = (datetime.now(UTC) - timedelta(days=100)).date().isoformat()
    assert (await segment(profile, client_id, day))["lifecycle"] == "lapsed"
    async with profile.kit.database.transaction(BRAND) as tx:
        other = uuid4()
        assert await queries.lifecycles(tx, [other]) == {other: rules.Lifecycle.NEWCOMER}


async def test_engagement_is_what_she_does_besides_buying_and_its_parts_are_shown(profile: Running) -> None:
    client_id = await registered(profile)
    now = datetime.now(UTC)
    contacts = [("door", 0), ("door", 0), ("door", 90), ("call", 0), ("share", 180), ("page-view", 0)]
    form = {
        "touchpoints": [
            {
                "system": "wechat",
                "ref": f"c{number}",
                "kind": kind,
                "person": {"client_id": str(client_id)},
                "occurred_at": (now - timedelta(days=ago)).isoformat(),
            }
            for number, (kind, ago) in enumerate(contacts)
        ]
    }
    assert (await as_role(profile).post("/v1/touchpoints/batch", json=form)).json()["created"] == len(contacts)
    visit = {"appointment_id": str(uuid4()), "client_id": str(client_id), "boutique_id": str(uuid4())}
    visit["advisor_id"] = str(uuid4())
    left = (now - timedelta(days=900)).replace(hour=6)  # two in the afternoon, in Shanghai
    arrived = left - timedelta(hours=2)
    await tell(profile, "appointments.client-arrived.v1", visit | {"arrived_at": arrived.isoformat()})
    await tell(profile, "appointments.visit-completed.v1", visit | {"completed_at": left.isoformat()})
    # Two visits (twice through the door on one day is one), the older worth half; a call; a share of two half-lives.
    assert (await segment(profile, client_id))["engagement"] == {
        "score": 21,
        "parts": [
            {"part": "visits", "amount": 2.0, "points": 15.0},
            {"part": "enquiries", "amount": 1.0, "points": 5.0},
            {"part": "shares", "amount": 1.0, "points": 1.2},
        ],
    }
    then = (await segment(profile, client_id, left.date().isoformat()))["engagement"]["parts"]
    assert {part["part"]: part["amount"] for part in then} == {"visits": 1.0, "time-in-store": 2.0}


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


async def test_a_policy_without_the_newer_settings_has_them_as_delivered(profile: Running) -> None:
    newer = ("_days", "_points", "rates")
    older = {name: value for name, value in policy().items() if not name.endswith(newer)}
    put = await as_role(profile).put("/v1/segment-policy", json=older, headers={"If-Match": '"0"'})
    assert (put.status_code, put.json()) == (200, policy())


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
        ({"lapsing_days": 365}, 400, "lifecycle-out-of-order"),
        ({"grace_days": 367}, 422, "malformed"),
        ({"grace_days": -1}, 422, "malformed"),
        ({"half_life_days": 0}, 422, "malformed"),
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
