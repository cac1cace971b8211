"""The sheet for a visit: joined from three services, whole or in part, never a fault."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from infra.identity import Caller, Role, Verifier
from infra.ids import new_id
from tests.appointments.build import CARD, House, at, client, headquarters, house, said, staff
from tests.asking import problem
from tests.conftest import Start

SHEET = {"items": [{"assortment_id": "a", "pieces": []}, {"assortment_id": "older"}]}
UNKNOWN = {"type": "urn:maison:problem:client-unknown"}

Answer = Callable[[httpx.Request], httpx.Response]


def says(status: int, body: object) -> Answer:
    return lambda _: httpx.Response(status, json=body)


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


def babbling(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>")


async def begun(running: Start, profile: Answer, recommend: Answer) -> tuple[House, str]:
    """A house with a visit tomorrow at eleven, and the path of its sheet."""
    transports = {"profile": httpx.MockTransport(profile), "recommend": httpx.MockTransport(recommend)}
    place = await house(running, transports=transports)
    visit = await place.visit()
    place.clock.now = at("2030-01-07 11:00")
    return place, f"/v1/appointments/{visit['appointment_id']}"


async def test_the_sheet_joins_the_visit_the_card_and_the_assortment(running: Start) -> None:
    asked: list[httpx.Request] = []

    def recommend(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=SHEET)

    place, path = await begun(running, says(200, CARD), recommend)
    sheet = said(await place.manager().get(f"{path}/preparation"))
    assert (sheet["card"], sheet["card_note"]) == (CARD, None)
    assert (sheet["assortment"], sheet["assortment_note"]) == (SHEET["items"][0], None)
    assert (sheet["room_name_en"], sheet["experience_name_en"]) == ("Cloud", "Private appointment")
    assert asked[0].url.path == "/v1/assortments"
    assert asked[0].url.params["appointment_id"] == sheet["appointment"]["appointment_id"]
    token = asked[0].headers["Authorization"].removeprefix("Bearer ")
    caller = Verifier("recommend", place.running.settings.inner_jwks).verify(token)
    assert (caller.role, caller.brand_id, caller.subject) == (Role.SERVICE, "lumiere", "appointments")


@pytest.mark.parametrize(
    ("profile", "recommend", "card_note", "assortment_note"),
    [
        (silent, silent, "away", "away"),
        (says(500, {}), says(503, {}), "away", "away"),
        (says(404, UNKNOWN), says(403, {}), "refused", "refused"),
        (says(403, {}), says(200, {"items": []}), "refused", "none-prepared"),
        (babbling, babbling, "away", "away"),
        (says(200, []), says(200, {"items": "none"}), "away", "away"),
        (says(200, CARD), says(200, []), None, "away"),
        (says(200, CARD), says(200, {"items": []}), None, "none-prepared"),
    ],
)
async def test_a_part_that_is_missing_says_why(
    running: Start, profile: Answer, recommend: Answer, card_note: str | None, assortment_note: str
) -> None:
    place, path = await begun(running, profile, recommend)
    sheet = said(await place.manager().get(f"{path}/preparation"))
    assert (sheet["card_note"], sheet["assortment_note"]) == (card_note, assortment_note)
    assert sheet["assortment"] is None


@pytest.mark.parametrize(("profile", "note"), [(says(404, UNKNOWN), "refused"), (silent, "away")])
async def test_without_profiles_yes_pieces_are_laid_out_only_where_she_is_received_and_until_she_leaves(
    running: Start, profile: Answer, note: str
) -> None:
    place, path = await begun(running, profile, says(200, SHEET))
    advisor = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])

    async def shown(caller: Caller) -> tuple[object, object, object]:
        sheet = said(await place.by(caller).get(f"{path}/preparation"))
        assert sheet["card"] is None
        return sheet["card_note"], sheet["assortment"], sheet["assortment_note"]

    for step in ("check-in", "complete"):
        assert await shown(advisor) == (note, SHEET["items"][0], None)
        for elsewhere in (headquarters(), staff(Role.CLIENT_SERVICE)):
            assert await shown(elsewhere) == (note, None, note)
        said(await place.by(advisor).post(f"{path}/{step}"))
    assert await shown(advisor) == (note, None, note)


async def test_a_peer_that_hangs_does_not_hold_up_the_sheet(running: Start) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    transports = {"profile": httpx.MockTransport(hang), "recommend": httpx.MockTransport(says(200, SHEET))}
    place = await house(running, transports=transports)
    visit = await place.visit()
    place.clock.now = at("2030-01-07 11:00")
    async with asyncio.timeout(10):
        answer = await place.manager().get(f"/v1/appointments/{visit['appointment_id']}/preparation")
    assert said(answer)["card_note"] == "away"
    assert said(answer)["assortment"] == SHEET["items"][0]


async def test_without_a_visit_due_nobody_is_asked_and_the_client_is_not_shown(running: Start) -> None:
    asked: list[httpx.Request] = []

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=CARD)

    place, path = await begun(running, counted, counted)
    place.clock.advance(seconds=-1)  # more than a day before she comes

    async def check() -> None:
        sheet = said(await place.manager().get(f"{path}/preparation"))
        assert (sheet["card"], sheet["card_note"], sheet["assortment_note"]) == (None, "not-expected", "not-expected")

    await check()
    place.clock.now = at("2030-01-09 12:00")  # a day after she was to have left
    await check()
    said(await place.manager().post(f"{path}/cancel"))
    place.clock.now = at("2030-01-08 10:00")
    await check()
    assert asked == []


async def test_the_sheet_is_for_those_who_receive_her_there(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    path = f"/v1/appointments/{visit['appointment_id']}/preparation"
    assert (await place.by(her).get(path)).status_code == 403
    assert problem(await place.by(staff(Role.ADVISOR, str(new_id()))).get(path)) == "not-found"
