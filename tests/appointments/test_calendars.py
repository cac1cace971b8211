"""Calendars behind secret addresses: who makes and revokes them, what stands in them, and what never does."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from icalendar import Calendar

from infra.identity import Caller, Role
from infra.ids import new_id
from tests.appointments.build import House, at, client, headquarters, house, post, said, staff
from tests.appointments.door import Door
from tests.asking import once, problem, tell, until
from tests.conftest import Start


async def fed(place: House, kind: str = "boutique", by: Caller | None = None, **form: Any) -> str:
    """The path of a new address."""
    holder = place.boutique_id if kind == "boutique" else place.advisor_ids[0]
    http = place.by(by) if by else place.manager()
    made = await post(http, f"/v1/{'boutiques' if kind == 'boutique' else 'advisors'}/{holder}/calendar-feed", form)
    assert made["url"].startswith(f"{place.running.settings.public_url}/calendars/lumiere.")
    assert made["url"].endswith(".ics")
    return str(made["url"]).removeprefix(place.running.settings.public_url)


async def events(place: House, path: str) -> dict[str, Any]:
    """What a program without a token reads there, by the visits' ids."""
    answer = await place.running.client().get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8"), answer.text
    read = Calendar.from_ical(answer.content)
    assert read.get_missing_tzids() == set()
    return {str(event["UID"]).partition("@")[0]: event for event in read.events}


async def test_a_boutiques_calendar_has_its_visits_and_nothing_of_a_client(running: Start) -> None:
    place = await house(running)
    path = await fed(place)
    her = client()
    visit = await place.visit(her, piece_code="RING-1")
    await place.hold(local="2030-01-08 15:00")  # nobody has heard of it
    event = (await events(place, path))[visit["appointment_id"]]
    assert len(await events(place, path)) == 1
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (at("2030-01-08 11:00"), at("2030-01-08 12:00"))
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == ("私人预约 · 恒隆", "恒隆, 云起厅")
    assert str(event["DESCRIPTION"]) == f"编号 {visit['appointment_id'].replace('-', '')[-8:].upper()}"
    assert (str(event["STATUS"]), event["SEQUENCE"]) == ("CONFIRMED", visit["version"])
    text = (await place.running.client().get(path)).text
    for hidden in (str(her.client_id), "RING-1", "王女士", visit["advisor_id"]):
        assert hidden not in text


async def test_a_change_raises_the_sequence_and_keeps_the_uid_and_a_cancellation_is_said_for_days(
    running: Start,
) -> None:
    place = await house(running)
    path = await fed(place, language="en")
    visit = await place.visit(local="2030-02-08 11:00")
    before = (await events(place, path))[visit["appointment_id"]]
    assert str(before["SUMMARY"]) == "Private appointment · Plaza 66"
    await place.step(
        place.manager(),
        visit["appointment_id"],
        "move",
        starts_at=at("2030-02-08 15:00").isoformat(),
        agreed_by="telephone",
    )
    moved = (await events(place, path))[visit["appointment_id"]]
    assert moved["UID"] == before["UID"]
    assert moved["SEQUENCE"] > before["SEQUENCE"]
    place.clock.advance(minutes=1)
    await place.step(place.manager(), visit["appointment_id"], "cancel")
    gone = (await events(place, path))[visit["appointment_id"]]
    assert (str(gone["STATUS"]), gone["SEQUENCE"]) == ("CANCELLED", moved["SEQUENCE"] + 1)
    assert gone["DTSTAMP"].dt == place.clock.now
    place.clock.now += timedelta(days=14)
    assert await events(place, path) == {}


async def test_who_has_the_calendar_already_gets_it_only_when_it_changed(running: Start) -> None:
    place = await house(running)
    path = await fed(place)
    http = place.running.client()
    first = await http.get(path)
    again = await http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    await place.visit()
    changed = await http.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.headers["ETag"] != first.headers["ETag"]) == (200, True)
    assert changed.headers["cache-control"] == "private, no-cache"


async def test_an_advisors_calendar_is_hers_wherever_she_works_and_ends_when_she_leaves(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    own = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])
    path = await fed(place, "advisor", own)
    hers = await place.visit(advisor_id=place.advisor_ids[0])
    await place.visit(advisor_id=place.advisor_ids[1])
    assert set(await events(place, path)) == {hers["appointment_id"]}
    said(await place.manager().post(f"/v1/advisors/{place.advisor_ids[0]}/leave", json={}), 200)
    assert problem(await place.running.client().get(path)) == "not-found"


async def test_an_advisor_hands_out_her_own_calendar_and_no_other(running: Start) -> None:
    place = await house(running, advisors=2)
    own = place.by(staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0]))
    other = f"/v1/advisors/{place.advisor_ids[1]}/calendar-feed"
    boutique = f"/v1/boutiques/{place.boutique_id}/calendar-feed"
    assert problem(await own.post(other, json={}, headers=once())) == "not-found"
    assert problem(await own.get(other)) == "not-found"
    assert (await own.post(boutique, json={}, headers=once())).status_code == 403
    elsewhere = place.by(staff(Role.MANAGER, str(new_id())))
    for path in (other, boutique):
        assert problem(await elsewhere.post(path, json={}, headers=once())) == "not-found"
    assert problem(await place.manager().post(f"/v1/advisors/{new_id()}/calendar-feed", json={}, headers=once())) == (
        "not-found"
    )


async def test_a_revoked_address_and_one_that_never_was_answer_alike(running: Start) -> None:
    place = await house(running)
    path, kept = await fed(place), await fed(place)
    at_boutique = f"/v1/boutiques/{place.boutique_id}/calendar-feed"
    listed = said(await place.manager().get(at_boutique))["items"]
    assert len(listed) == 2
    assert "url" not in listed[0]
    revoked = listed[1]["feed_id"]
    elsewhere = place.by(staff(Role.MANAGER, str(new_id())))
    assert problem(await elsewhere.delete(f"/v1/calendar-feeds/{revoked}")) == "not-found"
    for _ in range(2):
        assert (await place.manager().delete(f"/v1/calendar-feeds/{revoked}")).status_code == 204
    assert problem(await place.manager().delete(f"/v1/calendar-feeds/{new_id()}")) == "not-found"
    own = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])
    # An advisor revokes her own: the boutique's is for who leads it.
    assert problem(await place.by(own).delete(f"/v1/calendar-feeds/{listed[0]['feed_id']}")) == "not-found"
    assert [one["feed_id"] for one in said(await place.manager().get(at_boutique))["items"]] == [listed[0]["feed_id"]]
    http = place.running.client()
    token = kept.removesuffix(".ics")
    for absent in (
        path,
        token,
        f"{token[:-1]}.ics",
        f"{token}x.ics",
        "/calendars/.ics",
        "/calendars/lumiere..ics",
        f"/calendars/lumiere.{'a' * 43}.ics",
        f"/calendars/nobody.{'a' * 43}.ics",
        f"/calendars/lumiere.{UUID(int=0).hex}.{'a' * 43}.ics",
        "/calendars/%E6%81%92.ics",
        f"/calendars/{'x' * 900}.ics",
    ):
        assert problem(await http.get(absent)) == "not-found"
    assert (await http.get(kept)).status_code == 200
    rows = await place.running.rows("select token_hash from calendar_feed")
    assert all(token.encode() not in row["token_hash"] for row in rows)


async def test_twenty_addresses_of_one_calendar_are_enough(running: Start) -> None:
    place = await house(running)
    for _ in range(20):
        await fed(place)
    path = f"/v1/boutiques/{place.boutique_id}/calendar-feed"
    assert problem(await place.manager().post(path, json={}, headers=once())) == "too-many-calendar-feeds"
    assert problem(await place.manager().post(path, json={"language": "fr"}, headers=once())) == "malformed"


async def test_the_calendars_of_boutiques_in_two_zones_stand_in_one_of_their_advisor(running: Start) -> None:
    place = await house(running, needs_room=False)
    http = place.by(headquarters())
    paris = await post(
        http,
        "/v1/boutiques",
        {
            "region_id": place.boutique["region_id"],
            "code": "PARIS",
            "zone": "Europe/Paris",
            "name_zh": "巴黎",
            "name_en": "Paris",
            "hours": {"weekly": [{"weekday": day, "starts": "10:00", "ends": "20:00"} for day in range(1, 8)]},
        },
    )
    path = await fed(place, "advisor")
    await place.visit()
    moved = await http.post(f"/v1/advisors/{place.advisor_ids[0]}/move", json={"boutique_id": paris["boutique_id"]})
    assert moved.status_code == 200, moved.text
    form = place.form("2030-01-10 20:00", boutique_id=paris["boutique_id"], advisor_id=place.advisor_ids[0])
    her = place.by(client())
    held = await post(her, "/v1/appointments", form)
    said(await her.post(f"/v1/appointments/{held['appointment_id']}/confirm"))
    zones = {event["DTSTART"].params["TZID"] for event in (await events(place, path)).values()}
    assert zones == {"Asia/Shanghai", "Europe/Paris"}


async def test_her_own_file_is_for_her_alone(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    path = f"/v1/me/appointments/{visit['appointment_id']}/calendar"
    answer = await place.by(her).get(path, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    parsed = Calendar.from_ical(answer.content)
    [event] = parsed.events
    assert (str(parsed["METHOD"]), str(event["SUMMARY"])) == ("PUBLISH", "Private appointment · Plaza 66")
    tag = {"If-None-Match": answer.headers["ETag"], "Accept-Language": "en"}
    assert (await place.by(her).get(path, headers=tag)).status_code == 304
    assert problem(await place.by(client()).get(path)) == "not-found"
    assert (await place.manager().get(path)).status_code == 403
    held = await place.hold(her, "2030-01-08 15:00")
    kept = await place.by(her).get(f"/v1/me/appointments/{held['appointment_id']}/calendar")
    assert problem(kept) == "not-found"


async def test_the_link_of_a_confirmation_ends_with_the_visit_and_with_her(running: Start) -> None:
    door = Door()
    place = await house(running, transports={"profile": door.transport})
    visit = await place.visit()

    async def told() -> bool:
        return bool(door.taken)

    await until(told)
    link = next(iter(door.taken.values()))["link"].removeprefix(place.running.settings.public_url)
    http = place.running.client()

    async def shown() -> Any:
        return await http.get(link)

    assert "STATUS:CONFIRMED" in (await shown()).text
    place.clock.now = at("2030-02-07 11:59")
    assert (await shown()).status_code == 200
    place.clock.now = at("2030-02-07 12:00")
    assert problem(await shown()) == "not-found"
    place.clock.now = at("2030-01-07 12:00")
    # Another digest, and the right one at another visit.
    assert problem(await http.get(link.replace(".ics", "").rstrip(link[-5]) + "A.ics")) == "not-found"
    other = await place.visit(local="2030-01-08 15:00")
    ids = [one["appointment_id"].replace("-", "") for one in (visit, other)]
    assert problem(await http.get(link.replace(*ids))) == "not-found"
    erased = {"erasure_id": str(new_id()), "client_ids": [visit["client_id"]]}
    await tell(place.running, "profile.client-erased.v1", erased, about=f"erasure:{erased['erasure_id']}")
    assert problem(await shown()) == "not-found"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_calendar_is_read_and_nothing_else(running: Start, method: str) -> None:
    place = await house(running)
    answer: httpx.Response = await place.running.client().request(method, await fed(place))
    assert problem(answer) == "method-not-allowed"
