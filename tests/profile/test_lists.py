"""Lists over HTTP: who is in them, of those whom the caller may see, and how many may be written to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from infra.identity import Role
from services.profile.clients.actions import blinds
from services.profile.clients.models import days
from services.profile.clients.models.days import Day
from services.profile.clients.rules import Calendar
from services.profile.lists import queries
from services.profile.lists.rules import Criteria
from services.profile.segments import queries as segments
from services.profile.segments.queries.engagement import engagement
from tests.asking import BRAND, Clock, once, problem, tell, until
from tests.conftest import Start
from tests.profile.build import line, receipt
from tests.profile.relationship import as_role, caller, consented, owned, registered
from tests.profile.test_merging import merged, separate
from tests.running import Running

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
async def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def profile(running: Start, clock: Clock) -> Running:
    return await running("profile", clock=clock)


async def found(profile: Running, by: httpx.AsyncClient | None = None, **criteria: Any) -> set[UUID]:
    """Who meets criteria, as they are counted, kept and listed."""
    asks = by or as_role(profile)
    counted = await asks.post("/v1/lists/count", json={"criteria": criteria})
    assert counted.status_code == httpx.codes.OK, counted.text
    kept = await asks.post("/v1/lists", json={"name": "L", "criteria": criteria}, headers=once())
    assert kept.status_code == httpx.codes.CREATED, kept.text
    at = f"/v1/lists/{kept.json()['list_id']}"
    members = await listed(asks, at)
    assert len(members) == counted.json()["clients"]
    assert (await asks.get(f"{at}/count")).json() == counted.json()
    return set(members)


async def listed(asks: httpx.AsyncClient, at: str) -> list[UUID]:
    """The members of a list, page by page."""
    members: list[UUID] = []
    more: dict[str, Any] = {"limit": 2}
    while True:
        page = await asks.get(f"{at}/members", params=more)
        assert page.status_code == httpx.codes.OK, page.text
        members += [UUID(one["client_id"]) for one in page.json()["items"]]
        if page.json()["next_cursor"] is None:
            return members
        more["cursor"] = page.json()["next_cursor"]


async def people(profile: Running, count: int) -> list[UUID]:
    return [await registered(profile, till_number=f"T-{number}") for number in range(count)]


async def sold(profile: Running, number: int, amount: int, **more: Any) -> None:
    lines = more.pop("lines", None) or [line(unit_price_minor=amount)]
    body = {"receipts": [receipt(lines=lines, customer=f"T-{number}", **more)]}
    answer = await as_role(profile, Role.POS).post("/v1/purchases/batch", json=body)
    assert answer.status_code == httpx.codes.MULTI_STATUS, answer.text


async def test_criteria_are_all_met_and_of_one_any_value(profile: Running) -> None:
    a, b, c, d = await people(profile, 4)
    ring = [line(piece_code="RING-1", category="ring")]
    await sold(profile, 0, 0, lines=ring, purchased_at="2026-03-01T12:00:00+08:00")
    await sold(profile, 1, 0, lines=[line(piece_code="BAG-1", category="bag")])
    await sold(profile, 2, 0, lines=ring, purchased_at="2024-03-01T12:00:00+08:00")
    assert await found(profile) == {a, b, c, d}
    assert await found(profile, bought_categories=["ring"]) == {a, c}
    assert await found(profile, bought_categories=["ring", "bag"], bought_from="2026-01-01") == {a, b}
    assert await found(profile, bought_pieces=["RING-1"], bought_from="2026-03-01", bought_to="2026-03-01") == {a}
    assert await found(profile, bought_from="2025-01-01") == {a, b}
    wished = await as_role(profile).post(f"/v1/clients/{b}/wishes", json={"piece_code": "RING-1"}, headers=once())
    assert wished.is_success
    assert await found(profile, wished_pieces=["RING-1", "RING-2"]) == {b}
    changed = await as_role(profile).patch(f"/v1/clients/{d}", json={"language": "en"}, headers={"If-Match": "*"})
    assert changed.is_success
    assert await found(profile, languages=["en"]) == {d}
    form = {"kind": "adjust", "points": 100, "reason": "r"}
    await as_role(profile).post(f"/v1/clients/{c}/points", json=form, headers=once())
    assert await found(profile, points_at_least=100) == {c}
    assert await found(profile, points_at_least=101) == set()
    tier = await as_role(profile).post("/v1/cards/tiers", json={"name": "G", "rank": 1, "cap": 1}, headers=once())
    card = {"client_id": str(d), "tier_id": tier.json()["tier_id"]}
    assert (await as_role(profile).post("/v1/cards", json=card, headers=once())).is_success
    assert await found(profile, tiers=[tier.json()["tier_id"]], languages=["en"]) == {d}
    assert await found(profile, tiers=[tier.json()["tier_id"]], languages=["zh"]) == set()


async def test_who_came_since_and_who_did_not_and_who_looked_online(profile: Running) -> None:
    a, b, c = await people(profile, 3)
    for client_id, day in ((a, "2026-05-20"), (b, "2025-01-10")):
        fact = {"appointment_id": str(uuid4()), "client_id": str(client_id), "boutique_id": str(uuid4())}
        arrived = fact | {"advisor_id": str(uuid4()), "arrived_at": f"{day}T03:00:00Z"}
        await tell(profile, "appointments.client-arrived.v1", arrived)
    contact = {"system": "wechat", "ref": "1", "kind": "page-view", "person": {"client_id": str(c)}}
    contacts = {"touchpoints": [contact | {"occurred_at": "2026-05-25T05:00:00Z"}]}
    assert (await as_role(profile, Role.PARTNER).post("/v1/touchpoints/batch", json=contacts)).is_success
    assert await found(profile, visited_since="2026-05-20") == {a}
    assert await found(profile, visited_since="2026-05-21") == set()
    assert await found(profile, not_visited_since="2026-01-01") == {b, c}
    assert await found(profile, visited_since="2025-01-01", not_visited_since="2026-01-01") == {b}
    assert await found(profile, researched_within_days=7) == {c}
    assert await found(profile, researched_within_days=6) == set()


async def test_who_takes_part_is_found_by_the_score_that_segments_reckon(profile: Running) -> None:
    ids = await people(profile, 4)
    merged_id = await registered(profile)
    await merged(profile, str(ids[0]), str(merged_id))
    for client_id, visits, apart in ((ids[0], 2, 100), (merged_id, 3, 7), (ids[1], 1, 0), (ids[2], 15, 3)):
        for visit in range(visits):
            fact = {"appointment_id": str(uuid4()), "client_id": str(client_id), "boutique_id": str(uuid4())}
            arrived = NOW - timedelta(days=apart * (visit + 1))
            told = fact | {"advisor_id": str(uuid4())}
            await tell(profile, "appointments.client-arrived.v1", told | {"arrived_at": arrived.isoformat()})
            over = {"completed_at": (arrived + timedelta(hours=1)).isoformat()}
            await tell(profile, "appointments.visit-completed.v1", told | over)
    async with profile.kit.database.transaction(BRAND) as tx:
        setting = await segments.policy(tx)
        scores = {one: (await engagement(tx, [one], setting, date(2026, 6, 1))).score for one in ids}
    assert len(set(scores.values())) == 4
    assert scores[ids[2]] == 100
    for bound in {1, *scores.values()} - {0}:
        above = {one for one, score in scores.items() if score >= bound}
        assert await found(profile, engagement_at_least=bound) == above


async def test_what_was_spent_is_what_the_segments_reckon_and_profiling_off_is_left_out(profile: Running) -> None:
    ids = await people(profile, 5)
    await sold(profile, 0, 60_000_00, currency="USD")
    await sold(profile, 1, 1_000_00, currency="EUR", purchased_at="2025-12-31T23:30:00+08:00")
    await sold(profile, 2, 500_000, currency="JPY")
    await sold(profile, 2, 40_000_00)
    await sold(profile, 3, 60_000_00, currency="USD")
    await consented(profile, ids[3], "personalisation", granted=False)
    async with profile.kit.database.transaction(BRAND) as tx:
        setting = await segments.policy(tx)
        spent = {one: (await segments.standings(tx, [one], setting, date(2026, 6, 1)))[one].spend_minor for one in ids}
    assert len(set(spent.values())) == 4
    del spent[ids[3]]
    period: dict[str, Any] = {"spent_from": "2025-06-02", "spent_to": "2026-06-01"}
    for bound in spent.values():
        above = {one for one, minor in spent.items() if minor >= bound}
        below = {one for one, minor in spent.items() if minor <= bound}
        assert await found(profile, spent_at_least=bound, **period) == above
        assert await found(profile, spent_at_most=bound, **period) == below
        assert await found(profile, spent_at_least=bound, spent_at_most=bound, **period) == above & below

    async def reckoned() -> bool:
        return len(await profile.rows("select from client_segment where segment is not null")) == 3

    await until(reckoned)
    assert await found(profile, segments=["vic"]) == {ids[0]}
    assert await found(profile, segments=["vic", "newcomer"]) == {ids[0], ids[4]}
    assert await found(profile, segments=["newcomer"]) == {ids[4]}
    assert await found(profile, lifecycles=["active"]) == {*ids[:3]}
    assert await found(profile, lifecycles=["newcomer", "lapsed"]) == {ids[4]}
    assert await found(profile, bought_from="2025-01-01") == {*ids[:4]}


async def test_birthdays_and_other_days_are_found_by_either_calendar_without_being_opened(profile: Running) -> None:
    async def born(day: dict[str, Any]) -> UUID:
        form = {"display_name": "林晚", "birthday": day}
        made = await as_role(profile).post("/v1/clients", json=form, headers=once())
        assert made.status_code == httpx.codes.CREATED, made.text
        return UUID(made.json()["client_id"])

    today = date(2026, 6, 1)
    solar = await born({"calendar": "solar", "month": 6, "day": 11})
    lunar_day = Day(Calendar.LUNAR, 5, 5)
    lunar = await born({"calendar": "lunar", "month": 5, "day": 5, "year": 1980})
    kept_on = days.next_on(lunar_day, today)
    assert kept_on is not None
    [other] = await people(profile, 1)
    form = {"kind": "wedding-anniversary", "calendar": "solar", "month": 6, "day": 2, "label": "婚礼"}
    kept = await as_role(profile).post(f"/v1/clients/{other}/dates", json=form, headers=once())
    assert kept.is_success, kept.text
    assert await found(profile, birthday_within_days=9) == set()
    assert await found(profile, birthday_within_days=10) == {solar}
    within = (kept_on - today).days
    assert await found(profile, birthday_within_days=within) == {solar, lunar}
    assert await found(profile, birthday_months=[6]) == {solar, *([lunar] if kept_on.month == 6 else [])}
    assert await found(profile, day_within_days=1) == {other}
    assert await found(profile, day_within_days=10) == {other, solar}
    # A day without its digest is caught up on; one that is taken back is found no more.
    await profile.rows("update client set birthday_blind = null returning 1")
    await blinds.blind_all(profile.kit.database)
    assert await found(profile, birthday_within_days=10) == {solar}
    forgotten = await as_role(profile).patch(f"/v1/clients/{solar}", json={"birthday": None}, headers={"If-Match": "*"})
    assert forgotten.is_success, forgotten.text
    assert await found(profile, birthday_within_days=10) == set()


async def test_nobody_counts_whom_the_caller_may_not_see_and_naming_others_is_refused(profile: Running) -> None:
    a, b, c, d = await people(profile, 4)
    advisor_id, boutique_id = await owned(profile, a)
    colleague, _ = await owned(profile, b, boutique_id=boutique_id)
    stranger, elsewhere = await owned(profile, c)
    region = uuid4()
    opened = {"boutique_id": str(boutique_id), "region_id": str(region), "code": "SH", "boutique_type": "boutique"}
    await tell(profile, "appointments.boutique-opened.v1", opened)
    for one, where in ((advisor_id, boutique_id), (colleague, boutique_id), (stranger, elsewhere)):
        fact = {"advisor_id": str(one), "boutique_id": str(where)}
        await tell(profile, "appointments.advisor-joined.v1", fact)
    here = frozenset({boutique_id})
    advisor = as_role(profile, Role.ADVISOR, advisor_id=advisor_id, boutique_ids=here)
    manager = as_role(profile, Role.MANAGER, boutique_ids=here)
    regional = as_role(profile, Role.REGIONAL, boutique_ids=here, region_id=region)
    assert (await found(profile, advisor), await found(profile, manager)) == ({a}, {a, b})
    assert await found(profile, regional, regions=[str(region)]) == {a, b}
    assert await found(profile) == {a, b, c, d}
    assert await found(profile, regions=[str(region)]) == {a, b}
    assert await found(profile, manager, advisors=[str(colleague)]) == {b}
    assert await found(profile, advisors=[str(stranger)]) == {c}
    hidden = [
        (advisor, {"advisors": [str(colleague)]}),
        (advisor, {"boutiques": [str(elsewhere)]}),
        (manager, {"advisors": [str(stranger)]}),
        (manager, {"boutiques": [str(boutique_id), str(elsewhere)]}),
        (manager, {"regions": [str(region)]}),
    ]
    for asks, criteria in hidden:
        refused = await asks.post("/v1/lists/count", json={"criteria": criteria})
        assert (refused.status_code, problem(refused)) == (403, "list-criteria-hidden")
        assert refused.json()["criterion"] == next(iter(criteria))
    assert (await as_role(profile).get("/v1/lists")).json()["items"]
    # A list of the brand shows each her own clients.
    form = {"name": "B", "criteria": {}, "visibility": "brand"}
    kept = await as_role(profile).post("/v1/lists", json=form, headers=once())
    at = f"/v1/lists/{kept.json()['list_id']}"
    assert (await listed(advisor, at), set(await listed(as_role(profile), at))) == ([a], {a, b, c, d})
    mine = await manager.post("/v1/lists", json={"name": "M", "criteria": {}}, headers=once())
    theirs = f"/v1/lists/{mine.json()['list_id']}"
    for asks in (advisor, as_role(profile)):
        assert (await asks.get(theirs)).status_code == httpx.codes.NOT_FOUND
    assert (await advisor.delete(at)).status_code == httpx.codes.NOT_FOUND
    wide = await manager.post("/v1/lists", json=form, headers=once())
    assert (wide.status_code, problem(wide)) == (403, "list-visibility-too-wide")


async def test_who_is_restricted_erased_or_merged_is_in_no_list_and_reachable_is_who_allows_it(
    profile: Running,
) -> None:
    a, b, c, d = await people(profile, 4)
    await consented(profile, a, "marketing")
    await consented(profile, b, "marketing")
    await consented(profile, b, "marketing", granted=False)
    count = await as_role(profile).post("/v1/lists/count", json={"criteria": {}})
    assert count.json() == {"clients": 4, "reachable": 1}
    assert await found(profile, consents=["marketing", "survey"]) == {a}
    merge_id = await merged(profile, str(b), str(a))
    # Her last word counts, whichever record it was said of: she had allowed it before she refused.
    assert await found(profile) == {b, c, d}
    assert await found(profile, consents=["marketing"]) == set()
    assert (await separate(profile, str(b), merge_id)).is_success
    officer = as_role(profile, Role.PRIVACY)
    for client_id, kind in ((c, "restrict"), (d, "erase")):
        asked = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": kind}, headers=once())
        for step in ("verify", "start"):
            at = f"/v1/data-requests/{asked.json()['request_id']}/{step}"
            assert (await officer.post(at, headers={"If-Match": "*", **once()})).is_success
    assert await found(profile) == {a, b}


async def test_what_is_summed_up_is_of_those_whom_the_caller_may_see_and_of_all_their_records(profile: Running) -> None:
    a, b = await people(profile, 2)
    other = await registered(profile, till_number="T-9")
    for number, amount in ((0, 1_000_00), (9, 2_000_00), (1, 5_000_00)):
        await sold(profile, number, amount, currency="USD", purchased_at="2026-05-01T12:00:00+08:00")
    for one in (other, b):
        fact = {"appointment_id": str(uuid4()), "client_id": str(one), "boutique_id": str(uuid4())}
        arrived = fact | {"advisor_id": str(uuid4()), "arrived_at": "2026-05-31T03:00:00Z"}
        await tell(profile, "appointments.client-arrived.v1", arrived)
    await merged(profile, str(a), str(other))
    advisor_id, boutique_id = await owned(profile, a)
    await owned(profile, b)
    here = frozenset({boutique_id})
    advisor = as_role(profile, Role.ADVISOR, advisor_id=advisor_id, boutique_ids=here)
    manager = as_role(profile, Role.MANAGER, boutique_ids=here)
    both: dict[str, Any] = {"spent_at_least": 3_000_00, "engagement_at_least": 1}
    assert await found(profile, **both) == {a, b}
    assert (await found(profile, advisor, **both), await found(profile, manager, **both)) == ({a}, {a})
    assert await found(profile, advisor, spent_at_most=3_000_00) == {a}
    async with profile.kit.database.transaction(BRAND) as tx:
        # A whole house is given the time of a report.
        await queries.count(tx, Criteria(), by=caller(), now=NOW)
        assert (await tx.execute(text("show statement_timeout"))).scalar_one() == "14s"


async def test_who_switches_profiling_off_leaves_the_frozen_lists_that_reckoned_her_up(profile: Running) -> None:
    a, b = await people(profile, 2)
    hq = as_role(profile)
    places = []
    for criteria in ({"spent_at_most": 0}, {}):
        form = {"name": "L", "criteria": criteria, "is_frozen": True}
        kept = await hq.post("/v1/lists", json=form, headers=once())
        places.append(f"/v1/lists/{kept.json()['list_id']}")
        assert set(await listed(hq, places[-1])) == {a, b}
    await consented(profile, a, "personalisation", granted=False)
    assert await listed(hq, places[0]) == [b]
    assert (await hq.get(f"{places[0]}/count")).json()["clients"] == 1
    assert set(await listed(hq, places[1])) == {a, b}


async def test_a_frozen_list_stays_as_it_was_until_it_is_thawed(profile: Running) -> None:
    a, b = await people(profile, 2)
    hq = as_role(profile)
    kept = await hq.post("/v1/lists", json={"name": "L", "criteria": {}, "is_frozen": True}, headers=once())
    assert (kept.status_code, kept.json()["frozen_at"] is not None) == (201, True)
    at = f"/v1/lists/{kept.json()['list_id']}"
    c = await registered(profile)
    assert set(await listed(hq, at)) == {a, b}
    refused = await hq.patch(at, json={"criteria": {"languages": ["en"]}}, headers={"If-Match": kept.headers["ETag"]})
    assert problem(refused) == "list-frozen"
    assert problem(await hq.patch(at, json={"name": "N"}, headers={"If-Match": '"9"'})) == "stale"
    thawed = await hq.patch(at, json={"is_frozen": False, "name": "N"}, headers={"If-Match": kept.headers["ETag"]})
    assert (thawed.json()["name"], thawed.json()["frozen_at"]) == ("N", None)
    assert set(await listed(hq, at)) == {a, b, c}
    assert await profile.rows("select from list_member") == []
    async with profile.kit.database.transaction(BRAND) as tx:
        by, list_id = caller(), UUID(kept.json()["list_id"])
        assert await queries.members(tx, list_id, by=by, now=NOW, after=min(a, b, c), limit=1)
        assert (await queries.count(tx, Criteria(), by=by, now=NOW)).clients == 3
    assert (await hq.delete(at)).status_code == httpx.codes.NO_CONTENT
    assert (await hq.get(at)).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("criteria", "slug"),
    [
        ({"zodiac": "rat"}, "malformed"),
        ({"sensitive_items": ["allergy"]}, "malformed"),
        ({"segments": ["gold"]}, "malformed"),
        ({"spent_at_least": 5, "spent_at_most": 4}, "list-criteria-contradict"),
        ({"spent_from": "2026-01-01"}, "list-criterion-incomplete"),
        ({"bought_from": "2026-02-01", "bought_to": "2026-01-01"}, "list-criteria-contradict"),
    ],
)
async def test_criteria_that_say_nothing_are_refused_and_nothing_is_kept(
    profile: Running, criteria: dict[str, Any], slug: str
) -> None:
    for at, form in (("/v1/lists/count", {}), ("/v1/lists", {"name": "L"})):
        answer = await as_role(profile).post(at, json={**form, "criteria": criteria}, headers=once())
        assert problem(answer) == slug
    assert await profile.rows("select from saved_list") == []
