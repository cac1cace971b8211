"""Inviting: every client gets a verdict, in her window, once, and only what the door takes counts as asked."""

from typing import Any

from infra.identity import Role
from infra.ids import new_id
from tests.appointments.build import ask, at, client, said, staff
from tests.appointments.guests import Salon, moment, salon, version
from tests.asking import once, problem, tell, until
from tests.conftest import Start


async def rules(place: Salon, occasion: dict[str, object], *guests: object, **given: object) -> list[str | None]:
    done = await place.invite(occasion, *guests, **given)  # type: ignore[arg-type]
    return [one["rule"] for one in done["items"]]


async def test_a_dry_run_says_who_would_be_invited_and_writes_nothing(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion()
    path = f"/v1/occasions/{made['occasion_id']}/invitations"
    stranger = str(new_id())
    done = said(await ask(place.events, path, {"client_ids": [str(her.client_id), stranger]}), 201)
    assert (done["dry_run"], done["invited"], done["refused"]) == (True, 1, 1)
    assert [(one["segment"], one["rule"]) for one in done["items"]] == [("core", None), (None, "not-found")]
    assert await place.house.running.rows("select 1 from occasion_invitation") == []


async def test_an_invited_client_is_told_once_and_the_house_hears_of_it(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion()
    (hers,) = await place.invited(made, her)
    (message,) = place.door.told(her, "occasion-invitation")
    assert (message["purpose"], message["link"]) == (
        "marketing",
        f"pages/invitation?id={hers['invitation_id']}",
    )
    assert message["variables"] == {"occasion": "春季新作发布", "date": "2030年2月1日 19:00", "place": "恒隆"}
    (fact,) = await place.house.running.facts("appointments.occasion-invited.v1")
    assert fact["data"]["client_id"] == str(her.client_id)
    assert await rules(place, made, her) == ["already-invited"]


async def test_a_draft_may_have_guests_who_hear_of_it_when_it_is_published(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion(published=False)
    await place.invite(made, her)
    await place.told()
    assert place.door.asked == {}
    await place.step(made, "publish")
    await place.told()
    assert len(place.door.told(her, "occasion-invitation")) == 1


async def test_each_segment_is_told_when_its_window_opens(running: Start) -> None:
    place = await salon(running)
    vic, core, other = [await place.of(one) for one in ("vic", "core", "potential")]
    windows = [{"segment": "vic", "opens_at": moment("2030-01-08 10:00")}]
    windows.append({"segment": "core", "opens_at": moment("2030-01-09 10:00")})
    made = await place.occasion(windows=windows, opens_at=moment("2030-01-12 10:00"))
    await place.invite(made, vic, core, other)
    heard = []
    for day in ("07 10:00", "08 10:00", "09 10:00", "12 09:59", "12 10:00"):
        place.house.clock.now = at(f"2030-01-{day}")
        await place.told()
        heard.append(len(place.door.asked))
    assert heard == [0, 1, 2, 2, 3]


async def test_a_window_that_is_moved_moves_those_who_have_not_heard_yet(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion(opens_at=moment("2030-01-12 10:00"))
    await place.invite(made, her)
    path = f"/v1/occasions/{made['occasion_id']}"
    said(await place.events.patch(path, json={"opens_at": moment("2030-01-07 09:00")}, headers=version(made)))
    await place.told()
    assert len(place.door.told(her, "occasion-invitation")) == 1


async def test_whom_the_door_refuses_has_no_invitation_and_no_seat_and_the_reason_is_kept(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    place.door.no[str(her.client_id)] = "fatigue-budget"
    made = await place.occasion()
    await place.invite(made, her)
    await place.told()
    guests = said(await place.events.get(f"/v1/occasions/{made['occasion_id']}/invitations"))["items"]
    assert [(one["status"], one["reason"]) for one in guests] == [("unreachable", "fatigue-budget")]
    assert said(await place.house.by(her).get("/v1/me/invitations"))["items"] == []
    assert problem(await place.replies(her, guests[0], "accept")) == "not-found"
    assert await place.house.running.facts("appointments.occasion-invited.v1") == []
    assert await place.seats() == [(0, 0)]


async def test_a_later_no_of_the_channel_is_kept_too_and_a_yes_counts_as_delivered(running: Start) -> None:
    place = await salon(running)
    her, other = await place.of("core"), await place.of("core")
    made = await place.occasion()
    await place.invited(made, her, other)
    (refused,), (sent,) = (place.door.told(one, "occasion-invitation") for one in (her, other))
    about = {"message_id": refused["message_id"], "client_id": str(her.client_id), "purpose": "marketing"}
    about |= {"template": "occasion-invitation"}
    await tell(place.house.running, "profile.message-refused.v1", about | {"reason": "43101"})
    about |= {"message_id": sent["message_id"], "client_id": str(other.client_id), "channel": "sms"}
    await tell(place.house.running, "profile.message-sent.v1", about)
    assert ((await place.row(her))["status"], (await place.row(her))["reason"]) == ("unreachable", "43101")
    assert (await place.row(other))["sent_at"] is not None
    # She sees it in the mini-program all the same, and may come.
    session = made["sessions"][0]["session_id"]
    assert said(await place.replies(her, await place.mine(her, made), "accept", session_id=session))


async def test_a_door_that_is_away_is_asked_again_with_the_same_key(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    place.door.away = True
    made = await place.occasion()
    await place.invite(made, her)

    async def tried() -> bool:
        return place.door.times > 0 and (await place.row(her))["attempts"] > 0

    await until(tried)
    assert (await place.row(her))["status"] == "due"
    place.door.away = False
    place.house.clock.advance(minutes=10)
    await place.told()
    assert len(place.door.told(her, "occasion-invitation")) == 1
    assert (await place.row(her))["status"] == "invited"


async def test_whose_turn_comes_after_the_day_to_reply_is_not_asked(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    windows = [{"segment": "core", "opens_at": moment("2030-01-20 10:00")}]
    made = await place.occasion(windows=windows, reply_by_at=moment("2030-01-19 10:00"))
    await place.invite(made, her)
    place.house.clock.now = at("2030-01-20 10:00")
    await place.told()
    assert ((await place.row(her))["status"], (await place.row(her))["reason"]) == ("unreachable", "too-late")
    assert place.door.asked == {}


async def test_segments_are_invited_by_those_who_waited_longest_and_no_further_than_the_limit(running: Start) -> None:
    place = await salon(running)
    core = [await place.of("core") for _ in range(3)]
    await place.of("vic")
    await place.of("core", owned=False)
    first = await place.occasion()
    await place.invited(first, core[0])
    made = await place.occasion(kind="workshop")
    done = await place.invite(made, client_ids=None, segments=["core"], limit=2)
    asked = {one["client_id"] for one in done["items"]}
    assert (asked, done["more"]) == ({str(one.client_id) for one in core[1:]}, True)
    done = await place.invite(made, client_ids=None, segments=["core"])
    assert ([one["client_id"] for one in done["items"]], done["more"]) == ([str(core[0].client_id)], False)


async def test_behind_those_who_were_refused_the_others_are_reached(running: Start) -> None:
    place = await salon(running)
    tired = [await place.of("core") for _ in range(3)]
    await place.invited(await place.occasion(), *tired)
    fresh = [await place.of("core") for _ in range(3)]
    for one in fresh:  # whose invitations are younger, and so come last
        place.house.clock.advance(hours=1)
        await place.invited(await place.occasion(kind="workshop"), one)
    made = await place.occasion()
    given = {"client_ids": None, "segments": ["core"], "limit": 2}
    # Without the cursor the same two stand at the head each time.
    heads = [await place.invite(made, **given) for _ in range(2)]
    assert heads[0]["items"] == heads[1]["items"]
    assert (heads[1]["invited"], heads[1]["more"]) == (0, True)
    said_of, after = [], heads[1]["next_cursor"]
    while after is not None:
        page = await place.invite(made, **given, after=after)
        said_of += [one["rule"] for one in page["items"]]
        after = page["next_cursor"]
    assert said_of == ["same-kind-again", None, None, None]
    assert len(await invited_to(place, made)) == 3
    path = f"/v1/occasions/{made['occasion_id']}/invitations"
    others = {"segments": ["vic"], "after": heads[1]["next_cursor"]}
    assert problem(await ask(place.events, path, others)) == "bad-request"
    named = {"client_ids": [str(fresh[0].client_id)], "after": heads[1]["next_cursor"]}
    assert problem(await ask(place.events, path, named)) == "malformed"


async def invited_to(place: Salon, occasion: dict[str, Any]) -> list[dict[str, Any]]:
    """The guests of an occasion, as its house lists them."""
    guests = await place.events.get(f"/v1/occasions/{occasion['occasion_id']}/invitations")
    return list(said(guests)["items"])


async def test_headquarters_invite_nobody_whom_profile_does_not_know(running: Start) -> None:
    place = await salon(running)
    known, unheard, stranger = await place.of("core", owned=False), client(), client()
    place.door.strangers.add(str(stranger.client_id))
    made = await place.occasion()
    path = f"/v1/occasions/{made['occasion_id']}/invitations"
    named = {"client_ids": [str(one.client_id) for one in (known, unheard, stranger)], "dry_run": False}
    done = said(await ask(place.hq, path, named), 201)
    assert [one["rule"] for one in done["items"]] == [None, None, "not-found"]
    assert {
        one["client_id"] for one in await place.house.running.rows("select client_id from occasion_invitation")
    } == {
        known.client_id,
        unheard.client_id,
    }
    # Who cannot be asked about is not guessed at; of whom facts have told needs no question.
    place.door.away = True
    assert problem(await ask(place.hq, path, named)) == "peer-unavailable"
    assert said(await ask(place.hq, path, {"client_ids": [str(known.client_id)]}), 201)["refused"] == 1


async def test_advisors_invite_their_own_clients_by_name_and_boutiques_theirs(running: Start) -> None:
    place = await salon(running)
    hers, others = await place.of("core"), await place.of("core", owned=False)
    made = await place.occasion()
    path = f"/v1/occasions/{made['occasion_id']}/invitations"
    advisor = staff(Role.ADVISOR, place.house.boutique_id, advisor_id=place.house.advisor_ids[0])
    named = {"client_ids": [str(hers.client_id), str(others.client_id)]}
    done = said(await ask(place.house.by(advisor), path, named), 201)
    assert [one["rule"] for one in done["items"]] == [None, "not-found"]
    assert problem(await ask(place.house.by(advisor), path, {"segments": ["core"]})) == "not-permitted"
    assert [one["rule"] for one in said(await ask(place.events, path, named), 201)["items"]] == [None, "not-found"]
    assert [one["rule"] for one in said(await ask(place.hq, path, named), 201)["items"]] == [None, None]
    elsewhere = {"segments": ["core"], "boutique_id": str(new_id())}
    assert problem(await ask(place.events, path, elsewhere)) == "not-found"
    assert problem(await ask(place.events, path, {})) == "malformed"
    stranger = staff(Role.ADVISOR, place.house.boutique_id, advisor_id=str(new_id()))
    guests = f"/v1/occasions/{made['occasion_id']}/invitations"
    await place.invite(made, hers)
    assert said(await place.house.by(stranger).get(guests))["items"] == []
    assert len(said(await place.house.by(advisor).get(guests))["items"]) == 1


async def test_no_client_is_asked_too_often_or_to_the_same_kind_twice_in_a_row(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    first, same = await place.occasion(), await place.occasion()
    await place.invited(first, her)
    assert await rules(place, same, her) == ["same-kind-again"]
    for kind in ("workshop", "master-class"):
        place.house.clock.advance(hours=1)
        await place.invited(await place.occasion(kind=kind), her)
    assert await rules(place, same, her) == ["too-many-invitations"]
    place.house.clock.advance(days=31)
    late = await place.occasion(sessions=[place.session("2030-04-01 19:00")])
    assert await rules(place, late, her) == [None]


async def test_a_vic_who_declined_twice_is_left_in_peace_with_that_kind(running: Start) -> None:
    place = await salon(running)
    vic, core = await place.of("vic"), await place.of("core")
    setting = {"most_invitations": 50, "alternates": False}
    said(await place.hq.put("/v1/occasion-policy", json=setting, headers={"If-Match": '"0"'}))
    for _ in range(2):
        made = await place.occasion()
        for her, invitation in zip((vic, core), await place.invited(made, vic, core), strict=True):
            said(await place.replies(her, invitation, "decline"))
    third = await place.occasion()
    assert await rules(place, third, vic, core) == ["declined-this-kind", None]
    assert await rules(place, await place.occasion(kind="workshop"), vic) == [None]
    place.house.clock.advance(days=181)
    later = await place.occasion(sessions=[place.session("2030-09-01 19:00")])
    assert await rules(place, later, vic) == [None]


async def test_two_records_of_one_client_are_one_guest(running: Start) -> None:
    place = await salon(running)
    her, merged = await place.of("core"), client()
    fact = {"merge_id": str(new_id()), "client_id": str(her.client_id), "merged_client_id": str(merged.client_id)}
    await tell(place.house.running, "profile.identities-merged.v1", fact, about=f"client:{her.client_id}")
    made = await place.occasion()
    assert await rules(place, made, her, merged) == [None, "already-invited"]
    await place.told()
    assert (await place.mine(merged, made))["status"] == "invited"


async def test_the_same_key_invites_once(running: Start) -> None:
    place = await salon(running)
    her = await place.of("core")
    made = await place.occasion()
    path, key = f"/v1/occasions/{made['occasion_id']}/invitations", once()
    form = {"client_ids": [str(her.client_id)], "dry_run": False}
    events = place.events  # one and the same person
    answers = [said(await events.post(path, json=form, headers=key), 201) for _ in range(2)]
    assert answers[0] == answers[1]
    cancelled = await place.step(made, "cancel")
    assert problem(await ask(place.events, path, form)) == "occasion-not-open"
    assert cancelled["status"] == "cancelled"


async def test_who_has_herself_erased_gives_up_her_seat_and_is_nobody_in_the_figures(running: Start) -> None:
    place = await salon(running)
    her, other = await place.of("core"), await place.of("core")
    made = await place.occasion()
    await place.accepts(her, made, plus_ones=2)
    await place.accepts(other, made)
    erased = {"erasure_id": str(new_id()), "client_ids": [str(her.client_id), str(other.client_id)]}
    await tell(place.house.running, "profile.client-erased.v1", erased, about=f"client:{her.client_id}")
    assert await place.seats() == [(0, 0)]
    rows = await place.house.running.rows("select client_id, status from occasion_invitation")
    assert {(row["client_id"].int, row["status"]) for row in rows} == {(0, "cancelled")}
    assert await rules(place, await place.occasion(kind="workshop"), her) == ["not-found"]
