"""The directory over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from infra.identity import Role
from infra.ids import new_id
from tests.appointments import build
from tests.appointments.build import ask, post, staff
from tests.asking import problem
from tests.conftest import Start


async def test_a_boutique_opens_with_its_hours_and_is_announced(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    made = await build.boutique(http, code="SH-1", zone="Asia/Shanghai", boutique_type="flagship")
    hours = await http.get(f"/v1/boutiques/{made['boutique_id']}/hours")
    assert hours.json()["weekly"][0] == {"weekday": 1, "starts": "10:00", "ends": "20:00"}
    assert await service.facts() == [
        {
            "type": "appointments.boutique-opened.v1",
            "data": {
                "boutique_id": made["boutique_id"],
                "region_id": made["region_id"],
                "code": "SH-1",
                "boutique_type": "flagship",
                "zone": "Asia/Shanghai",
                "name_zh": "恒隆",
                "name_en": "Plaza 66",
            },
        }
    ]


async def test_an_advisor_joins_under_the_id_she_has_elsewhere_and_only_once(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    place = await build.boutique(http)
    advisor_id = str(new_id())
    made = await build.advisor(http, place["boutique_id"], advisor_id=advisor_id, skills=["high-jewellery"])
    assert made["advisor_id"] == advisor_id
    assert (await service.facts("appointments.advisor-joined.v1"))[0]["data"] == {
        "advisor_id": advisor_id,
        "boutique_id": place["boutique_id"],
        "region_id": place["region_id"],
    }
    form = {"display_name": "再来", "advisor_id": advisor_id}
    again = await ask(http, f"/v1/boutiques/{place['boutique_id']}/advisors", form)
    assert problem(again) == "advisor-known"


async def test_codes_are_used_once_in_a_brand_and_again_in_another(running: Start) -> None:
    service = await running("appointments")
    form = {"code": "EAST", "name_zh": "华东", "name_en": "East"}
    await post(service.client(build.headquarters()), "/v1/regions", form)
    refused = await ask(service.client(build.headquarters()), "/v1/regions", form)
    assert problem(refused) == "directory-code-in-use"
    await post(service.client(build.headquarters("aurore")), "/v1/regions", form)


async def test_lists_are_pages_and_stay_within_the_brand(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    codes = [f"C{number}" for number in range(5)]
    for code in codes:
        await build.experience(http, code=code)
    found, cursor = [], None
    while True:
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/v1/experiences", params=params)).json()
        found += [one["code"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == codes
    other = service.client(build.headquarters("aurore"))
    assert (await other.get("/v1/experiences")).json()["items"] == []


async def test_boutiques_can_be_asked_for_by_region(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    one, _ = await build.boutique(http), await build.boutique(http)
    found = (await http.get("/v1/boutiques", params={"region_id": one["region_id"]})).json()["items"]
    assert [boutique["boutique_id"] for boutique in found] == [one["boutique_id"]]


async def test_a_change_must_start_from_the_version_that_was_read(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    path = f"/v1/boutiques/{(await build.boutique(http))['boutique_id']}"
    etag = (await http.get(path)).headers["ETag"]
    assert (await http.patch(path, json={"name_en": "New"})).status_code == 428
    changed = await http.patch(path, json={"name_en": "New"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["name_en"], changed.json()["name_zh"]) == (200, "New", "恒隆")
    assert (await http.patch(path, json={"name_en": "Late"}, headers={"If-Match": etag})).status_code == 412
    nulled = await http.patch(path, json={"name_en": None}, headers={"If-Match": "*"})
    assert nulled.status_code == 422


async def test_an_experience_changes_by_what_is_named_only(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    made = await build.experience(http, skill="high-jewellery")
    path = f"/v1/experiences/{made['experience_id']}"
    changed = await http.patch(path, json={"skill": None, "notice_minutes": 5}, headers={"If-Match": '"1"'})
    assert changed.json() == {**made, "skill": None, "notice_minutes": 5, "version": 2}
    assert changed.headers["ETag"] == (await http.get(path)).headers["ETag"] == '"2"'


async def test_hours_and_shifts_are_replaced_as_a_whole(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    place = await build.boutique(http)
    advisor = await build.advisor(http, place["boutique_id"])
    timetable: dict[str, Any] = {
        "weekly": [{"weekday": 6, "starts": "20:00", "ends": "24:00"}],
        "dated": [
            {"on": "2030-02-03", "stretches": []},
            {
                "on": "2030-10-01",
                "stretches": [{"starts": "09:00", "ends": "12:00"}, {"starts": "13:00", "ends": "18:00"}],
            },
        ],
    }
    timetable["breaks"] = [
        {"weekday": 6, "on": None, "starts": "21:00", "ends": "21:30"},
        {"weekday": None, "on": "2030-10-01", "starts": "15:00", "ends": "15:15"},
    ]
    for path in (f"/v1/boutiques/{place['boutique_id']}/hours", f"/v1/advisors/{advisor['advisor_id']}/shifts"):
        assert (await http.put(path, json=timetable)).status_code == 428
        changed = await http.put(path, json=timetable, headers={"If-Match": '"1"'})
        assert changed.json() == {**timetable, "version": 2} == (await http.get(path)).json()
        assert (await http.put(path, json=timetable, headers={"If-Match": '"1"'})).status_code == 412


async def test_managers_work_in_their_own_boutique_and_do_not_find_others(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    own, other = await build.boutique(http), await build.boutique(http)
    manager = service.client(staff(Role.MANAGER, own["boutique_id"]))
    await build.room(manager, own["boutique_id"])
    stranger = await build.advisor(http, other["boutique_id"])
    form = {"name_zh": "厅", "name_en": "Room", "capacity": 2}
    assert problem(await ask(manager, f"/v1/boutiques/{other['boutique_id']}/rooms", form)) == "not-found"
    assert (await manager.get(f"/v1/advisors/{stranger['advisor_id']}/shifts")).status_code == 404
    hours = await manager.put(f"/v1/boutiques/{other['boutique_id']}/hours", json={}, headers={"If-Match": "*"})
    assert hours.status_code == 404


@pytest.mark.parametrize("role", [Role.CLIENT, Role.ADVISOR, Role.POS, Role.MANAGER])
async def test_only_headquarters_opens_boutiques(running: Start, role: Role) -> None:
    service = await running("appointments")
    answer = await service.client(staff(role)).post("/v1/boutiques", content=b"not even JSON")
    assert answer.status_code == 403


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("/v1/regions", {"code": "no spaces", "name_zh": "一", "name_en": "One"}),
    ("/v1/regions", {"code": "OK", "name_zh": "", "name_en": "One"}),
    ("/v1/regions", {"code": "OK", "name_zh": "一", "name_en": "x" * 201}),
    ("/v1/regions", {"code": "OK", "name_zh": "一", "name_en": "One", "extra": 1}),
    ("/v1/boutiques", {"zone": "Mars/Olympus"}),
    ("/v1/boutiques", {"zone": "../etc/passwd"}),
    ("/v1/boutiques", {"zone": "localtime"}),
    ("/v1/boutiques", {"boutique_type": "castle"}),
    ("/v1/boutiques", {"hours": {"weekly": [{"weekday": 0, "starts": "10:00", "ends": "11:00"}]}}),
    ("/v1/boutiques", {"hours": {"weekly": [{"weekday": 1, "starts": "24:00", "ends": "24:00"}]}}),
    ("/v1/boutiques", {"hours": {"weekly": [{"weekday": 1, "starts": "11:00", "ends": "10:00"}]}}),
    ("/v1/boutiques", {"hours": {"weekly": [{"weekday": 1, "starts": "10:00", "ends": "12:00"}] * 2}}),
    ("/v1/boutiques", {"hours": {"dated": [{"on": "9999-12-31", "stretches": []}]}}),
    ("/v1/boutiques", {"hours": {"dated": [{"on": "2030-01-01", "stretches": []}] * 2}}),
    ("/v1/experiences", {"granularity_minutes": 7}),
    ("/v1/experiences", {"duration_minutes": 0}),
    ("/v1/experiences", {"duration_minutes": 10**30}),
    ("/v1/experiences", {"skill": "x\u0000y"}),
]


async def test_what_is_not_in_the_documented_form_is_malformed(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    names = {"name_zh": "一", "name_en": "One", "code": "C"}
    for path, body in WRONG:
        given = {"region_id": str(new_id()), **names, **body} if path == "/v1/boutiques" else {**names, **body}
        assert problem(await ask(http, path, given)) == "malformed", body


async def test_made_up_cursors_and_unknown_ids_are_refused_not_faults(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    place = await build.boutique(http)
    for path in ("/v1/regions", "/v1/boutiques", "/v1/experiences", f"/v1/boutiques/{place['boutique_id']}/rooms"):
        assert (await http.get(path, params={"cursor": "bm90LWEtY3Vyc29y"})).status_code == 400
    absent = UUID(int=7)
    for path in (f"/v1/boutiques/{absent}", f"/v1/boutiques/{absent}/rooms", f"/v1/experiences/{absent}"):
        assert (await http.get(path)).status_code == 404
    form = {"region_id": str(absent), "code": "X", "name_zh": "一", "name_en": "O"}
    assert problem(await ask(http, "/v1/boutiques", form)) == "not-found"
