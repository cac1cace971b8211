"""Occasions: made, published, and what their guests answer."""

from infra.identity import Role
from tests.appointments.build import ask, at, client, house, profile, said, staff
from tests.appointments.guests import moment, salon, version
from tests.asking import problem, until
from tests.conftest import Start


async def test_an_occasion_is_made_published_and_known_to_the_house_alone(running: Start) -> None:
    place = await salon(running)
    made = await place.occasion(published=False, sessions=[place.session(reserves=[{"segment": "core", "seats": 4}])])
    assert (made["status"], made["sessions"][0]["reserves"][0]["seats"]) == ("draft", 4)
    assert (await place.step(made, "publish"))["status"] == "published"
    (fact,) = await place.house.running.facts("appointments.occasion-published.v1")
    assert fact["data"] == {
        "occasion_id": made["occasion_id"],
        "boutique_id": place.house.boutique_id,
        "kind": "launch",
    }
    assert len(said(await place.events.get("/v1/occasions"))["items"]) == 1
    assert problem(await place.house.by(client()).get("/v1/occasions")) == "not-permitted"
    elsewhere = place.house.by(staff(Role.EVENTS))
    assert problem(await elsewhere.get(f"/v1/occasions/{made['occasion_id']}")) == "not-found"


async def test_the_brands_own_occasions_are_headquarters_to_make_and_everybodys_to_know(running: Start) -> None:
    place = await salon(running)
    assert problem(await ask(place.events, "/v1/occasions", place.form(boutique_id=None))) == "not-permitted"
    made = said(await ask(place.hq, "/v1/occasions", place.form(boutique_id=None)), 201)
    assert (await place.read(made))["boutique_id"] is None
    publish = f"/v1/occasions/{made['occasion_id']}/publish"
    assert problem(await place.events.post(publish, headers=version(made))) == "not-found"


async def test_nobody_overwrites_anybody_elses_change(running: Start) -> None:
    place = await salon(running)
    made = await place.occasion()
    path = f"/v1/occasions/{made['occasion_id']}"
    changed = said(await place.events.patch(path, json={"title_en": "Spring"}, headers=version(made)))
    assert (changed["title_en"], changed["title_zh"]) == ("Spring", made["title_zh"])
    assert problem(await place.events.patch(path, json={"title_en": "No"}, headers=version(made))) == "stale"
    assert problem(await place.events.patch(path, json={"title_en": "No"})) == "precondition-missing"


async def test_a_session_has_a_place_and_no_more_reserved_than_seats(running: Start) -> None:
    place = await salon(running)
    nowhere = place.session() | {"boutique_id": None}
    assert problem(await ask(place.events, "/v1/occasions", place.form(sessions=[nowhere]))) == "malformed"
    reserves = [{"segment": "core", "seats": 7}, {"segment": "vic", "seats": 4}]
    too_many = place.form(sessions=[place.session(reserves=reserves)])
    assert problem(await ask(place.events, "/v1/occasions", too_many)) == "more-reserved-than-seats"
    elsewhere = nowhere | {"place_zh": "外滩源", "place_en": "Rockbund"}
    made = await place.occasion(sessions=[elsewhere])
    assert made["sessions"][0]["place_zh"] == "外滩源"


async def test_a_guest_accepts_changes_her_mind_and_withdraws_and_every_seat_is_counted(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion(sessions=[place.session(), place.session("2030-02-02 19:00")])
    first, second = (one["session_id"] for one in made["sessions"])
    yes = await place.accepts(her, made, plus_ones=2)
    assert (yes["status"], yes["plus_ones"], await place.seats()) == ("accepted", 2, [(3, 3), (0, 0)])
    other = said(await place.replies(her, yes, "accept", session_id=second, plus_ones=1))
    assert (other["session_id"], await place.seats()) == (second, [(0, 0), (2, 2)])
    assert other["token"] != yes["token"]
    gone = said(await place.replies(her, yes, "withdraw"))
    assert (gone["status"], gone["token"], await place.seats()) == ("withdrawn", None, [(0, 0), (0, 0)])
    assert problem(await place.replies(her, yes, "decline")) == "invitation-step-not-possible"
    again = said(await place.replies(her, yes, "accept", session_id=first))
    assert again["status"] == "accepted"
    answers = [one["data"]["answer"] for one in await place.house.running.facts("appointments.occasion-answered.v1")]
    assert answers == ["accepted", "changed", "withdrawn", "accepted"]


async def test_a_client_is_told_nothing_of_segments_reasons_or_seats(running: Start) -> None:
    place = await salon(running)
    her = await place.of("vic")
    made = await place.occasion(sessions=[place.session(reserves=[{"segment": "vic", "seats": 4}])])
    (hers,) = await place.invited(made, her)
    text = str(hers)
    assert not any(word in text for word in ("segment", "vic", "reserve", "seats", "taken", "reason", "opens_at"))
    other = client()
    assert problem(await place.replies(other, hers, "accept")) == "not-found"


async def test_what_a_guest_may_not_do_says_why(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion(reply_by_at=moment("2030-01-20 12:00"))
    (hers,) = await place.invited(made, her)
    session = made["sessions"][0]["session_id"]
    assert problem(await place.replies(her, hers, "accept")) == "session-missing"
    too_many = await place.replies(her, hers, "accept", session_id=session, plus_ones=3)
    assert (problem(too_many), too_many.json()["most_plus_ones"]) == ("too-many-plus-ones", 2)
    strange = await place.occasion(kind="workshop")
    away = await place.replies(her, hers, "accept", session_id=strange["sessions"][0]["session_id"])
    assert problem(away) == "not-found"
    place.house.clock.now = at("2030-01-20 12:00")
    assert problem(await place.replies(her, hers, "accept", session_id=session)) == "reply-too-late"
    # She tells the house, which may still say yes for her.
    path = f"/v1/invitations/{hers['invitation_id']}/reply"
    by_hand = said(await place.events.post(path, json={"answer": "accept", "session_id": session}))
    assert by_hand["status"] == "accepted"
    place.house.clock.now = at("2030-02-01 21:00")
    assert problem(await place.events.post(path, json={"answer": "accept", "plus_ones": 1})) == "reply-too-late"


async def test_seats_that_are_reserved_for_core_clients_are_not_taken_by_others(running: Start) -> None:
    place = await salon(running)
    session = place.session(seats=3, reserves=[{"segment": "core", "seats": 2}])
    made = await place.occasion(sessions=[session])
    of = {"session_id": made["sessions"][0]["session_id"]}
    vic, other, core = [await place.of(one) for one in ("vic", "vic", "core")]
    await place.accepts(vic, made)
    (invitation,) = await place.invited(made, other)
    assert (await place.mine(other, made))["sessions"][0]["is_full"]
    assert problem(await place.replies(other, invitation, "accept", **of)) == "session-full"
    assert (await place.accepts(core, made, plus_ones=1))["status"] == "accepted"
    assert await place.seats() == [(3, 3)]


async def test_from_its_day_on_what_is_left_of_a_reserve_is_for_everybody(running: Start) -> None:
    place = await salon(running)
    session = place.session(seats=1, reserves=[{"segment": "core", "seats": 1}])
    made = await place.occasion(sessions=[session], reserves_until=moment("2030-01-25 00:00"))
    of = {"session_id": made["sessions"][0]["session_id"]}
    vic = await place.of("vic")
    (invitation,) = await place.invited(made, vic)
    assert problem(await place.replies(vic, invitation, "accept", **of)) == "session-full"
    place.house.clock.now = at("2030-01-25 00:00")
    assert said(await place.replies(vic, invitation, "accept", **of))["status"] == "accepted"


async def test_seats_change_but_never_below_what_is_taken_and_times_stand_once_accepted(running: Start) -> None:
    place = await salon(running)
    made = await place.occasion()
    session = made["sessions"][0]["session_id"]
    path = f"/v1/occasions/{made['occasion_id']}/sessions/{session}"
    later = {"starts_at": moment("2030-02-01 20:00"), "ends_at": moment("2030-02-01 22:00")}
    made = said(await place.events.patch(path, json=later, headers=version(made)))
    await place.accepts(await place.of("core"), made, plus_ones=1)
    refused = await place.events.patch(path, json=later, headers=version(made))
    assert problem(refused) == "session-has-guests"
    fewer = await place.events.patch(path, json={"seats": 1}, headers=version(made))
    assert (problem(fewer), fewer.json()["taken"]) == ("fewer-seats-than-guests", 2)
    reserves = {"seats": 4, "reserves": [{"segment": "core", "seats": 3}]}
    changed = said(await place.events.patch(path, json=reserves, headers=version(made)))
    # Who of them has accepted already is counted into her reserve.
    assert changed["sessions"][0]["reserves"] == [{"segment": "core", "seats": 3, "taken": 2}]
    more = said(
        await place.events.post(
            f"/v1/occasions/{made['occasion_id']}/sessions",
            json=place.session("2030-02-03 19:00"),
            headers=version(changed) | {"Idempotency-Key": "more"},
        ),
        201,
    )
    assert len(more["sessions"]) == 2


async def test_nobody_makes_a_session_that_has_begun(running: Start) -> None:
    place = await salon(running)
    past = place.session("2030-01-01 19:00")
    assert problem(await ask(place.events, "/v1/occasions", place.form(sessions=[past]))) == "session-in-the-past"
    made = await place.occasion()
    path = f"/v1/occasions/{made['occasion_id']}/sessions"
    added = await place.events.post(path, json=past, headers=version(made) | {"Idempotency-Key": "past"})
    assert problem(added) == "session-in-the-past"
    times = {"starts_at": past["starts_at"], "ends_at": past["ends_at"]}
    moved = await place.events.patch(f"{path}/{made['sessions'][0]['session_id']}", json=times, headers=version(made))
    assert problem(moved) == "session-in-the-past"
    assert await place.read(made) == made


async def test_an_occasion_called_off_frees_every_seat_and_tells_whoever_might_have_come(running: Start) -> None:
    place = await salon(running)
    coming, undecided, no = await place.of("core"), await place.of("vic"), await place.of("core")
    made = await place.occasion()
    (hers, refusal) = await place.invited(made, undecided, no)
    said(await place.replies(no, refusal, "decline"))
    yes = await place.accepts(coming, made)
    cancelled = await place.step(await place.read(made), "cancel")
    assert (cancelled["status"], await place.seats()) == ("cancelled", [(0, 0)])
    await place.told()

    async def told() -> bool:
        return all(len(place.door.told(one, "occasion-cancelled")) == 1 for one in (coming, undecided))

    await until(told)
    assert place.door.told(no, "occasion-cancelled") == []
    assert problem(await place.replies(undecided, hers, "accept")) == "invitation-step-not-possible"
    assert problem(await place.replies(coming, yes, "accept")) == "invitation-step-not-possible"
    again = await place.events.post(f"/v1/occasions/{made['occasion_id']}/cancel", headers=version(cancelled))
    assert problem(again) == "occasion-step-not-possible"


async def test_who_let_the_day_to_reply_pass_is_not_told_that_it_is_called_off(running: Start) -> None:
    place = await salon(running)
    coming, silent = await place.of("core"), await place.of("core")
    made = await place.occasion(reply_by_at=moment("2030-01-20 12:00"))
    await place.invited(made, silent)
    await place.accepts(coming, made)
    place.house.clock.now = at("2030-01-20 12:00")
    await place.step(await place.read(made), "cancel")
    await place.told()
    assert len(place.door.told(coming, "occasion-cancelled")) == 1
    assert place.door.told(silent, "occasion-cancelled") == []


async def test_the_report_says_who_was_invited_accepted_came_and_did_not_by_segment(running: Start) -> None:
    place = await salon(running)
    came, missed, no, away = [await place.of(one) for one in ("core", "core", "core", "vic")]
    place.door.no[str(away.client_id)] = "no-consent"
    made = await place.occasion()
    await place.invite(made, away)
    yes = await place.accepts(came, made, plus_ones=1)
    await place.accepts(missed, made)
    (invitation,) = await place.invited(made, no)
    said(await place.replies(no, invitation, "decline"))
    place.house.clock.now = at("2030-02-01 19:00")
    door = f"/v1/occasions/{made['occasion_id']}/check-in"
    said(await place.events.post(door, json={"token": yes["token"]}))
    place.house.clock.now = at("2030-02-01 21:00")
    report = said(await place.events.get(f"/v1/occasions/{made['occasion_id']}/report"))
    vic, core = report["segments"]
    assert (vic["segment"], vic["invited"], vic["unreachable"]) == ("vic", 0, 1)
    assert {
        name: core[name] for name in ("invited", "accepted", "declined", "came", "came_with_guests", "no_show")
    } == {
        "invited": 3,
        "accepted": 2,
        "declined": 1,
        "came": 1,
        "came_with_guests": 2,
        "no_show": 1,
    }


async def test_the_policy_is_set_once_per_version(running: Start) -> None:
    place = await house(running, transports={"profile": profile()})
    hq = place.by(staff(Role.HEADQUARTERS))
    before = said(await hq.get("/v1/occasion-policy"))
    assert (before["version"], before["pauses_for"], before["wait_order"]) == (0, ["vic"], [])
    form = {"most_invitations": 1, "wait_order": ["vic", "core"]}
    after = said(await hq.put("/v1/occasion-policy", json=form, headers=version(before)))
    assert (after["version"], after["wait_order"]) == (1, ["vic", "core"])
    assert problem(await hq.put("/v1/occasion-policy", json=form, headers=version(before))) == "stale"
    assert said(await hq.put("/v1/occasion-policy", json={}, headers=version(after)))["version"] == 2
