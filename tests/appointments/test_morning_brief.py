"""A boutique's morning: the day in order, what is missing, and as many calls for one visit as for many."""

import json
from collections import Counter

import httpx
import pytest

from infra.identity import Role
from tests.appointments.build import CARD, House, at, briefs, client, headquarters, house, room, said, staff
from tests.appointments.test_preparation import silent
from tests.asking import problem
from tests.conftest import Start


class Peers:
    """Three services that answer, and count how often they are asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked[path] += path != "/v1/messages"
        match path:
            case "/v1/briefs":
                return briefs(request, gifts=[{"name": "月饼"}])
            case "/v1/work-orders/open":
                asked = json.loads(request.content)["client_ids"]
                return httpx.Response(200, json={"items": [{"client_id": asked[0], "work_orders": [{}, {}]}]})
            case "/v1/assortments/laid-out":
                asked = json.loads(request.content)["appointment_ids"]
                items = [{"appointment_id": one, "pieces": 6, "not_in_stock": 1} for one in asked[:1]]
                return httpx.Response(200, json={"items": items})
            case _:
                return httpx.Response(202, json={"status": "queued"})

    @property
    def transports(self) -> dict[str, httpx.MockTransport]:
        return {name: httpx.MockTransport(self.answer) for name in ("profile", "feedback", "recommend")}


async def _brief(place: House, **params: str) -> dict[str, object]:
    return said(await place.manager().get(f"/v1/boutiques/{place.boutique_id}/morning-brief", params=params))


async def test_the_day_in_order_with_who_receives_whom_where_and_what_is_missing(running: Start) -> None:
    peers = Peers()
    place = await house(running, transports=peers.transports)
    late = await place.visit(local="2030-01-08 15:00")
    early = await place.visit(local="2030-01-08 10:00")
    await place.visit(local="2030-01-09 10:00")
    gone = await place.visit(local="2030-01-08 12:00")
    said(await place.manager().post(f"/v1/appointments/{gone['appointment_id']}/cancel"))
    tea = {"refreshments": "乌龙"}
    at_early = f"/v1/appointments/{early['appointment_id']}/arrangements"
    said(await place.manager().put(at_early, json=tea, headers={"If-Match": '"0"'}))
    place.clock.now = at("2030-01-08 09:30")
    brief = await _brief(place)
    assert (brief["on"], brief["more"]) == ("2030-01-08", False)
    visits = brief["visits"]
    assert isinstance(visits, list)
    assert [one["appointment_id"] for one in visits] == [early["appointment_id"], late["appointment_id"]]
    by_id = {one["appointment_id"]: one for one in visits}
    first = by_id[early["appointment_id"]]
    assert (first["card"], first["advisor_name"], first["room_name_zh"]) == (CARD, "林静", "云起厅")
    assert (first["gifts_due"], first["refreshments"]) == (1, "乌龙")
    assert sorted(one["work_orders_open"] for one in visits) == [0, 2]
    # One of the two has an assortment with a piece that is not there, the other has none.
    prepared = min(by_id)
    assert [by_id[one]["pieces"] for one in sorted(by_id)] == [6, 0]
    assert "pieces" in by_id[prepared]["missing"]
    assert "assortment" in by_id[max(by_id)]["missing"]
    assert "arrangement" not in first["missing"]
    assert "arrangement" in by_id[late["appointment_id"]]["missing"]
    tomorrow = await _brief(place, on="2030-01-09")
    assert isinstance(tomorrow["visits"], list)
    # Half past nine today, ten tomorrow: more than a day before she comes, so nobody shows her yet.
    assert [(one["card"], one["card_note"]) for one in tomorrow["visits"]] == [(None, "not-expected")]


async def test_the_calls_do_not_grow_with_the_visits(running: Start) -> None:
    peers = Peers()
    place = await house(running, transports=peers.transports, needs_room=False, advisors=4)
    place.clock.now = at("2030-01-07 09:00")
    counts = []
    for several in (1, 12):
        for number in range(several):
            hour = 10 + number // 4 if several > 1 else 19
            await place.visit(local=f"2030-01-08 {hour}:00")
        place.clock.now = at("2030-01-08 09:00")
        peers.asked.clear()
        await _brief(place)
        counts.append(dict(+peers.asked))
        place.clock.now = at("2030-01-07 09:00")
    once_each = {"/v1/briefs": 1, "/v1/work-orders/open": 1, "/v1/assortments/laid-out": 1}
    assert counts == [once_each, once_each]


async def test_a_day_without_visits_asks_nobody(running: Start) -> None:
    peers = Peers()
    place = await house(running, transports=peers.transports)
    brief = await _brief(place, on="2030-03-01")
    assert (brief["visits"], +peers.asked) == ([], Counter())


async def test_a_service_that_is_away_leaves_a_note_and_the_rest_stands(running: Start) -> None:
    away = httpx.MockTransport(silent)
    place = await house(running, transports=dict.fromkeys(("profile", "feedback", "recommend"), away))
    await place.visit()
    place.clock.now = at("2030-01-08 09:00")
    brief = await _brief(place)
    assert (brief["profile_note"], brief["work_orders_note"], brief["assortments_note"]) == ("away",) * 3
    visits = brief["visits"]
    assert isinstance(visits, list)
    [visit] = visits
    assert (visit["card_note"], visit["gifts_due"], visit["work_orders_open"], visit["pieces"]) == (
        "away",
        None,
        None,
        None,
    )
    # Nobody can say whether pieces are chosen: so it is not called missing.
    assert visit["missing"] == ["arrangement"]


async def test_the_day_is_the_boutiques_own(running: Start) -> None:
    place = await house(running, transports=Peers().transports)
    await place.visit(local="2030-01-08 19:00")
    place.clock.now = at("2030-01-08 00:30")  # in London it is still the seventh
    visits = (await _brief(place))["visits"]
    assert isinstance(visits, list)
    assert len(visits) == 1


async def test_a_morning_is_for_those_of_the_boutique(running: Start) -> None:
    place = await house(running, transports=Peers().transports)
    await place.visit()
    place.clock.now = at("2030-01-08 09:00")
    for part in ("", "/print"):
        path = f"/v1/boutiques/{place.boutique_id}/morning-brief{part}"
        assert (await place.by(client()).get(path)).status_code == 403
        elsewhere = said(await place.by(headquarters()).get("/v1/regions"))["items"][0]["region_id"]
        assert problem(await place.by(staff(Role.MANAGER, elsewhere)).get(path)) == "not-found"
        for on in ("2030-13-01", "1999-12-31", "2101-01-01", "5", "0001-01-01", "9999-12-31"):
            assert problem(await place.manager().get(path, params={"on": on})) == "malformed"


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("今日接待", "尚缺", "云起厅")), ("en", ("Still missing", "Cloud"))]
)
async def test_it_can_be_printed(running: Start, language: str, words: tuple[str, ...]) -> None:
    place = await house(running, transports=Peers().transports)
    await room(place.by(headquarters()), place.boutique_id)
    await place.visit()
    place.clock.now = at("2030-01-08 09:00")
    answer = await place.manager().get(
        f"/v1/boutiques/{place.boutique_id}/morning-brief/print", headers={"Accept-Language": language}
    )
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    for one in (*words, "王女士"):
        assert one in answer.text
