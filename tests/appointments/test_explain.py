"""Why there is no slot, and free times of a city: what is said of each start, to whom, in how many statements."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from infra.identity import Caller, Role
from infra.wire import cursor
from services.appointments.availability.rules import Actor, AdvisorTime, Lack, Outlook, RoomTime, Terms
from services.appointments.availability.rules.explaining import WORDS, Rule, explained
from services.appointments.directory.rules import Span
from tests.appointments import build
from tests.appointments.build import SHANGHAI, House, ask, at, client, house, said, staff
from tests.asking import problem, tell
from tests.conftest import Start

MINUTE = timedelta(minutes=1)
START = at("2030-01-08 00:00")
NOON = START + 720 * MINUTE
A, B, ROOM = UUID(int=1), UUID(int=2), UUID(int=9)


def span(first: int, length: int) -> Span:
    return Span(START + first * MINUTE, START + (first + length) * MINUTE)


DAY = span(600, 600)
TERMS = Terms(
    duration=60 * MINUTE,
    before=0 * MINUTE,
    after=0 * MINUTE,
    granularity=60 * MINUTE,
    notice=120 * MINUTE,
    horizon=timedelta(days=30),
    needs_room=True,
    skill=None,
)
OPEN = Outlook(
    zone=SHANGHAI,
    terms=TERMS,
    opening=(DAY,),
    advisors=(AdvisorTime(A, (DAY,), ()),),
    rooms=(RoomTime(ROOM, 4, ()),),
    client_busy=(),
    own_advisor_id=None,
)
AT_NOON = span(720, 60)
PAIR = replace(OPEN, terms=replace(TERMS, needs_second=True), seconds=(AdvisorTime(B, (DAY,), ()),))


@pytest.mark.parametrize(
    ("outlook", "given", "rule", "to_a_client"),
    [
        (OPEN, {}, None, None),
        (OPEN, {"is_offered": False}, Rule.NOT_OFFERED, Rule.NOT_OFFERED),
        (OPEN, {"is_open": False}, Rule.NOT_OPEN, Rule.NOT_OPEN),
        (OPEN, {"now": NOON + MINUTE}, Rule.PAST, Rule.PAST),
        (OPEN, {"now": NOON - 60 * MINUTE}, None, Rule.NOTICE),
        (OPEN, {"now": NOON - timedelta(days=30)}, Rule.HORIZON, Rule.HORIZON),
        (replace(OPEN, opening=(span(780, 60),)), {}, Rule.CLOSED, Rule.CLOSED),
        (replace(OPEN, closures=(span(779, 1),)), {}, Rule.CLOSURE, Rule.CLOSURE),
        (replace(OPEN, advisors=()), {}, Rule.NOBODY_OFFERS, Rule.NOBODY_OFFERS),
        (
            replace(OPEN, advisors=(), lacks=frozenset({Lack.LANGUAGE})),
            {},
            Rule.NOBODY_SPEAKS,
            Rule.NOBODY_SPEAKS,
        ),
        (replace(OPEN, advisors=(AdvisorTime(A, (span(600, 150),), ()),)), {}, Rule.OFF_SHIFT, Rule.OFF_SHIFT),
        (
            replace(OPEN, advisors=(AdvisorTime(A, (DAY,), (AT_NOON,), (AT_NOON,)),)),
            {},
            Rule.ON_LEAVE,
            Rule.OFF_SHIFT,
        ),
        (replace(OPEN, advisors=(AdvisorTime(A, (DAY,), (AT_NOON,)),)), {}, Rule.ADVISOR_TAKEN, Rule.TAKEN),
        (
            replace(OPEN, advisors=(AdvisorTime(A, (DAY,), (AT_NOON,)), AdvisorTime(B, (DAY,), ()))),
            {},
            None,
            None,
        ),
        (PAIR, {}, None, None),
        (replace(PAIR, seconds=(AdvisorTime(B, (DAY,), (AT_NOON,)),)), {}, Rule.SECOND_ADVISOR, Rule.TAKEN),
        (replace(PAIR, seconds=OPEN.advisors), {}, Rule.SECOND_ADVISOR, Rule.TAKEN),
        (
            replace(OPEN, rooms=(), lacks=frozenset({Lack.ROOM_KIND})),
            {},
            Rule.NO_SUCH_ROOM,
            Rule.NO_SUCH_ROOM,
        ),
        (replace(OPEN, rooms=()), {}, Rule.ROOM_TOO_SMALL, Rule.ROOM_TOO_SMALL),
        (replace(OPEN, rooms=(RoomTime(ROOM, 4, (AT_NOON,)),)), {}, Rule.ROOM_TAKEN, Rule.TAKEN),
        (replace(OPEN, rooms=(), terms=replace(TERMS, needs_room=False)), {}, None, None),
        (replace(OPEN, client_busy=(AT_NOON,)), {}, Rule.CLIENT_BUSY, Rule.CLIENT_BUSY),
    ],
)
def test_the_first_rule_that_removes_a_start_is_named(
    outlook: Outlook, given: dict[str, Any], rule: Rule | None, to_a_client: Rule | None
) -> None:
    asked = {"now": START, **given}
    window = Span(NOON, NOON + MINUTE)
    assert [one.rule for one in explained(outlook, window, actor=Actor.HOUSE, **asked)] == [rule]
    assert [one.rule for one in explained(outlook, window, actor=Actor.CLIENT, **asked)] == [to_a_client]


def test_a_window_without_a_start_explains_nothing_and_every_rule_has_words() -> None:
    assert explained(OPEN, Span(NOON + MINUTE, NOON + 2 * MINUTE), actor=Actor.HOUSE, now=START) == []
    assert set(WORDS) == set(Rule)
    assert all(zh and en for zh, en in WORDS.values())


async def explain(
    place: House, caller: Caller, first: str = "2030-01-08 00:00", last: str = "2030-01-09 00:00", **given: Any
) -> Any:
    params = {
        "boutique_id": place.boutique_id,
        "experience_id": place.experience["experience_id"],
        "from": at(first).isoformat(),
        "to": at(last).isoformat(),
        **given,
    }
    return await place.by(caller).get("/v1/availability/explain", params=params)


def sums(body: dict[str, Any]) -> dict[str, int]:
    return {one["rule"]: one["count"] for one in body["rules"]}


async def test_a_client_is_told_why_and_never_who_else_is_there(running: Start) -> None:
    place = await house(running, advisors=1)
    her, other = client(), client()
    await place.hold(other, local="2030-01-08 14:00")
    body = said(await explain(place, her))
    assert body["zone"] == "Asia/Shanghai"
    assert sums(body) == {"closed": 29, "taken": 3}
    assert body["free_count"] == 16 == len(await place.free(her))
    taken = [one["starts_at"] for one in body["items"] if one["rule"] == "taken"]
    assert taken == ["2030-01-08T05:30:00Z", "2030-01-08T06:00:00Z", "2030-01-08T06:30:00Z"]
    assert all(one["zh"] and one["en"] for one in body["rules"])
    assert not any(one in str(body) for one in (*place.advisor_ids, str(other.client_id)))
    manager = staff(Role.MANAGER, place.boutique_id)
    assert sums(said(await explain(place, manager))) == {"closed": 29, "advisor-taken": 3}
    assert sums(said(await explain(place, other)))["taken"] == 3


async def test_past_and_notice_and_horizon_are_told_apart(running: Start) -> None:
    place = await house(running, horizon_days=1)
    body = said(await explain(place, client(), "2030-01-07 00:00", "2030-01-09 00:00"))
    # It is nine; notice is two hours, and the horizon a day.
    assert sums(body) == {"past": 18, "notice": 4, "closed": 27, "horizon": 30}
    assert body["free_count"] == 96 - 18 - 4 - 27 - 30


async def test_what_is_not_for_her_is_said_of_every_start_and_not_why(running: Start) -> None:
    place = await house(running, audience="segment", open_to_segments=["vic"])
    body = said(await explain(place, client()))
    assert (sums(body), body["free_count"]) == ({"not-open": 48}, 0)
    assert "vic" not in str(body)
    assert said(await explain(place, staff(Role.MANAGER, place.boutique_id)))["free_count"] == 19
    assert problem(await explain(place, client(), mode="video")) == "mode-not-offered"


async def test_explanations_are_pages_whose_sums_are_of_the_whole(running: Start) -> None:
    place = await house(running)
    whole = said(await explain(place, client()))
    found: list[dict[str, Any]] = []
    her = client()
    after = None
    while True:
        page = said(await explain(place, her, limit=10, **({"cursor": after} if after else {})))
        assert (page["rules"], page["free_count"]) == (whole["rules"], whole["free_count"])
        found += page["items"]
        after = page["next_cursor"]
        if after is None:
            break
    assert found == whole["items"]
    stolen = said(await explain(place, her, limit=10))["next_cursor"]
    assert (await explain(place, client(), limit=10, cursor=stolen)).status_code == 400
    for made_up in (cursor_of("explain x"), "bm90LWEtY3Vyc29y"):
        for ask_with in (explain, seen):
            assert (await ask_with(place, her, cursor=made_up)).status_code == 400
    assert problem(await explain(place, her, last="2030-03-09 00:00")) == "availability-range-too-wide"


async def test_with_her_own_advisor_means_with_nobody_else(running: Start) -> None:
    place = await house(running, advisors=2)
    her = client()
    for path_of in (explain, seen):
        assert problem(await path_of(place, her, mine="true")) == "no-own-advisor"
    own = place.advisor_ids[1]
    data = {"client_id": str(her.client_id), "advisor_id": own, "boutique_id": place.boutique_id}
    await tell(place.running, "profile.owner-assigned.v1", data, about=f"client:{her.client_id}")
    assert {tuple(one["advisor_ids"]) for one in await place.free(her, mine="true")} == {(own,)}
    herself = staff(Role.ADVISOR, place.boutique_id, advisor_id=own)
    assert {tuple(one["advisor_ids"]) for one in await place.free(herself, mine="true")} == {(own,)}
    path = f"/v1/advisors/{own}/leaves"
    assert (await ask(place.manager(), path, {"starts": "2030-01-08", "ends": "2030-01-08"})).status_code == 201
    assert await place.free(her, mine="true") == []
    assert sums(said(await explain(place, her, mine="true"))) == {"closed": 29, "off-shift": 19}
    manager = staff(Role.MANAGER, place.boutique_id)
    assert sums(said(await explain(place, manager, advisor_id=own))) == {"closed": 29, "on-leave": 19}


def cursor_of(of: str) -> str:
    return cursor("not-a-time", "not-an-id", of=of)


async def seen(place: House, caller: Caller, **given: Any) -> Any:
    params = {
        "experience_id": place.experience["experience_id"],
        "from": at("2030-01-08 00:00").isoformat(),
        "to": at("2030-01-09 00:00").isoformat(),
        "boutique_id": place.boutique_id,
        **given,
    }
    return await place.by(caller).get(
        "/v1/availability", params={name: value for name, value in params.items() if value is not None}
    )


async def city(place: House, others: Iterable[str]) -> list[str]:
    """Three boutiques of one city, the house's among them."""
    http = place.by(build.headquarters())
    path = f"/v1/boutiques/{place.boutique_id}"
    said(await http.patch(path, json={"city_code": "SHA"}, headers={"If-Match": "*"}))
    made = [place.boutique_id]
    for code in others:
        another = await build.boutique(http, city_code="SHA", code=code)
        await build.room(http, another["boutique_id"])
        await build.advisor(http, another["boutique_id"])
        made.append(another["boutique_id"])
    return made


async def test_free_times_of_a_city_are_those_of_its_boutiques_by_their_start(running: Start) -> None:
    place = await house(running)
    boutiques = await city(place, ["A-1", "A-2"])
    await build.boutique(place.by(build.headquarters()), city_code="PEK")
    her = client()
    found = said(await seen(place, her, boutique_id=None, city="SHA"))["items"]
    assert len(found) == 3 * 19
    assert [(one["starts_at"], one["boutique_id"]) for one in found] == sorted(
        (one["starts_at"], one["boutique_id"]) for one in found
    )
    assert {one["boutique_id"] for one in found} == set(boutiques)
    pages: list[dict[str, Any]] = []
    after = None
    while True:
        page = said(await seen(place, her, boutique_id=None, city="SHA", limit=10, cursor=after))
        pages += page["items"]
        after = page["next_cursor"]
        if after is None:
            break
    assert pages == found
    # Local staff see their own boutiques of it.
    local = said(await seen(place, staff(Role.MANAGER, place.boutique_id), boutique_id=None, city="SHA"))["items"]
    assert {one["boutique_id"] for one in local} == {place.boutique_id}
    assert problem(await seen(place, her, boutique_id=None, city="XXX")) == "not-found"
    assert problem(await seen(place, her, boutique_id=None)) == "availability-place-unclear"
    assert problem(await seen(place, her, city="SHA")) == "availability-place-unclear"


async def test_however_many_boutiques_advisors_and_rooms_the_statements_are_as_many(running: Start) -> None:
    place = await house(running, needs_second_advisor=True)
    await build.advisor(place.manager(), place.boutique_id)
    said(
        await place.by(build.headquarters()).patch(
            f"/v1/boutiques/{place.boutique_id}", json={"city_code": "SHA"}, headers={"If-Match": "*"}
        )
    )
    engine = place.running.kit.database.engine.sync_engine
    counted: list[str] = []

    def count(*given: Any) -> None:
        counted.append(given[2])

    async def cost(asking: Any, **given: Any) -> int:
        counted.clear()
        event.listen(engine, "before_cursor_execute", count)
        said(await asking(place, client(), **given))
        event.remove(engine, "before_cursor_execute", count)
        return len([one for one in counted if re.search(r"brand_id = [:$]", one)])

    few = [await cost(seen), await cost(seen, boutique_id=None, city="SHA"), await cost(explain)]
    for _ in range(18):
        await build.advisor(place.manager(), place.boutique_id)
    for _ in range(19):
        await build.room(place.manager(), place.boutique_id)
    await city(place, ["A-1", "A-2", "A-3"])
    for clock in range(10, 18):
        await place.hold(local=f"2030-01-08 {clock}:00")
    await ask(
        place.manager(), f"/v1/boutiques/{place.boutique_id}/closures", {"starts": "2030-01-09", "ends": "2030-01-09"}
    )
    assert [await cost(seen), await cost(seen, boutique_id=None, city="SHA"), await cost(explain)] == few
    assert few[0] == few[1] == 7
