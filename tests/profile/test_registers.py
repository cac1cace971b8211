"""The registers of an officer: what is done, what it may do to people, what went wrong; nothing written over."""

import asyncio
import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from infra.erasure import Fate
from infra.identity import Role
from services.profile.consents.rules import Purpose
from services.profile.registers.rules.breaches import Facts, Whom, duties
from services.profile.registers.rules.standing import STANDING
from services.profile.registers.schemas.activities import ActivityForm
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.build import someone
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

ACTIVITY = {
    "name": "门店摄像头 Cameras",
    "purpose": "公共安全 Public safety",
    "legal_basis": "contract",
    "categories": ["visits"],
    "persons": ["到店者 Visitors"],
    "retention": "三十天 Thirty days",
    "stored_in": "门店 In the boutique",
    "started_on": "2026-01-01",
}
BREACH = {
    "title": "丢失的平板 A lost tablet",
    "found_at": "2026-06-01T08:00:00Z",
    "categories": ["name", "contact"],
    "persons": 40,
    "measures": "远程锁定 Locked from afar",
}


def assessment(*activity_ids: str, **more: Any) -> dict[str, Any]:
    """The body of an assessment that accepts going abroad."""
    return {
        "activity_ids": list(activity_ids),
        "reasons": ["abroad"],
        "necessity": "总部统计 Headquarters' figures",
        "risks": "重新识别 That somebody is recognised",
        "measures": "去标识化 Pseudonyms",
        "outcome": "accepted-with-measures",
        "reviewer": "陈律师 Counsel",
        "assessed_on": "2026-05-01",
        "next_review_on": "2027-05-01",
    } | more


@pytest.fixture
async def profile(running: Start) -> Running:
    return await running("profile", clock=lambda: NOW)


def officer(profile: Running) -> httpx.AsyncClient:
    return profile.client(someone(Role.PRIVACY))


async def entered(profile: Running, register: str, form: dict[str, Any]) -> dict[str, Any]:
    """A new entry."""
    made = await officer(profile).post(f"/v1/registers/{register}", json=form, headers=once())
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


def _tables() -> Iterator[tuple[str, str]]:
    for service in ("profile", "appointments", "feedback", "recommend"):
        for one in importlib.import_module(f"services.{service}.rights.tables").DECISIONS:
            if one.fate is not Fate.NOT_HERS:
                yield service, one.table
    for one in importlib.import_module("gateway.rights.tables").DECISIONS:
        if one.fate is not Fate.NOT_HERS:
            yield "gateway", one.table


def test_the_register_knows_every_purpose_and_every_table_of_the_house_before_anybody_wrote() -> None:
    assert {one.consent_purpose for one in STANDING if one.consent_purpose} == {one.value for one in Purpose}
    every = {table for one in STANDING for table in one.tables.get("每个数据库 every database", ())}
    said = {(service, table) for one in STANDING for service, tables in one.tables.items() for table in tables}
    assert {(service, table) for service, table in _tables() if table not in every} <= said
    assert len({one.entry_id for one in STANDING}) == len(STANDING)


async def test_what_the_software_does_stands_there_and_is_amended_without_losing_what_it_said(profile: Running) -> None:
    door, mine = officer(profile), await entered(profile, "activities", ACTIVITY)
    listed: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (
            await door.get("/v1/registers/activities", params={"limit": 4, **({"cursor": cursor} if cursor else {})})
        ).json()
        listed += page["items"]
        cursor = page["next_cursor"]
    assert [one["entry_id"] for one in listed] == [mine["entry_id"], *(str(one.entry_id) for one in reversed(STANDING))]
    reckoned = next(one for one in listed if one["activity"]["consent_purpose"] == "personalisation")
    assert (reckoned["version"], reckoned["to_assess"], reckoned["is_assessed"]) == (0, ["automated"], False)

    at = f"/v1/registers/activities/{reckoned['entry_id']}"
    form = ActivityForm.model_validate_json(_json(reckoned["activity"])).model_dump(mode="json")
    changed = form | {"retention": "两年 Two years"}
    assert (await door.put(at, json=changed)).status_code == 428
    races = await asyncio.gather(*(door.put(at, json=changed, headers={"If-Match": '"0"'}) for _ in range(3)))
    assert sorted(one.status_code for one in races) == [200, 412, 412]
    found = (await door.get(f"{at}/versions")).json()["items"]
    assert [(one["version"], one["changed_by"]) for one in found] == [(1, "privacy:1"), (0, "maison")]
    assert found[1]["activity"] == reckoned["activity"]
    again = (await door.get("/v1/registers/activities", params={"limit": 100})).json()["items"]
    assert len(again) == len(listed)


def _json(value: Any) -> str:
    return httpx.Request("POST", "http://x", json=value).content.decode()


async def test_consent_as_ground_wants_one_of_its_own_for_what_is_sensitive_shared_or_abroad(profile: Running) -> None:
    recipient = {"name": "总部", "country": "FR", "place": "processor"}
    for more in ({"categories": ["health"]}, {"recipients": [recipient]}):
        form = ACTIVITY | {"legal_basis": "consent"} | more
        refused = await officer(profile).post("/v1/registers/activities", json=form, headers=once())
        assert (refused.status_code, problem(refused)) == (409, "separate-consent-needed")
        assert (await entered(profile, "activities", form | {"separate_consent": True}))["to_assess"]
    rows = await profile.rows("select content from register_entry")
    assert not any("总部".encode() in row["content"] for row in rows)


async def test_an_assessment_covers_its_activities_until_its_review_is_overdue(profile: Running) -> None:
    recipient = {"name": "总部", "country": "FR", "place": "processor"}
    activity = await entered(profile, "activities", ACTIVITY | {"recipients": [recipient]})
    assert (activity["to_assess"], activity["is_assessed"]) == (["entrusting", "abroad"], False)
    door, at = officer(profile), f"/v1/registers/activities/{activity['entry_id']}"
    for wrong, slug in (
        (assessment(str(uuid4())), "activity-unknown"),
        (assessment(activity["entry_id"], next_review_on="2026-05-01"), "review-before-assessment"),
    ):
        answer = await door.post("/v1/registers/assessments", json=wrong, headers=once())
        assert problem(answer) == slug
    form = assessment(activity["entry_id"], reasons=["abroad", "entrusting"])
    made = await entered(profile, "assessments", form)
    assert made["holds"] is True
    assert (await door.get(at)).json()["is_assessed"] is True
    overdue = await door.put(
        f"/v1/registers/assessments/{made['entry_id']}",
        json=form | {"next_review_on": "2026-05-31"},
        headers={"If-Match": '"1"'},
    )
    assert overdue.json()["holds"] is False
    assert (await door.get(at)).json()["is_assessed"] is False


async def test_a_breach_says_who_has_to_be_told_and_what_is_late(profile: Running) -> None:
    made = await entered(profile, "breaches", BREACH)
    assert [(one["whom"], one["is_late"]) for one in made["duties"]] == [("authority", False), ("persons", False)]
    door, at = officer(profile), f"/v1/registers/breaches/{made['entry_id']}"
    early = BREACH | {"told": [{"whom": "authority", "told_at": "2026-06-01T07:00:00Z", "how": "电话"}]}
    assert problem(await door.put(at, json=early, headers={"If-Match": "*"})) == "told-before-found"
    told = BREACH | {
        "told": [{"whom": "authority", "told_at": "2026-06-01T09:00:00Z", "how": "电话"}],
        "contained": True,
    }
    amended = (await door.put(at, json=told | {"ended_on": "2026-06-01"}, headers={"If-Match": '"1"'})).json()
    assert [(one["whom"], one["told_at"]) for one in amended["duties"]] == [("authority", "2026-06-01T09:00:00Z")]
    assert amended["kept_until"] == "2029-06-01"
    ended = await door.put(at, json=told, headers={"If-Match": '"2"'})
    assert (ended.status_code, problem(ended)) == (409, "entry-ended")
    assert [one["version"] for one in (await door.get(f"{at}/versions")).json()["items"]] == [2, 1]
    headquarters = profile.client(someone(Role.HEADQUARTERS))
    assert (await headquarters.get(at)).status_code == 200
    assert (await headquarters.put(at, json=told, headers={"If-Match": "*"})).status_code == 403


def test_nobody_is_told_of_a_false_alarm_and_more_of_worse_ones() -> None:
    facts = Facts(NOW, dismissed=False, contained=False, minors=True, entrusted=True, crime_suspected=True)
    assert {one.whom for one in duties(facts, [], now=NOW)} == set(Whom)
    late = NOW + timedelta(days=4)
    assert all(one.is_late for one in duties(facts, [(whom, late) for whom in Whom], now=late))
    assert not any(one.is_late for one in duties(facts, [(whom, NOW) for whom in Whom], now=late))
    alarm = Facts(NOW, dismissed=True, contained=False, minors=True, entrusted=True, crime_suspected=True)
    assert duties(alarm, [], now=late) == []


async def test_postgresql_itself_lets_nobody_write_over_an_entry_or_take_it_away(profile: Running) -> None:
    await entered(profile, "breaches", BREACH)
    for statement in ("update register_entry set changed_by = 'x'", "delete from register_entry"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await profile.rows(statement)
