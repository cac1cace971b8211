"""What clients own: by receipt or by hand, one owner at a time, found by serial, with a history of its own."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.identity import Caller, Role
from services.profile.pieces.rules import Change, Way, owner_after
from tests.asking import once, problem, until
from tests.conftest import Start
from tests.profile.build import (
    advisor,
    client_of,
    gave_phone,
    line,
    of_till,
    own,
    phone,
    receipt,
    recognised,
    registered,
    someone,
)

SERIAL = "AV1234"


async def _enter(profile: Any, client_id: str, serial: str = SERIAL, by: Caller | None = None, **more: Any) -> Any:
    at = f"/v1/clients/{client_id}/owned-pieces"
    form = {"serial": serial, **more}
    answer: httpx.Response = await profile.client(by or someone()).post(at, json=form, headers=once())
    return answer


async def _sell(profile: Any, *receipts: dict[str, Any]) -> None:
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": list(receipts)})
    assert (answer.status_code, answer.json()["rejected_lines"]) == (207, 0), answer.text


async def _found(profile: Any, serial: str = SERIAL, by: Caller | None = None) -> list[dict[str, Any]]:
    answer = await profile.client(by or someone()).get("/v1/owned-pieces", params={"serial": serial})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _owned_by(profile: Any, client_id: str | None, serial: str = SERIAL) -> None:
    """Wait until the piece is hers, or nobody's."""

    async def settled() -> bool:
        found = await _found(profile, serial)
        return bool(found) and (found[0]["owner"] or {}).get("client_id") == client_id

    await until(settled)


async def _hand_over(profile: Any, piece_id: str, to: str, *, match: str = "*", by: Caller | None = None) -> Any:
    at, form = f"/v1/owned-pieces/{piece_id}/owners", {"kind": "given", "client_id": to}
    return await profile.client(by or someone()).post(at, json=form, headers={**once(), "If-Match": match})


async def test_a_piece_with_a_serial_is_hers_who_bought_it_and_leaves_her_when_it_comes_back(running: Start) -> None:
    profile = await running("profile")
    await _sell(profile, receipt("R-1", [line(serial="AV 1234"), line(2)], customer="C-1"))
    client_id = await of_till(profile, "C-1")
    await _owned_by(profile, client_id)
    [mine] = (await profile.client(client_of(client_id)).get("/v1/me/owned-pieces")).json()["items"]
    assert (mine["serial"], mine["piece_code"]) == (SERIAL, "RING-1")
    taken = line(serial=SERIAL, quantity=-1, returns={"pos": "till", "receipt": "R-1", "line": 1})
    await _sell(profile, receipt("B-1", [taken], purchased_at="2026-03-09T12:00:00+08:00"))
    await _owned_by(profile, None)
    await _sell(profile, receipt("R-2", [line(serial=SERIAL)], customer="C-2", purchased_at="2026-03-10T12:00:00Z"))
    await _owned_by(profile, await of_till(profile, "C-2"))
    assert (await profile.client(client_of(client_id)).get("/v1/me/owned-pieces")).json()["items"] == []
    whole = (await profile.client(someone()).get(f"/v1/owned-pieces/{mine['piece_id']}")).json()
    assert [one["kind"] for one in whole["history"]] == ["bought", "returned", "bought"]


async def test_a_gift_is_owned_by_who_got_it(running: Start) -> None:
    profile = await running("profile")
    gift = line(serial=SERIAL, gift_for={"system": "till", "value": "C-2"})
    await _sell(profile, receipt("R-1", [gift], customer="C-1"))
    await _owned_by(profile, await of_till(profile, "C-2"))


async def test_a_piece_of_an_anonymous_receipt_is_hers_once_she_claims_it(running: Start) -> None:
    profile = await running("profile")
    await _sell(profile, receipt("R-1", [line(serial=SERIAL)]))
    await _owned_by(profile, None)
    client_id = await recognised(profile, "o-1")
    form = {"pos": "till", "receipt": "R-1", "purchased_on": "2026-03-01", "net_minor": 100_000}
    assert (await profile.client(client_of(client_id)).post("/v1/purchases/claims", json=form)).status_code == 200
    await _owned_by(profile, client_id)


async def test_staff_enter_a_piece_and_complete_its_papers(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    assert problem(await _enter(profile, client_id, by=advisor())) == "client-unknown"
    await own(profile, client_id)
    first = await _enter(profile, client_id, "av-1234 ", by=advisor(), certificate="GIA 2141438171")
    assert (first.status_code, first.json()["serial"], first.json()["client_id"]) == (201, "AV-1234", client_id)
    more = await _enter(profile, client_id, "AV-1234", warranty_until="2031-03-01", care_guide="care/gold")
    assert more.json()["piece_id"] == first.json()["piece_id"]
    [piece] = (await profile.client(advisor()).get(f"/v1/clients/{client_id}/owned-pieces")).json()["items"]
    assert (piece["certificate"], piece["warranty_until"], piece["care_guide"]) == (
        "GIA 2141438171",
        "2031-03-01",
        "care/gold",
    )
    assert [one["kind"] for one in more.json()["history"]] == ["entered"]


@pytest.mark.parametrize(
    ("form", "status", "slug"),
    [
        ({"serial": "--"}, 400, "serial-unreadable"),
        ({"serial": "戒指一号"}, 400, "serial-unreadable"),
        ({"serial": "A" * 41}, 400, "serial-unreadable"),
        ({"serial": " "}, 422, "malformed"),
        ({"serial": SERIAL, "warranty_until": "soon"}, 422, "malformed"),
        ({"serial": SERIAL, "colour": "red"}, 422, "malformed"),
    ],
)
async def test_what_is_no_piece_is_refused(running: Start, form: dict[str, Any], status: int, slug: str) -> None:
    profile = await running("profile")
    answer = await _enter(profile, await registered(profile), **form)
    assert (answer.status_code, problem(answer)) == (status, slug)
    assert await profile.rows("select 1 from owned_piece") == []


async def test_a_serial_of_another_client_is_refused_and_leaves_nothing_behind(running: Start) -> None:
    profile = await running("profile")
    first, other = await registered(profile), await registered(profile)
    await _enter(profile, first)
    refused = await _enter(profile, other, certificate="GIA 1")
    assert (refused.status_code, problem(refused)) == (409, "serial-taken")
    # Also what was only just sold, before anybody has looked at it.
    await _sell(profile, receipt("R-1", [line(serial="NEW-1")], customer="C-1"))
    assert problem(await _enter(profile, other, "NEW-1")) == "serial-taken"
    assert await profile.rows("select certificate from owned_piece where serial = $1", SERIAL) == [
        {"certificate": None}
    ]
    assert [row["kind"] for row in await profile.rows("select kind from piece_change where kind = 'entered'")] == [
        "entered"
    ]


async def test_of_many_who_enter_one_serial_at_once_one_does(running: Start) -> None:
    profile = await running("profile")
    clients = [await registered(profile) for _ in range(6)]
    answers = await asyncio.gather(*[_enter(profile, client_id) for client_id in clients])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {problem(answer) for answer in answers if answer.status_code == 409} == {"serial-taken"}
    assert len(await profile.rows("select 1 from owned_piece")) == 1
    assert len(await profile.rows("select 1 from piece_change")) == 1


async def test_a_till_that_sells_anothers_piece_moves_nothing_and_leaves_a_trace(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    piece_id = (await _enter(profile, client_id)).json()["piece_id"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await _sell(profile, receipt("R-1", [line(serial=SERIAL)], customer="C-1", purchased_at=later))

    async def told() -> bool:
        return len(await profile.rows("select 1 from piece_change where kind = 'bought'")) == 1

    await until(told)
    seen = (await profile.client(someone()).get(f"/v1/owned-pieces/{piece_id}")).json()
    assert seen["client_id"] == client_id
    assert [one["kind"] for one in seen["history"]] == ["entered", "bought"]


async def test_a_piece_is_found_by_serial_with_its_owner_masked_for_strangers(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile, display_name="林晚秋")
    await own(profile, client_id)
    number = phone()
    await gave_phone(profile, client_id, number)
    await _enter(profile, client_id)
    [open_] = await _found(profile, "av 1234", advisor())
    assert (open_["owner"]["open"], open_["owner"]["display_name"]) == (True, "林晚秋")
    for stranger in (advisor(uuid4(), boutique_id=uuid4()), someone(Role.POS)):
        [masked] = await _found(profile, SERIAL, stranger)
        assert masked["owner"] == {
            "client_id": client_id,
            "masked_name": "林**",
            "salutation": None,
            "masked_phone": f"{number[3:6]}****{number[-4:]}",
            "open": False,
            "display_name": None,
        }
    assert await _found(profile, "UNKNOWN-1") == []
    assert await _found(profile, SERIAL, someone(brand_id="ombre")) == []
    assert (await profile.client(someone()).get("/v1/owned-pieces")).status_code == 422
    # Only whoever saw her is in the log.
    assert len(await profile.rows("select 1 from access_log where subject = $1", advisor().subject)) == 1


async def test_a_piece_changes_hands_with_its_history(running: Start) -> None:
    profile = await running("profile")
    mother, daughter = await registered(profile), await registered(profile)
    piece = await _enter(profile, mother)
    piece_id, before = piece.json()["piece_id"], piece.headers["etag"]
    assert problem(await _hand_over(profile, piece_id, mother)) == "owner-unchanged"
    assert problem(await _hand_over(profile, piece_id, str(uuid4()))) == "client-unknown"
    assert problem(await _hand_over(profile, str(uuid4()), daughter)) == "not-found"
    assert problem(await _hand_over(profile, piece_id, daughter, by=advisor())) == "client-unknown"
    given = await _hand_over(profile, piece_id, daughter, match=before)
    assert (given.status_code, given.json()["client_id"]) == (201, daughter)
    assert [(one["kind"], one["client_id"]) for one in given.json()["history"]] == [
        ("entered", mother),
        ("given", daughter),
    ]
    assert problem(await _hand_over(profile, piece_id, mother, match=before)) == "stale"


async def test_of_two_heirs_at_once_one_gets_it(running: Start) -> None:
    profile = await running("profile")
    piece = await _enter(profile, await registered(profile))
    heirs = [await registered(profile) for _ in range(4)]
    answers = await asyncio.gather(
        *[_hand_over(profile, piece.json()["piece_id"], heir, match=piece.headers["etag"]) for heir in heirs]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412, 412]


async def test_nobodys_piece_is_not_given_away(running: Start) -> None:
    profile = await running("profile")
    await _sell(profile, receipt("R-1", [line(serial=SERIAL)]))
    await _owned_by(profile, None)
    [piece] = await _found(profile)
    answer = await _hand_over(profile, piece["piece_id"], await registered(profile))
    assert (answer.status_code, problem(answer)) == (409, "nobodys-piece")


async def test_what_was_done_to_a_piece_is_kept_sealed_and_read_by_who_may_see_its_owner(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    piece_id = (await _enter(profile, client_id)).json()["piece_id"]
    at, form = (
        f"/v1/owned-pieces/{piece_id}/services",
        {"kind": "repair", "served_on": "2026-03-01", "note": "爪镶松动"},
    )
    staff = profile.client(someone())
    assert (await staff.post(at, json=form, headers=once())).status_code == 201
    ahead = {**form, "served_on": (datetime.now(UTC) + timedelta(days=3)).date().isoformat()}
    assert problem(await staff.post(at, json=ahead, headers=once())) == "day-impossible"
    assert problem(await profile.client(advisor()).post(at, json=form, headers=once())) == "client-unknown"
    seen = (await staff.get(f"/v1/owned-pieces/{piece_id}")).json()
    assert [(one["kind"], one["served_on"], one["note"]) for one in seen["services"]] == [
        ("repair", "2026-03-01", "爪镶松动")
    ]
    [kept] = await profile.rows("select note from piece_service")
    assert "爪镶".encode() not in kept["note"]
    await own(profile, client_id)
    assert (await profile.client(advisor()).get(f"/v1/owned-pieces/{piece_id}")).status_code == 200


async def test_what_merged_records_own_is_hers(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    first, other = await recognised(profile, "o-1"), await registered(profile)
    await gave_phone(profile, other, number)
    await _enter(profile, first, "A-11")
    await _enter(profile, other, "B-22")
    assert (await gave_phone(profile, first, number)).json()["merged"] is True
    mine = (await profile.client(client_of(first)).get("/v1/me/owned-pieces", params={"limit": "1"})).json()
    assert [one["serial"] for one in mine["items"]] == ["A-11"]
    rest = await profile.client(client_of(first)).get(
        "/v1/me/owned-pieces", params={"limit": "1", "cursor": mine["next_cursor"]}
    )
    assert ([one["serial"] for one in rest.json()["items"]], rest.json()["next_cursor"]) == (["B-22"], None)
    # And entered once more by whoever she is now, it is still the one piece.
    assert (await _enter(profile, other, "A-11")).status_code == 201


A, B = UUID(int=1), UUID(int=2)
DAY = [datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 6)]


@pytest.mark.parametrize(
    ("changes", "owner"),
    [
        ([], None),
        ([Change(Way.BOUGHT, A, DAY[0])], A),
        ([Change(Way.BOUGHT, A, DAY[0]), Change(Way.RETURNED, None, DAY[1])], None),
        ([Change(Way.BOUGHT, A, DAY[0]), Change(Way.RETURNED, None, DAY[0])], None),
        ([Change(Way.BOUGHT, A, DAY[0]), Change(Way.RETURNED, None, DAY[1]), Change(Way.BOUGHT, B, DAY[2])], B),
        ([Change(Way.ENTERED, A, DAY[0]), Change(Way.BOUGHT, B, DAY[1])], A),
        ([Change(Way.BOUGHT, None, DAY[0]), Change(Way.ENTERED, A, DAY[1])], A),
        ([Change(Way.BOUGHT, B, DAY[0]), Change(Way.ENTERED, A, DAY[1])], A),
        ([Change(Way.BOUGHT, A, DAY[0]), Change(Way.GIVEN, B, DAY[1]), Change(Way.RETURNED, None, DAY[2])], None),
    ],
)
def test_a_piece_is_whose_it_is_in_whatever_order_that_is_told(changes: list[Change], owner: UUID | None) -> None:
    assert {owner_after(order) for order in permutations(changes)} == {owner}


@given(
    st.lists(
        st.builds(Change, st.sampled_from(Way), st.sampled_from([A, B]), st.sampled_from(DAY)), min_size=1, max_size=8
    )
)
def test_what_was_returned_last_is_nobodys(changes: list[Change]) -> None:
    last = max(change.changed_at for change in changes) + timedelta(days=1)
    assert owner_after([*changes, Change(Way.RETURNED, None, last)]) is None
    assert owner_after([*changes, Change(Way.INHERITED, B, last)]) == B
