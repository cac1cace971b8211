"""What advisors make of an assortment, and who may see it."""

from typing import Any
from uuid import uuid4

from services.recommend.assortments.rules import SIZE
from tests.asking import once, problem
from tests.recommend.build import (
    ADVISOR,
    CODES,
    HEADQUARTERS,
    HER,
    HER_ID,
    MANAGER,
    OTHER_ADVISOR,
    PEER,
    RIVAL,
    TILL,
    House,
    patch,
    post,
    ready,
    shown,
)

FACT = "recommend.assortment-prepared.v1"


async def test_pins_drops_and_order_are_kept_when_it_is_prepared_anew(house: House) -> None:
    visit, before = await ready(house)
    first, second, third, *_ = shown(before)
    added = next(code for code in CODES if code not in shown(before))
    edited = await patch(house, before, pin=[added, third], drop=[first], order=[third, added])
    assert edited.status_code == 200, edited.text
    assert edited.headers["etag"] == '"2"'
    assert shown(edited.json())[:3] == [third, added, second]
    assert first not in shown(edited.json())
    assert [piece["pinned"] for piece in edited.json()["pieces"]][:3] == [True, True, False]
    assert edited.json()["pieces"][1]["reason"]["code"] == "chosen"
    assert [piece["place"] for piece in edited.json()["pieces"]] == list(range(1, 7))
    await house.stocked([second], quantity=0)
    anew = (await post(house, visit)).json()
    assert shown(anew)[:2] == [third, added]
    assert not {first, second} & set(shown(anew))
    assert len(anew["pieces"]) == SIZE


async def test_a_stale_change_is_refused_and_changes_nothing(house: House) -> None:
    visit, before = await ready(house)
    assert (await patch(house, before, drop=[shown(before)[0]])).status_code == 200
    assert (await patch(house, before, drop=[shown(before)[1]])).status_code == 412
    at = f"/v1/assortments/{before['assortment_id']}"
    blind = await house.recommend.client(ADVISOR).patch(at, json={"drop": [shown(before)[1]]})
    assert (blind.status_code, problem(blind)) == (428, "precondition-missing")
    now = await house.prepared(visit)
    assert shown(now) == shown(before)[1:]


async def test_a_change_that_changes_nothing_keeps_the_version(house: House) -> None:
    _, before = await ready(house)
    same = await patch(house, before, order=shown(before))
    assert (same.status_code, same.json()) == (200, before)


async def test_what_an_advisor_does_is_not_announced_as_prepared(house: House) -> None:
    _, before = await ready(house)
    await patch(house, before, drop=[shown(before)[0]])
    assert len(await house.recommend.facts(FACT)) == 1


WRONG: list[tuple[Any, str]] = [
    ({"pin": ["NOT-THERE"]}, "piece-not-there"),
    ({"drop": ["NOT-THERE"]}, "piece-not-chosen"),
    ({"order": ["NOT-THERE"]}, "piece-not-chosen"),
    ({"pin": ["A", "A"]}, "malformed"),
    ({"pin": ["A"], "drop": ["A"]}, "malformed"),
    ({"order": ["A"], "drop": ["A"]}, "malformed"),
    ({"pin": [""]}, "malformed"),
    ({"pin": ["A"] * 49}, "malformed"),
    ({"pin": "A"}, "malformed"),
    ({"lock": []}, "malformed"),
    ([], "malformed"),
]


async def test_a_wrong_change_is_refused_by_name(house: House) -> None:
    visit, before = await ready(house)
    at = f"/v1/assortments/{before['assortment_id']}"
    for form, slug in WRONG:
        answer = await house.recommend.client(ADVISOR).patch(at, json=form, headers={"If-Match": '"1"'})
        assert problem(answer) == slug
        assert "NOT-THERE" not in answer.text
    assert await house.prepared(visit) == before


async def test_whom_profile_lets_see_her_sees_it_and_nobody_else_does_at_her_boutique_either(house: House) -> None:
    visit, assortment = await ready(house)
    at = f"/v1/assortments/{assortment['assortment_id']}"
    house.profile.lets = {HEADQUARTERS, OTHER_ADVISOR}
    for by in house.profile.lets:
        read = await house.recommend.client(by).get(at)
        assert (read.json(), read.headers["etag"]) == (assortment, '"1"')
    for by in (ADVISOR, MANAGER, RIVAL):
        assert await house.prepared(visit, by=by) is None
        assert problem(await house.recommend.client(by).get(at)) == "not-found"
        assert problem(await patch(house, assortment, by, drop=[shown(assortment)[0]])) == "not-found"
        assert problem(await post(house, visit, by)) == "not-found"
    assert await house.prepared(visit, by=OTHER_ADVISOR) == assortment
    assert {(client, form["seen"]) for client, form in house.profile.asked} == {(HER_ID, "assortment")}


async def test_while_profile_is_away_no_assortment_is_shown_or_changed(house: House) -> None:
    visit, assortment = await ready(house)
    house.profile.away = True
    client = house.recommend.client(ADVISOR)
    answers = [
        await client.get(f"/v1/assortments/{assortment['assortment_id']}"),
        await client.get("/v1/assortments", params={"appointment_id": str(visit)}),
        await patch(house, assortment, drop=[shown(assortment)[0]]),
        await post(house, visit),
    ]
    for answer in answers:
        assert (answer.status_code, problem(answer), answer.headers["retry-after"]) == (503, "peer-unavailable", "1")
    house.profile.away = False
    assert await house.prepared(visit) == assortment


async def test_the_preparation_sheet_of_a_peer_finds_it(house: House) -> None:
    visit, assortment = await ready(house)
    peer = house.recommend.client(PEER, issuer="appointments")
    found = await peer.get("/v1/assortments", params={"appointment_id": str(visit)})
    assert found.json() == {"items": [assortment]}
    none = await peer.get("/v1/assortments", params={"appointment_id": str(uuid4())})
    assert none.json() == {"items": []}


async def test_roles_open_exactly_these_routes(house: House) -> None:
    visit, assortment = await ready(house)
    at = f"/v1/assortments/{assortment['assortment_id']}"
    for by in (HER, TILL):
        client = house.recommend.client(by)
        assert problem(await client.get(at)) == "not-permitted"
        assert problem(await client.get("/v1/assortments", params={"appointment_id": str(visit)})) == "not-permitted"
        assert problem(await post(house, visit, by)) == "not-permitted"
        assert problem(await patch(house, assortment, by)) == "not-permitted"
    peer = house.recommend.client(PEER, issuer="appointments")
    assert problem(await peer.patch(at, json={}, headers={"If-Match": "*"})) == "not-permitted"


async def test_what_does_not_exist_or_is_malformed_is_a_problem(house: House) -> None:
    client = house.recommend.client(HEADQUARTERS)
    assert problem(await post(house, uuid4(), HEADQUARTERS)) == "not-found"
    assert problem(await client.get(f"/v1/assortments/{uuid4()}")) == "not-found"
    assert problem(await client.get("/v1/assortments/hers")) == "malformed"
    assert problem(await client.get("/v1/assortments")) == "malformed"
    for content in (b"{", b"[]", b'{"appointment_id": 7}', b'{"appointment_id": "\\u0000"}', b"{}"):
        headers = {**once(), "Content-Type": "application/json"}
        assert problem(await client.post("/v1/assortments", content=content, headers=headers)) == "malformed"
