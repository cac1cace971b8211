"""What experiences ask for, and to whom they are open: skills, languages, rooms, a second advisor, segments, guests."""

from datetime import timedelta
from typing import Any

import pytest

from infra.identity import Caller, Role
from infra.ids import new_id
from infra.retention.sweeping import sweep
from services.appointments.rights.tables.periods import PERIODS
from tests.appointments import build
from tests.appointments.build import House, ask, at, client, house, said, staff
from tests.asking import problem, tell
from tests.conftest import Start


async def segment(place: House, her: Caller, name: str) -> None:
    """Have profile tell that she is in this segment."""
    data = {"client_id": str(her.client_id), "before": None, "segment": name, "as_of": "2030-01-07"}
    await tell(place.running, "profile.segment-changed.v1", data, about=f"client:{her.client_id}")


async def seen(place: House, caller: Caller, **given: Any) -> Any:
    """What somebody who looks for a time is answered."""
    params = {
        "boutique_id": place.boutique_id,
        "experience_id": place.experience["experience_id"],
        "from": at("2030-01-08 00:00").isoformat(),
        "to": at("2030-01-09 00:00").isoformat(),
        **given,
    }
    return await place.by(caller).get("/v1/availability", params=params)


async def change(place: House, **changes: Any) -> dict[str, Any]:
    path = f"/v1/experiences/{place.experience['experience_id']}"
    return said(await place.by(build.headquarters()).patch(path, json=changes, headers={"If-Match": "*"}))


async def test_an_experience_for_segments_is_open_to_whoever_is_in_one_and_never_says_which(running: Start) -> None:
    place = await house(running, audience="segment", open_to_segments=["vic", "core"])
    vic, other, newcomer = client(), client(), client()
    await segment(place, vic, "potential")
    await segment(place, vic, "vic")
    await segment(place, other, "occasional")
    assert len(await place.free(vic)) == 19
    for her in (other, newcomer):
        refused = await seen(place, her)
        assert problem(refused) == "experience-not-open"
        assert not any(word in refused.text for word in ("vic", "core", "segment", "occasional"))
    # The house books it for anybody.
    assert len(await place.free(staff(Role.MANAGER, place.boutique_id))) == 19


async def test_clients_see_what_is_theirs_to_book_and_not_for_whom_it_is(running: Start) -> None:
    place = await house(running)
    hq = place.by(build.headquarters())
    private = await build.experience(hq, audience="segment", open_to_segments=["vic"], questions=[QUESTION])
    invited = await build.experience(hq, audience="invitation")
    her = client()
    http = place.by(her)
    plain = place.experience["experience_id"]

    async def mine() -> set[str]:
        return {one["experience_id"] for one in said(await http.get("/v1/me/experiences"))["items"]}

    assert await mine() == {plain}
    await segment(place, her, "vic")
    assert await mine() == {plain, private["experience_id"]}
    path = f"/v1/experiences/{invited['experience_id']}/guests/{her.client_id}"
    for _ in range(2):
        assert (await place.manager().put(path)).status_code == 204
    assert await mine() == {plain, private["experience_id"], invited["experience_id"]}
    listed = said(await place.manager().get(f"/v1/experiences/{invited['experience_id']}/guests"))
    assert [one["client_id"] for one in listed["items"]] == [str(her.client_id)]
    # The common list holds what is for everyone; and nothing that she reads names a segment.
    assert {one["experience_id"] for one in said(await http.get("/v1/experiences"))["items"]} == {plain}
    one = said(await http.get(f"/v1/experiences/{private['experience_id']}"))
    assert one["questions"] == [QUESTION]
    assert {"audience", "open_to_segments"}.isdisjoint(one)
    assert said(await hq.get(f"/v1/experiences/{private['experience_id']}"))["open_to_segments"] == ["vic"]
    assert (await place.manager().delete(path)).status_code == 204
    assert invited["experience_id"] not in await mine()


async def test_an_experience_by_invitation_is_open_to_guests_under_each_of_their_ids(running: Start) -> None:
    place = await house(running, audience="invitation")
    her, before = client(), client()
    assert problem(await seen(place, her)) == "experience-not-open"
    path = f"/v1/experiences/{place.experience['experience_id']}/guests/{before.client_id}"
    assert (await place.manager().put(path)).status_code == 204
    data = {"merge_id": str(new_id()), "client_id": str(her.client_id), "merged_client_id": str(before.client_id)}
    await tell(place.running, "profile.identities-merged.v1", data, about=f"client:{her.client_id}")
    assert len(await place.free(her)) == 19
    path = f"/v1/experiences/{new_id()}/guests/{before.client_id}"
    assert (await place.manager().put(path)).status_code == 404


async def test_what_was_opened_to_her_long_ago_stays_open_only_to_who_comes_for_it(running: Start) -> None:
    place = await house(running, audience="invitation")
    coming, before, away = client(), client(), client()
    path = f"/v1/experiences/{place.experience['experience_id']}/guests"
    for one in (before, away):
        assert (await place.manager().put(f"{path}/{one.client_id}")).status_code == 204
    data = {"merge_id": str(new_id()), "client_id": str(coming.client_id), "merged_client_id": str(before.client_id)}
    await tell(place.running, "profile.identities-merged.v1", data, about=f"client:{coming.client_id}")
    await place.visit(coming)
    [period] = [one for one in PERIODS if one.category == "guests"]
    moved = "update experience_guest set invited_at = invited_at - interval '1 year' returning 1"
    await place.running.rows(moved)
    for days, left in ((700, {before, away}), (900, {before}), (1200, set())):
        await sweep(place.running.kit.database, period, now=place.clock.now + timedelta(days=days))
        rows = await place.running.rows("select client_id from experience_guest")
        assert {row["client_id"] for row in rows} == {one.client_id for one in left}


async def test_what_is_not_offered_any_more_is_none_for_clients_and_is_refused_by_name(running: Start) -> None:
    place = await house(running)
    changed = await change(place, active=False)
    assert changed["active"] is False
    assert problem(await seen(place, client())) == "experience-inactive"
    http = place.by(client())
    assert said(await http.get("/v1/experiences"))["items"] == []
    assert (await http.get(f"/v1/experiences/{changed['experience_id']}")).status_code == 404
    assert said(await place.manager().get(f"/v1/experiences/{changed['experience_id']}"))["active"] is False
    await change(place, active=True)
    assert len(await place.free()) == 19


async def test_two_advisors_receive_her_where_it_takes_two(running: Start) -> None:
    place = await house(running, needs_second_advisor=True, second_skill="watchmaker")
    assert await place.free() == []
    first = place.advisor_ids[0]
    maker = await build.advisor(place.manager(), place.boutique_id, skills=["watchmaker"])
    slots = await place.free()
    assert {(tuple(one["advisor_ids"]), tuple(one["second_advisor_ids"])) for one in slots} == {
        ((first,), (maker["advisor_id"],))
    }
    path = f"/v1/advisors/{maker['advisor_id']}/leaves"
    assert (await ask(place.manager(), path, {"starts": "2030-01-08", "ends": "2030-01-08"})).status_code == 201
    assert await place.free() == []


async def test_the_room_is_of_the_kind_it_takes_and_one_that_is_closed_is_none(running: Start) -> None:
    place = await house(running, room_kind="vault")
    assert await place.free() == []
    assert problem(await place.asks()) == "no-room-of-kind"
    vault = await build.room(place.manager(), place.boutique_id, room_kind="vault", capacity=2, amenities=["safe"])
    held = await place.hold(party_size=2)
    assert held["room_id"] == vault["room_id"]
    assert problem(await place.asks(local="2030-01-08 13:00", party_size=3)) == "no-room-for-party"
    path = f"/v1/boutiques/{place.boutique_id}/rooms/{vault['room_id']}"
    http = place.manager()
    assert (await http.get(path)).headers["ETag"] == '"1"'
    assert (await http.patch(path, json={"active": False})).status_code == 428
    changed = await http.patch(path, json={"active": False, "amenities": []}, headers={"If-Match": '"1"'})
    assert changed.json() == {**vault, "active": False, "amenities": [], "version": 2}
    assert (await http.patch(path, json={"capacity": 9}, headers={"If-Match": '"1"'})).status_code == 412
    assert await place.free() == []


async def test_video_visits_take_no_room_and_are_had_where_they_are_offered(running: Start) -> None:
    place = await house(running, modes=["in-person", "video"])
    place.clock.advance(minutes=1)
    await place.hold()
    rooms = [one["starts_at"] for one in await place.free()]
    await build.advisor(place.manager(), place.boutique_id)
    assert [one["starts_at"] for one in await place.free()] == rooms  # the room is what is missing
    assert len(await place.free(mode="video")) == 19
    await change(place, modes=["in-person"])
    refused = await seen(place, client(), mode="video")
    assert (problem(refused), refused.json()["modes"]) == ("mode-not-offered", ["in-person"])


async def test_whoever_receives_her_speaks_her_language(running: Start) -> None:
    place = await house(running, advisors=2, languages=["zh", "en", "fr"])
    assert problem(await seen(place, client(), language="de")) == "language-not-offered"
    assert await place.free(language="fr") == []
    path = f"/v1/advisors/{place.advisor_ids[0]}"
    spoken = {"languages": ["zh", "fr"], "weight": 3}
    assert said(await place.manager().patch(path, json=spoken, headers={"If-Match": '"1"'}))["weight"] == 3
    assert {tuple(one["advisor_ids"]) for one in await place.free(language="fr")} == {(place.advisor_ids[0],)}
    await change(place, languages=["ja"])
    assert await place.free() == []


async def test_an_advisor_is_changed_by_who_leads_her_and_read_by_everybody_as_far_as_it_concerns_them(
    running: Start,
) -> None:
    place = await house(running)
    path = f"/v1/advisors/{place.advisor_ids[0]}"
    http = place.manager()
    assert (await http.patch(path, json={"display_name": "林"})).status_code == 428
    changed = await http.patch(path, json={"display_name": "林", "skills": ["repair"]}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (await http.patch(path, json={"weight": 0}, headers={"If-Match": "*"})).status_code == 422
    assert (await http.patch(path, json={"weight": 2}, headers={"If-Match": '"1"'})).status_code == 412
    hers = said(await place.by(client()).get(path))
    assert hers == {name: changed.json()[name] for name in hers}
    assert {"weight", "priority", "absent_from_on", "wecom_userid"}.isdisjoint(hers)
    assert said(await http.get(path))["weight"] == 1
    described = await place.running.facts("appointments.advisor-described.v1")
    assert described[-1]["data"]["skills"] == ["repair"]
    stranger = place.by(staff(Role.MANAGER, str(new_id())))
    assert (await stranger.patch(path, json={"weight": 2}, headers={"If-Match": "*"})).status_code == 404
    assert "weight" not in said(await stranger.get(path))


QUESTION = {"code": "occasion", "text_zh": "有什么值得庆祝的吗？", "text_en": "Is there something to celebrate?"}


@pytest.mark.parametrize(
    "given",
    [
        {"questions": [QUESTION] * 2},
        {"questions": [{**QUESTION, "code": f"Q{number}"} for number in range(4)]},
        {"questions": [{"code": "Q", "text_zh": "", "text_en": "?"}]},
        {"modes": []},
        {"modes": ["telepathy"]},
        {"audience": "segment"},
        {"open_to_segments": ["vic"]},
        {"second_skill": "watchmaker"},
        {"approve_within_minutes": 0},
        {"languages": ["klingon"]},
    ],
)
async def test_an_experience_that_contradicts_itself_is_malformed(running: Start, given: dict[str, Any]) -> None:
    service = await running("appointments")
    form = {"code": "X", "name_zh": "一", "name_en": "One", **given}
    assert problem(await ask(service.client(build.headquarters()), "/v1/experiences", form)) == "malformed"


async def test_a_change_that_contradicts_what_stays_is_refused_whole(running: Start) -> None:
    place = await house(running, needs_second_advisor=True, second_skill="watchmaker")
    path = f"/v1/experiences/{place.experience['experience_id']}"
    http = place.by(build.headquarters())
    for changes in ({"audience": "segment"}, {"open_to_segments": ["vic"]}, {"needs_second_advisor": False}):
        refused = await http.patch(path, json={"notice_minutes": 7, **changes}, headers={"If-Match": "*"})
        assert problem(refused) == "experience-unfit"
    assert said(await http.get(path)) == place.experience
    both = {"audience": "segment", "open_to_segments": ["vic"]}
    assert (await change(place, **both))["audience"] == "segment"


async def test_a_boutique_is_somewhere_and_can_be_found_there(running: Start) -> None:
    service = await running("appointments")
    http = service.client(build.headquarters())
    where = {
        "city_code": "SHA",
        "city_zh": "上海",
        "city_en": "Shanghai",
        "address_zh": "南京西路1266号",
        "address_en": "1266 Nanjing Road West",
        "latitude": 31.2297,
        "longitude": 121.4479,
    }
    made = await build.boutique(http, **where)
    await build.boutique(http, city_code="PEK")
    path = f"/v1/boutiques/{made['boutique_id']}"
    assert {name: said(await http.get(path))[name] for name in where} == where
    found = said(await http.get("/v1/boutiques", params={"city": "SHA"}))["items"]
    assert [one["boutique_id"] for one in found] == [made["boutique_id"]]
    for wrong in ({"latitude": 91, "longitude": 0}, {"latitude": 31.2}, {"latitude": 31.2, "longitude": None}):
        assert (await http.patch(path, json=wrong, headers={"If-Match": "*"})).status_code == 422
    gone = {"latitude": None, "longitude": None, "address_en": None}
    changed = said(await http.patch(path, json=gone, headers={"If-Match": "*"}))
    assert changed == {**made, **gone, "version": 2}


async def test_breaks_are_taken_out_of_shifts_and_hours_by_weekday_and_by_date(running: Start) -> None:
    place = await house(running)
    tuesday = {"weekday": 2, "starts": "12:00", "ends": "13:00"}
    that_day = {"on": "2030-01-08", "starts": "16:00", "ends": "16:30"}
    path = f"/v1/advisors/{place.advisor_ids[0]}/shifts"
    shifts = {**build.DAILY, "breaks": [tuesday, that_day]}
    assert (await place.manager().put(path, json=shifts, headers={"If-Match": "*"})).status_code == 200

    async def clocks(day: int) -> set[str]:
        on, after = f"2030-01-{day:02} 00:00", f"2030-01-{day + 1:02} 00:00"
        return {one["starts_at"][11:16] for one in await place.free(first=on, last=after)}

    # In UTC: noon in Shanghai is four. Visits of an hour do not begin half an hour before a break.
    assert {"03:00", "05:00", "07:00", "08:30"} <= await clocks(8)
    assert {"03:30", "04:00", "04:30", "07:30", "08:00"}.isdisjoint(await clocks(8))
    assert {"07:30", "08:00"} <= await clocks(15)  # the Tuesday after has the break of Tuesdays alone
    assert {"03:30", "04:00"}.isdisjoint(await clocks(15))
    assert len(await clocks(9)) == 19
    assert problem(await place.asks(local="2030-01-08 12:00")) == "outside-shift"
    overlapping = {**build.DAILY, "breaks": [tuesday, {**tuesday, "starts": "12:30"}]}
    unplaced = {**build.DAILY, "breaks": [{"starts": "12:00", "ends": "13:00"}]}
    for wrong in (overlapping, unplaced):
        assert (await place.manager().put(path, json=wrong, headers={"If-Match": "*"})).status_code == 422
    hours = f"/v1/boutiques/{place.boutique_id}/hours"
    lunch = {**build.DAILY, "breaks": [{"weekday": 3, "starts": "12:00", "ends": "14:00"}]}
    assert (await place.manager().put(hours, json=lunch, headers={"If-Match": "*"})).status_code == 200
    assert problem(await place.asks(local="2030-01-09 12:30")) == "outside-opening-hours"
