"""The sheet for a visit: joined from four services, whole or in part, never a fault."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from infra.identity import Caller, Role, Verifier
from infra.ids import new_id
from tests.appointments.build import CARD, House, at, briefs, client, headquarters, house, said, staff
from tests.asking import problem
from tests.conftest import Start

SHEET = {"items": [{"assortment_id": "a", "pieces": []}, {"assortment_id": "older"}]}
UNKNOWN = {"type": "urn:maison:problem:client-unknown"}
PARTS = {
    "preferences": [{"topic": "colour", "value": "rose gold"}],
    "conversations": [{"kind": "call"}],
    "notes": [{"words": "likes the window seat"}],
    "purchases": [{"store_code": "BJ-SKP", "lines": []}],
    "wishes": [{"piece_code": "RING-1"}],
    "gifts": [{"name": "Mooncakes"}],
}

Answer = Callable[[httpx.Request], httpx.Response]


def says(status: int, body: object) -> Answer:
    return lambda _: httpx.Response(status, json=body)


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


def babbling(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>")


def knowing(request: httpx.Request) -> httpx.Response:
    """A profile that shows her, and takes messages."""
    if request.url.path == "/v1/briefs":
        return briefs(request, **PARTS)
    return httpx.Response(202, json={"status": "queued", "message_id": str(new_id())})


def complaining(request: httpx.Request) -> httpx.Response:
    """A feedback in which every client has something to be put right."""
    asked = json.loads(request.content)["client_ids"]
    orders = [{"severity": "high", "due_at": "2030-01-09T00:00:00+00:00", "overdue": False}]
    return httpx.Response(200, json={"items": [{"client_id": one, "work_orders": orders} for one in asked]})


async def begun(
    running: Start, profile: Answer, recommend: Answer, feedback: Answer = complaining, **given: Any
) -> tuple[House, str]:
    """A house with a visit tomorrow at eleven, and the path of its sheet."""
    peers = {"profile": profile, "recommend": recommend, "feedback": feedback}
    place = await house(running, transports={name: httpx.MockTransport(answer) for name, answer in peers.items()})
    visit = await place.visit(**given)
    place.clock.now = at("2030-01-07 11:00")
    return place, f"/v1/appointments/{visit['appointment_id']}"


async def test_the_sheet_joins_what_four_services_know(running: Start) -> None:
    asked: list[httpx.Request] = []

    def recommend(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=SHEET)

    place, path = await begun(running, knowing, recommend)
    sheet = said(await place.manager().get(f"{path}/preparation"))
    assert (sheet["card"], sheet["card_note"]) == (CARD, None)
    assert {name: sheet[name] for name in PARTS} == PARTS
    assert (sheet["work_orders"][0]["severity"], sheet["work_orders_note"]) == ("high", None)
    assert (sheet["assortment"], sheet["assortment_note"]) == (SHEET["items"][0], None)
    assert (sheet["room_name_en"], sheet["experience_name_en"]) == ("Cloud", "Private appointment")
    assert (sheet["advisor_name"], sheet["zone"], sheet["arrangement"]) == ("林静", "Asia/Shanghai", None)
    assert sheet["reference"] == sheet["appointment"]["appointment_id"].replace("-", "")[-8:].upper()
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
        (says(200, {"items": []}), says(200, {"items": []}), "refused", "none-prepared"),
        (babbling, babbling, "away", "away"),
        (says(200, []), says(200, {"items": "none"}), "away", "away"),
        (says(200, {"items": [{"client_id": "nobody"}]}), says(200, {"items": [1]}), "away", "away"),
        (knowing, says(200, []), None, "away"),
        (knowing, says(200, {"items": []}), None, "none-prepared"),
    ],
)
async def test_a_part_that_is_missing_says_why(
    running: Start, profile: Answer, recommend: Answer, card_note: str | None, assortment_note: str
) -> None:
    place, path = await begun(running, profile, recommend)
    sheet = said(await place.manager().get(f"{path}/preparation"))
    assert (sheet["card_note"], sheet["assortment_note"]) == (card_note, assortment_note)
    assert sheet["assortment"] is None
    if card_note is not None:
        assert [sheet[name] for name in PARTS] == [None] * len(PARTS)


@pytest.mark.parametrize(
    ("feedback", "orders", "note"),
    [(silent, None, "away"), (says(403, {}), None, "refused"), (says(200, {"items": []}), [], None)],
)
async def test_open_work_orders_are_a_part_of_their_own(
    running: Start, feedback: Answer, orders: list[object] | None, note: str | None
) -> None:
    place, path = await begun(running, knowing, says(200, SHEET), feedback)
    sheet = said(await place.manager().get(f"{path}/preparation"))
    assert (sheet["work_orders"], sheet["work_orders_note"], sheet["card"]) == (orders, note, CARD)


@pytest.mark.parametrize(("profile", "note"), [(says(404, UNKNOWN), "refused"), (silent, "away")])
async def test_without_profiles_yes_pieces_are_laid_out_only_where_she_is_received_and_until_she_leaves(
    running: Start, profile: Answer, note: str
) -> None:
    place, path = await begun(running, profile, says(200, SHEET))
    advisor = staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0])

    async def shown(caller: Caller) -> tuple[object, object, object]:
        sheet = said(await place.by(caller).get(f"{path}/preparation"))
        assert (sheet["card"], sheet["work_orders"], sheet["work_orders_note"]) == (None, None, note)
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
    place = await house(running, transports={**transports, "feedback": httpx.MockTransport(hang)})
    visit = await place.visit()
    place.clock.now = at("2030-01-07 11:00")
    async with asyncio.timeout(10):
        answer = await place.manager().get(f"/v1/appointments/{visit['appointment_id']}/preparation")
    assert said(answer)["card_note"] == "away"
    assert said(answer)["assortment"] == SHEET["items"][0]


async def test_without_a_visit_due_nobody_is_asked_and_the_client_is_not_shown(running: Start) -> None:
    asked: list[str] = []

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return knowing(request)

    place, path = await begun(running, counted, counted, counted)
    place.clock.advance(seconds=-1)  # more than a day before she comes

    async def check() -> None:
        sheet = said(await place.manager().get(f"{path}/preparation"))
        assert (sheet["card"], sheet["card_note"], sheet["assortment_note"]) == (None, "not-expected", "not-expected")
        assert (sheet["work_orders"], sheet["work_orders_note"]) == (None, "not-expected")

    await check()
    place.clock.now = at("2030-01-09 12:00")  # a day after she was to have left
    await check()
    said(await place.manager().post(f"{path}/cancel"))
    place.clock.now = at("2030-01-08 10:00")
    await check()
    assert [one for one in asked if not one.startswith("/v1/messages")] == []


async def test_the_sheet_is_for_those_who_receive_her_there(running: Start) -> None:
    place = await house(running)
    her = client()
    visit = await place.visit(her)
    path = f"/v1/appointments/{visit['appointment_id']}/preparation"
    for one in (path, f"{path}/print"):
        assert (await place.by(her).get(one)).status_code == 403
        assert problem(await place.by(staff(Role.ADVISOR, str(new_id()))).get(one)) == "not-found"


@pytest.mark.parametrize(("language", "title"), [("zh", "接待准备"), ("en", "Preparation")])
async def test_the_page_for_the_printer_runs_nothing_and_stays_nowhere(
    running: Start, language: str, title: str
) -> None:
    place, path = await begun(running, knowing, says(200, SHEET))
    answer = await place.manager().get(f"{path}/preparation/print", params={"language": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    for shown in (title, "王女士", "rose gold", "likes the window seat", "BJ-SKP", "RING-1", "Mooncakes"):
        assert shown in answer.text


async def test_the_page_says_what_she_chose_when_she_booked(running: Start) -> None:
    chosen: dict[str, Any] = {
        "configuration": {"metal": "platinum", "carat": 1.5, "engraving": "永恒"},
        "occasion": "engagement",
    }
    place, path = await begun(running, knowing, says(200, SHEET), piece_code="SETTING-7", **chosen)
    page = (await place.manager().get(f"{path}/preparation/print", params={"language": "en"})).text
    for shown in ("Piece: SETTING-7", "Occasion: engagement", "Metal: platinum", "Carat: 1.5", "Engraving: 永恒"):
        assert shown in page


async def test_what_somebody_wrote_is_text_on_the_page_whatever_it_says(running: Start) -> None:
    evil = "<script>alert(1)</script>"

    def profile(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/briefs":
            return knowing(request)
        card = {"display_name": evil, "addressed_as": evil}
        parts = {
            "preferences": [{"value": evil}, 7],
            "conversations": [{"kind": evil, "occurred_at": evil}],
            "notes": [{"words": evil}],
            "purchases": [{"store_code": evil, "lines": [{"piece_code": evil}, 1], "purchased_at": 5}],
            "wishes": "none",
        }
        asked = json.loads(request.content)["client_ids"]
        return httpx.Response(200, json={"items": [{"client_id": one, "card": card, **parts} for one in asked]})

    place, path = await begun(running, profile, says(200, {"items": [{"pieces": [{"name_zh": evil}]}]}))
    form = {"refreshments": evil, "room_setup": evil}
    tag = {"If-Match": '"0"'}
    said(await place.manager().put(f"{path}/arrangements", json=form, headers=tag))
    answer = await place.manager().get(f"{path}/preparation/print")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert answer.text.count("&lt;script&gt;") >= 9
