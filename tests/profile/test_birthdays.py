"""Her birthday and the other days that matter to her, over HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from infra.identity import Role
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.build import client_of, gave_phone, names, own, phone, recognised, registered, someone
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LUNAR = {"calendar": "lunar", "year": 1987, "month": 6, "day": 1, "leap_month": True}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"month": 2, "day": 30}, "no-such-day"),
    ({"month": 2, "day": 29, "year": 2001}, "no-such-day"),
    ({"calendar": "lunar", "month": 12, "day": 30, "year": 2025}, "no-such-day"),
    ({"calendar": "lunar", "month": 6, "day": 1, "year": 2024, "leap_month": True}, "no-such-day"),
    ({"month": 6, "day": 1, "leap_month": True}, "no-such-day"),
    ({"month": 6, "day": 3, "year": 2026}, "day-ahead"),
    ({"month": 13, "day": 1}, "malformed"),
    ({"month": 1, "day": 1, "year": 1899}, "malformed"),
    ({"calendar": "julian", "month": 1, "day": 1}, "malformed"),
    ({"month": 1}, "malformed"),
]


async def _birthday(profile: Running, client_id: str) -> Any:
    return (await profile.client(someone()).get(f"/v1/clients/{client_id}")).json()["birthday"]


async def test_a_lunar_birthday_is_kept_sealed_and_comes_in_the_ordinary_month(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile, birthday=LUNAR)
    assert await _birthday(profile, client_id) == LUNAR | {"next_on": "2026-07-14"}
    [row] = await profile.rows("select birthday from client")
    assert b"1987" not in row["birthday"]


async def test_she_sees_and_corrects_her_own_birthday_language_and_salutation(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await recognised(profile, "o-1")
    mine = profile.client(client_of(client_id))
    tag = (await mine.get("/v1/me")).headers["ETag"]
    form = {"birthday": {"month": 5, "day": 20}, "language": "en", "salutation": "Ms"}
    changed = await mine.patch("/v1/me", json=form, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    told = {name: changed.json()[name] for name in form}
    assert told == form | {
        "birthday": {
            "calendar": "solar",
            "year": None,
            "month": 5,
            "day": 20,
            "leap_month": False,
            "next_on": "2027-05-20",
        }
    }
    assert (await mine.patch("/v1/me", json=form, headers={"If-Match": tag})).status_code == 412
    taken = await mine.patch("/v1/me", json={"birthday": None}, headers={"If-Match": changed.headers["ETag"]})
    assert taken.json()["birthday"] is None
    assert taken.json()["language"] == "en"


async def test_a_merged_record_lends_her_birthday_until_she_takes_it_back(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    value = phone()
    older = await registered(profile, phone=value)
    newer = await recognised(profile, "o-1")
    tag = {"If-Match": "*"}
    await profile.client(client_of(newer)).patch("/v1/me", json={"birthday": LUNAR}, headers=tag)
    assert (await gave_phone(profile, newer, value)).json() == {"client_id": older, "merged": True}
    assert (await _birthday(profile, newer))["month"] == 6
    mine = profile.client(client_of(older))
    own_word = await mine.patch("/v1/me", json={"birthday": {"month": 5, "day": 20}}, headers=tag)
    assert own_word.json()["birthday"]["month"] == 5
    await mine.patch("/v1/me", json={"birthday": None}, headers=tag)
    assert await _birthday(profile, older) is None


@pytest.mark.parametrize(("day", "slug"), WRONG)
async def test_an_impossible_day_is_refused_and_nothing_is_half_written(
    running: Start, day: dict[str, Any], slug: str
) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    door = profile.client(someone())
    asked = [
        door.post("/v1/clients", json=names(birthday=day), headers=once()),
        door.patch(f"/v1/clients/{client_id}", json={"language": "en", "birthday": day}, headers={"If-Match": "*"}),
        profile.client(client_of(client_id)).patch("/v1/me", json={"birthday": day}, headers={"If-Match": "*"}),
        door.post(f"/v1/clients/{client_id}/dates", json={"kind": "other", **day}, headers=once()),
    ]
    for one in asked:
        answer = await one
        assert (answer.status_code, problem(answer)) == (422, slug)
    assert await profile.rows("select language, birthday, version from client") == [
        {"language": "zh", "birthday": None, "version": 1}
    ]
    assert await profile.rows("select from client_date") == []


async def test_days_that_matter_are_kept_with_their_label_and_forgotten(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile, birthday={"month": 6, "day": 1})
    await own(profile, client_id)
    door, at = profile.client(someone(Role.CLIENT_SERVICE)), f"/v1/clients/{client_id}/dates"
    form = {"kind": "child-birthday", "label": "女儿小满", "calendar": "lunar", "month": 8, "day": 15}
    kept = await door.post(at, json=form, headers=once())
    assert kept.status_code == 201, kept.text
    assert (kept.json()["label"], kept.json()["next_on"], kept.json()["noted_by"]) == (
        "女儿小满",
        "2026-09-25",
        "client-service:1",
    )
    listed = (await door.get(at)).json()
    assert listed["birthday"]["next_on"] == "2026-06-01"
    assert listed["items"] == [kept.json()]
    [row] = await profile.rows("select day, label from client_date")
    assert "小满".encode() not in row["label"]
    assert b"lunar" not in row["day"]
    unknown = await door.post(at, json=form | {"kind": "name-day"}, headers=once())
    assert (unknown.status_code, problem(unknown)) == (422, "malformed")
    assert (await door.delete(f"{at}/{uuid4()}")).status_code == 404
    other = await registered(profile)
    assert (await door.delete(f"/v1/clients/{other}/dates/{kept.json()['date_id']}")).status_code == 404
    assert (await door.delete(f"{at}/{kept.json()['date_id']}")).status_code == 204
    assert (await door.get(at)).json()["items"] == []
