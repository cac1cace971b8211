"""Nobody opens a client by booking her: profile is asked first, as whoever books."""

import asyncio
import json

import httpx
import pytest

from infra.identity import Role, Verifier
from infra.ids import new_id
from tests.appointments.build import CARD, at, headquarters, house, post, profile, said, staff
from tests.asking import once, problem
from tests.conftest import Start


async def test_profile_is_asked_with_the_callers_own_rights(running: Start) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=CARD)

    place = await house(running, transports={"profile": httpx.MockTransport(answer)})
    advisor = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])
    whose = str(new_id())
    held = await place.hold(advisor, client_id=whose)
    place.clock.now = at("2030-01-07 12:00")
    await place.step(place.by(advisor), held["appointment_id"], "cancel")
    again = await place.visit(advisor, client_id=whose)
    said(await place.by(advisor).get(f"/v1/appointments/{again['appointment_id']}/preparation"))
    looks = f"/v1/clients/{whose}/looks"
    assert [request.url.path for request in asked if request.url.path != "/v1/messages"] == [looks, looks, "/v1/briefs"]
    rights = {
        "subject": advisor.subject,
        "role": "advisor",
        "advisor_id": place.advisor_ids[0],
        "boutique_ids": [place.boutique_id],
    }
    told = [json.loads(request.content) for request in asked if request.url.path != "/v1/messages"]
    assert told[:2] == [{**rights, "seen": "booking"}] * 2
    assert told[2].items() >= {**rights, "seen": "preparation", "client_ids": [whose]}.items()
    token = asked[0].headers["Authorization"].removeprefix("Bearer ")
    caller = Verifier("profile", place.running.settings.inner_jwks).verify(token)
    assert (caller.role, caller.brand_id, caller.subject) == (Role.SERVICE, "lumiere", "appointments")


async def test_a_client_books_for_herself_without_anybodys_leave(running: Start) -> None:
    place = await house(running, transports={"profile": profile(status=500)})
    await place.visit()


@pytest.mark.parametrize("role", [Role.ADVISOR, Role.MANAGER, Role.CLIENT_SERVICE])
async def test_whom_profile_does_not_show_cannot_be_booked(running: Start, role: Role) -> None:
    unknown = {"type": "urn:maison:problem:client-unknown"}
    place = await house(running, transports={"profile": profile(status=404, body=unknown)})
    refused = await place.asks(staff(role, place.boutique_id), client_id=str(new_id()))
    assert problem(refused) == "not-found"
    assert await place.running.rows("select 1 from appointment") == []


async def test_while_profile_is_away_staff_are_asked_to_try_again_and_then_can(running: Start) -> None:
    answers = [httpx.Response(503), httpx.Response(200, text="<html>"), httpx.Response(200, json=[])]

    async def recovering(_: httpx.Request) -> httpx.Response:
        if answers:
            return answers.pop()
        hanging.set()
        await recovered.wait()
        return httpx.Response(200, json=CARD)

    hanging, recovered = asyncio.Event(), asyncio.Event()
    place = await house(running, transports={"profile": httpx.MockTransport(recovering)})
    http, form, key = place.manager(), place.form(client_id=str(new_id())), once()
    for _ in range(4):
        # The fourth time profile hangs: the answer does not.
        async with asyncio.timeout(5):
            away = await http.post("/v1/appointments", json=form, headers=key)
        assert (problem(away), away.headers["Retry-After"]) == ("peer-unavailable", "1")
    assert hanging.is_set()
    recovered.set()
    assert (await http.post("/v1/appointments", json=form, headers=key)).status_code == 201


async def test_the_real_profile_decides_and_writes_down_who_booked(running: Start) -> None:
    knows = await running("profile")
    place = await house(running, transports={"profile": knows.transport})
    desk = knows.client(headquarters())
    advisor = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])
    own, other = [(await post(desk, "/v1/clients", {"display_name": "王女士"}))["client_id"] for _ in range(2)]
    owner = {"advisor_id": place.advisor_ids[0], "boutique_id": place.boutique_id}
    said(await desk.put(f"/v1/clients/{own}/owner", json=owner, headers={"If-Match": "*"}))
    assert problem(await place.asks(advisor, client_id=other)) == "not-found"
    held = await place.hold(advisor, client_id=own)
    assert held["client_id"] == own
    log = said(await desk.get(f"/v1/clients/{own}/access-log"))["items"]
    assert ("booking", advisor.subject, "owner") in {(one["seen"], one["subject"], one["ground"]) for one in log}
