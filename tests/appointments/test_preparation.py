"""The sheet for a visit: joined from three services, whole or in part, never a fault."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from infra.identity import Role, Verifier
from infra.ids import new_id
from tests.appointments.build import House, client, house, problem, staff
from tests.conftest import Start

CARD = {"client_id": "x", "display_name": "王女士", "segment": "vic"}
SHEET = {"items": [{"assortment_id": "a", "pieces": []}, {"assortment_id": "older"}]}

Answer = Callable[[httpx.Request], httpx.Response]


def says(status: int, body: object) -> Answer:
    return lambda _: httpx.Response(status, json=body)


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


def babbling(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>")


async def prepared(running: Start, profile: Answer, recommend: Answer) -> tuple[House, dict[str, object]]:
    transports = {"profile": httpx.MockTransport(profile), "recommend": httpx.MockTransport(recommend)}
    place = await house(running, transports=transports)
    visit = await place.visit()
    answer = await place.manager().get(f"/v1/appointments/{visit['appointment_id']}/preparation")
    assert answer.status_code == 200, answer.text
    return place, answer.json()


async def test_the_sheet_joins_the_visit_the_card_and_the_assortment(running: Start) -> None:
    asked: list[httpx.Request] = []

    def profile(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=CARD)

    def recommend(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=SHEET)

    place, sheet = await prepared(running, profile, recommend)
    assert (sheet["card"], sheet["card_note"]) == (CARD, None)
    assert (sheet["assortment"], sheet["assortment_note"]) == (SHEET["items"][0], None)
    assert (sheet["room_name_en"], sheet["experience_name_en"]) == ("Cloud", "Private appointment")
    visit = sheet["appointment"]
    assert isinstance(visit, dict)
    by_host = {request.url.path: request for request in asked}
    card = by_host[f"/v1/clients/{visit['client_id']}/card"]
    token = card.headers["Authorization"].removeprefix("Bearer ")
    caller = Verifier("profile", place.running.settings.inner_jwks).verify(token)
    assert (caller.role, caller.brand_id, caller.subject) == (Role.SERVICE, "lumiere", "appointments")
    assert by_host["/v1/assortments"].url.params["appointment_id"] == visit["appointment_id"]


@pytest.mark.parametrize(
    ("profile", "recommend", "card_note", "assortment_note"),
    [
        (silent, silent, "away", "away"),
        (says(500, {}), says(503, {}), "away", "away"),
        (says(404, {"type": "urn:maison:problem:not-found"}), says(403, {}), "refused", "refused"),
        (babbling, babbling, "away", "away"),
        (says(200, []), says(200, {"items": "none"}), "away", "away"),
        (says(200, CARD), says(200, {"items": []}), None, "none-prepared"),
    ],
)
async def test_a_part_that_is_missing_says_why(
    running: Start, profile: Answer, recommend: Answer, card_note: str | None, assortment_note: str
) -> None:
    _, sheet = await prepared(running, profile, recommend)
    assert (sheet["card_note"], sheet["assortment_note"]) == (card_note, assortment_note)
    assert sheet["assortment"] is None


async def test_a_peer_that_hangs_does_not_hold_up_the_sheet(running: Start) -> None:
    class Hangs(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002
            await asyncio.Event().wait()
            raise AssertionError

    place = await house(running, transports={"profile": Hangs(), "recommend": httpx.MockTransport(says(200, SHEET))})
    visit = await place.visit()
    async with asyncio.timeout(10):
        answer = await place.manager().get(f"/v1/appointments/{visit['appointment_id']}/preparation")
    assert answer.json()["card_note"] == "away"
    assert answer.json()["assortment"] == SHEET["items"][0]


async def test_without_a_visit_due_the_client_is_not_shown(running: Start) -> None:
    transports = {name: httpx.MockTransport(says(200, CARD)) for name in ("profile", "recommend")}
    place = await house(running, transports=transports)
    visit = await place.visit()
    await place.step(place.manager(), visit["appointment_id"], "cancel")
    sheet = (await place.manager().get(f"/v1/appointments/{visit['appointment_id']}/preparation")).json()
    assert (sheet["card"], sheet["card_note"], sheet["assortment_note"]) == (None, "not-expected", "not-expected")


async def test_the_sheet_is_for_those_who_receive_her_there(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    path = f"/v1/appointments/{visit['appointment_id']}/preparation"
    assert (await place.by(her).get(path)).status_code == 403
    elsewhere = await place.by(staff(Role.ADVISOR, str(new_id()))).get(path)
    assert (elsewhere.status_code, problem(elsewhere.json())) == (404, "not-found")
