"""Who sees and may do what with appointments, what is free, and what comes malformed."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from infra.identity import Role
from infra.ids import new_id
from infra.wire import cursor as made_up
from tests.appointments import build
from tests.appointments.build import House, ask, at, client, house, post, said, staff
from tests.asking import problem
from tests.conftest import Start


async def test_staff_say_for_whom_and_clients_only_for_themselves(running: Start) -> None:
    place = await house(running)
    assert problem(await ask(place.manager(), "/v1/appointments", place.form())) == "client-missing"
    whose = str(new_id())
    held = await post(place.manager(), "/v1/appointments", place.form(client_id=whose))
    assert held["client_id"] == whose
    assert problem(await place.asks(client_id=whose)) == "not-permitted"
    stranger = place.by(staff(Role.ADVISOR, str(new_id())))
    assert problem(await ask(stranger, "/v1/appointments", place.form(client_id=whose))) == "not-found"


async def test_a_client_is_not_told_why_this_advisor_receives_her(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    (listed,) = said(await place.by(her).get("/v1/me/appointments"))["items"]
    read = said(await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}"))
    (told,) = said(await place.manager().get("/v1/appointments"))["items"]
    ours = {"assigned_for", "made_by", "needs_approval_for", "decided_by", "overridden", "agreed_by", "excused"}
    assert listed == {name: value for name, value in told.items() if name not in ours}
    assert visit == read
    assert read.keys() - listed.keys() == {"words", "proposal_id"}
    assert told["assigned_for"] == await place.assigned_for(visit["appointment_id"]) == "rotation"


async def test_staff_book_without_notice(running: Start) -> None:
    place = await house(running, notice_minutes=600)
    await post(place.manager(), "/v1/appointments", place.form("2030-01-07 10:00", client_id=str(new_id())))
    assert (await place.free(first="2030-01-07 00:00", last="2030-01-07 23:00"))[0][
        "starts_at"
    ] == "2030-01-07T11:00:00Z"


async def test_everyone_sees_her_own_and_the_rest_is_absent(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    path = f"/v1/appointments/{visit['appointment_id']}"
    sees = [
        her,
        staff(Role.ADVISOR, place.boutique_id),
        staff(Role.MANAGER, place.boutique_id),
        staff(Role.REGIONAL, str(new_id()), place.boutique_id),
        staff(Role.CLIENT_SERVICE),
        build.headquarters(),
    ]
    blind = [
        client(),
        client(her.client_id, brand="aurore"),
        staff(Role.ADVISOR, str(new_id())),
        staff(Role.MANAGER),
        build.headquarters("aurore"),
    ]
    for caller in sees:
        assert (await place.by(caller).get(path)).status_code == 200, caller.role
    for caller in blind:
        assert (await place.by(caller).get(path)).status_code == 404, caller.role
        for step in ("confirm", "cancel", "check-in", "complete", "no-show"):
            answer = await place.by(caller).post(f"{path}/{step}")
            assert answer.status_code in {403, 404}, (caller.role, step)
        target = at("2030-01-09 11:00").isoformat()
        moved = await place.tries(place.by(caller), visit["appointment_id"], "move", starts_at=target)
        assert moved.status_code in {403, 404}
    assert (await place.by(staff(Role.POS)).get(path)).status_code == 403


async def test_lists_show_what_the_caller_may_see_page_by_page(running: Start) -> None:
    place = await house(running)
    her = client()
    made = [await place.visit(her, f"2030-01-{day:02} 11:00") for day in (10, 9, 8)]
    await place.visit(local="2030-01-08 14:00")
    ids = [one["appointment_id"] for one in reversed(made)]
    assert [one["appointment_id"] for one in await _all(place, "/v1/me/appointments", her)] == ids
    manager = staff(Role.MANAGER, place.boutique_id)
    assert len(await _all(place, "/v1/appointments", manager)) == 4
    assert len(await _all(place, "/v1/appointments", staff(Role.MANAGER, str(new_id())))) == 0
    for narrowed, count in [
        ({"client_id": str(her.client_id)}, 3),
        ({"advisor_id": str(new_id())}, 0),
        ({"boutique_id": place.boutique_id, "from": "2030-01-09T00:00:00Z", "to": "2030-01-10T00:00:00Z"}, 1),
    ]:
        assert len(await _all(place, "/v1/appointments", manager, **narrowed)) == count


async def _all(place: House, path: str, caller: Any, **params: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        page = (await place.by(caller).get(path, params={"limit": "2", **params, **more})).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        more = {"cursor": page["next_cursor"]}


async def test_free_times_are_pages_and_what_is_shown_can_be_had(running: Start) -> None:
    place = await house(running, advisors=2)
    await place.hold()
    her = client()
    shown = await place.free(her)
    assert [slot["starts_at"] for slot in shown][:2] == ["2030-01-08T02:00:00Z", "2030-01-08T04:00:00Z"]
    first = place.by(her)
    params = {
        "boutique_id": place.boutique_id,
        "experience_id": place.experience["experience_id"],
        "from": "2030-01-07T16:00:00Z",
        "to": "2030-01-08T16:00:00Z",
        "limit": "5",
    }
    paged: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = (await first.get("/v1/availability", params=params | ({"cursor": cursor} if cursor else {}))).json()
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == shown
    one = await place.free(her, advisor_id=place.advisor_ids[1])
    assert {tuple(slot["advisor_ids"]) for slot in one} == {(place.advisor_ids[1],)}
    await place.hold(her, starts_at=shown[-1]["starts_at"])


async def test_free_times_tell_staff_nothing_of_a_client(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    manager = staff(Role.MANAGER, place.boutique_id)
    visit = await place.visit()
    # Whomever they name, they see who is free and not when she is elsewhere.
    assert await place.free(manager, client_id=visit["client_id"]) == await place.free(manager)
    assert visit["starts_at"] in {slot["starts_at"] for slot in await place.free(manager, client_id=visit["client_id"])}


async def test_free_times_cost_the_same_number_of_statements_however_many_there_are(running: Start) -> None:
    place = await house(running)
    counted: list[str] = []
    engine = place.running.kit.database.engine.sync_engine

    def count(*arguments: Any) -> None:
        counted.append(arguments[2])

    async def statements(last: str) -> int:
        counted.clear()
        event.listen(engine, "before_cursor_execute", count)
        await place.free(last=last)
        event.remove(engine, "before_cursor_execute", count)
        # Only the request's own: the loops of the service look at the database too.
        return len([one for one in counted if re.search(r"brand_id = [:$]", one)])

    few = await statements("2030-01-08 12:00")
    for _ in range(8):
        await build.advisor(place.manager(), place.boutique_id)
        await build.room(place.manager(), place.boutique_id)
    for clock in range(10, 18):
        await place.hold(local=f"2030-01-08 {clock}:00")
    assert await statements("2030-02-05 00:00") == few == 7


async def test_malformed_requests_are_refused_before_the_database(running: Start) -> None:
    place = await house(running)
    http = place.by(client())
    for wrong in (
        {"starts_at": "2030-01-08T11:00:00"},
        {"starts_at": "9999-12-31T23:59:59-23:59"},
        {"starts_at": "0001-01-01T00:00:00+23:59"},
        {"starts_at": 10**20},
        {"party_size": 0},
        {"party_size": 21},
        {"party_size": 10**12},
        {"piece_code": "\u0000"},
        {"advisor_id": "nobody"},
        {"status": "confirmed"},
    ):
        assert problem(await ask(http, "/v1/appointments", {**place.form(), **wrong})) == "malformed"
    keyless = await http.post("/v1/appointments", json=place.form())
    assert keyless.status_code == 400
    base = {"boutique_id": place.boutique_id, "experience_id": place.experience["experience_id"]}
    for first, last, status in [
        ("2030-01-01T00:00:00Z", "2030-03-01T00:00:00Z", 400),
        ("2030-01-02T00:00:00Z", "2030-01-01T00:00:00Z", 400),
        ("yesterday", "2030-01-01T00:00:00Z", 422),
        ("2030-01-01T00:00:00", "2030-01-02T00:00:00Z", 422),
    ]:
        answer = await http.get("/v1/availability", params={**base, "from": first, "to": last})
        assert answer.status_code == status
    assert await _statuses(http, "/v1/me/appointments", "x", "bm9uc2Vuc2U") == {400}


@pytest.mark.parametrize("missing", ["boutique_id", "experience_id"])
async def test_what_does_not_exist_cannot_be_booked(running: Start, missing: str) -> None:
    place = await house(running)
    form = {**place.form(), missing: str(new_id())}
    assert problem(await ask(place.by(client()), "/v1/appointments", form)) == "not-found"


async def test_a_repeated_request_with_its_key_holds_once_for_thirty_days(running: Start) -> None:
    place = await house(running)
    http = place.by(client())
    answers = [
        await http.post("/v1/appointments", json=place.form(), headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await place.running.rows("select 1 from appointment")) == 1
    kept = "select 1 from idempotency_key where expires_at > now() + interval '29 days'"
    assert len(await place.running.rows(kept)) == 1


async def test_cursors_that_were_made_up_with_care_are_refused_too(running: Start) -> None:
    place = await house(running)
    http = place.by(client(client_id := new_id()))
    mine = f"my appointments {client_id} None None"
    wrong = ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "soon"]
    forged = [made_up(moment, new_id(), of=mine) for moment in wrong] + [made_up("2030-01-01T00:00:00Z", "x", of=mine)]
    assert await _statuses(http, "/v1/me/appointments", *forged) == {400}
    codes = [made_up(code, of="regions") for code in ("\x00", "\ud800")]
    assert await _statuses(http, "/v1/regions", *codes) == {400}
    assert await _statuses(http, "/v1/regions", made_up("fine", of="regions"), made_up("号", of="regions")) == {200}


async def _statuses(http: httpx.AsyncClient, path: str, *cursors: str) -> set[int]:
    return {(await http.get(path, params={"cursor": cursor})).status_code for cursor in cursors}
