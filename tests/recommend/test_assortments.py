"""What is prepared for a visit, and when."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from services.recommend.assortments.rules import PERSONAL, SIZE
from tests.asking import once, problem
from tests.conftest import Start
from tests.recommend.build import (
    ADVISOR,
    BOUTIQUE,
    CODES,
    HER_ID,
    MANAGER,
    OTHER_ADVISOR,
    OTHER_BOUTIQUE,
    PEER,
    House,
    opened,
    patch,
    post,
    ready,
    shown,
)
from tests.running import Throwaway

RING = "AUBE-RING-1"
FACT = "recommend.assortment-prepared.v1"


async def told(house: House) -> list[dict[str, Any]]:
    return [fact["data"] for fact in await house.recommend.facts(FACT)]


async def test_a_confirmed_visit_is_prepared_with_what_the_boutique_has(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    await house.stocked(CODES[6:10], quantity=0)
    visit, assortment = await ready(house, asked="SEINE-WATCH-2")
    assert len(assortment["pieces"]) == SIZE
    assert shown(assortment)[0] == "SEINE-WATCH-2", "the piece she booked from leads"
    assert assortment["pieces"][0]["reason"]["zh"] == "她预约时看的就是这一件"
    assert not set(shown(assortment)) & {RING, *CODES[6:10]}
    for place, piece in enumerate(assortment["pieces"], start=1):
        assert piece["place"] == place
        assert piece["in_stock"] is True
        assert piece["reason"]["zh"]
        assert piece["reason"]["en"]
    assert assortment["personalised"] is True
    [fact] = await told(house)
    assert fact == {
        "assortment_id": assortment["assortment_id"],
        "appointment_id": str(visit),
        "client_id": str(HER_ID),
        "boutique_id": str(BOUTIQUE),
        "piece_codes": shown(assortment),
    }


async def test_the_piece_she_booked_from_is_not_promised_where_it_is_not(house: House) -> None:
    await house.stocked([RING], quantity=0)
    _, assortment = await ready(house, asked=RING)
    assert RING not in shown(assortment)


async def test_a_visit_told_twice_is_prepared_and_announced_once(house: House) -> None:
    visit, before = await ready(house)
    await house.agreed(appointment_id=visit)
    assert await house.prepared(visit) == before
    assert len(await told(house)) == 1


async def test_a_visit_moved_to_another_boutique_is_prepared_anew_there(house: House) -> None:
    visit, before = await ready(house)
    await house.agreed("moved", appointment_id=visit, boutique=OTHER_BOUTIQUE)
    house.profile.lets = {OTHER_ADVISOR}
    after = await house.prepared(visit, by=OTHER_ADVISOR)
    assert after is not None
    assert set(shown(after)) <= set(CODES[:6])
    assert (after["assortment_id"], after["version"]) == (before["assortment_id"], before["version"] + 1)
    assert [fact["boutique_id"] for fact in await told(house)] == [str(BOUTIQUE), str(OTHER_BOUTIQUE)]


async def test_a_visit_moved_in_time_shows_what_the_boutique_has_now(house: House) -> None:
    visit, before = await ready(house)
    await house.stocked(shown(before)[:2], quantity=0)
    stale = await house.prepared(visit)
    assert stale is not None
    assert [piece["in_stock"] for piece in stale["pieces"]][:3] == [False, False, True], "stock is told as it is now"
    await house.agreed("moved", appointment_id=visit, starts_in=timedelta(days=2))
    after = await house.prepared(visit)
    assert not set(shown(before)[:2]) & set(shown(after))


async def test_a_visit_that_is_over_is_not_prepared_any_more(house: House) -> None:
    for word in ("cancelled", "no-show-recorded", "visit-completed"):
        visit, assortment = await ready(house)
        data = {"appointment_id": str(visit), "completed_at": "2026-03-01T10:00:00Z"}
        await house.tell(f"appointments.{word}.v1", data)
        assert problem(await post(house, visit)) == "visit-not-expected"
        assert problem(await patch(house, assortment, pin=[shown(assortment)[0]])) == "visit-not-expected"


async def test_a_withdrawal_takes_what_is_personal_out_of_every_visit_to_come(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    visit, before = await ready(house)
    assert {piece["reason"]["code"] for piece in before["pieces"]} & PERSONAL
    pinned = before["pieces"][0]["piece_code"]
    assert (await patch(house, before, pin=[pinned])).status_code == 200
    await house.allows(granted=False)
    after = await house.prepared(visit)
    assert after is not None
    assert after["personalised"] is False
    assert len(after["pieces"]) == SIZE
    assert not {piece["reason"]["code"] for piece in after["pieces"]} & PERSONAL
    [kept] = [piece for piece in after["pieces"] if piece["pinned"]]
    assert (kept["piece_code"], kept["reason"]["code"]) == (pinned, "chosen")
    stored = await house.recommend.rows("select reason, reason_piece from assortment_piece")
    assert not {row["reason"] for row in stored} & PERSONAL
    await house.allows()
    again = await house.prepared(visit)
    assert again is not None
    assert again["personalised"] is True


async def test_a_withdrawal_is_kept_for_visits_that_are_over_too(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    visit, _ = await ready(house)
    over = {"appointment_id": str(visit), "completed_at": "2026-03-01T10:00:00Z"}
    await house.tell("appointments.visit-completed.v1", over)
    await house.allows(granted=False)
    after = await house.prepared(visit)
    assert after is not None
    assert after["personalised"] is False
    assert not {piece["reason"]["code"] for piece in after["pieces"]} & PERSONAL
    # And what it said of her is not only hidden: a later yes does not bring it back.
    stored = await house.recommend.rows("select reason, reason_piece from assortment_piece")
    assert not {row["reason"] for row in stored} & PERSONAL
    assert {row["reason_piece"] for row in stored} <= {None}


async def test_a_newcomer_who_turns_out_to_be_known_is_prepared_for_as_herself(house: House) -> None:
    newcomer = uuid4()
    await house.allows()
    await house.bought(RING)
    visit, before = await ready(house, client=newcomer)
    assert before["personalised"] is False
    await house.merged(newcomer)
    after = await house.prepared(visit)
    assert after is not None
    assert (after["personalised"], after["client_id"]) == (True, str(HER_ID))
    assert RING not in shown(after)


async def test_asking_makes_it_anew_and_says_so_only_when_it_differs(house: House) -> None:
    visit, before = await ready(house)
    same = await post(house, visit)
    assert (same.status_code, same.json()) == (200, before)
    assert same.headers["etag"] == '"1"'
    await house.stocked([shown(before)[0]], quantity=0)
    anew = await post(house, visit, PEER)
    assert (anew.status_code, anew.headers["etag"]) == (200, '"2"')
    assert shown(before)[0] not in shown(anew.json())
    assert len(await told(house)) == 2


async def test_asking_makes_what_is_not_there_yet(house: House) -> None:
    visit, _ = await ready(house)
    connection_rows = await house.recommend.rows("delete from assortment returning assortment_id")
    await house.recommend.rows("delete from assortment_piece")
    assert len(connection_rows) == 1
    assert await house.prepared(visit) is None
    made = await post(house, visit, MANAGER)
    assert (made.status_code, made.headers["etag"], len(made.json()["pieces"])) == (201, '"1"', SIZE)


async def test_rivals_who_prepare_one_visit_make_one_assortment(house: House) -> None:
    visit, before = await ready(house)
    await house.stocked(shown(before)[:3], quantity=0)
    answers = await asyncio.gather(*(post(house, visit) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert len(await told(house)) == 2
    assert len(await house.recommend.rows("select 1 from assortment")) == 1


async def test_one_key_acts_once(house: House) -> None:
    visit, before = await ready(house)
    headers, form = once(), {"appointment_id": str(visit)}
    first = await house.recommend.client(ADVISOR).post("/v1/assortments", json=form, headers=headers)
    await house.stocked([shown(before)[0]], quantity=0)
    again = await house.recommend.client(ADVISOR).post("/v1/assortments", json=form, headers=headers)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    keyless = await house.recommend.client(ADVISOR).post("/v1/assortments", json=form)
    assert problem(keyless) == "idempotency-key-missing"


async def test_no_request_waits_for_a_second_connection(running: Start, postgres: Throwaway) -> None:
    house = await opened(running, postgres, database_pool=1)
    await house.allows()
    await house.bought(RING)
    visit = await house.agreed()
    made = await post(house, visit)
    assert made.status_code == 200, made.text
    assert made.json()["personalised"] is True, "how old our knowledge is was known without asking"
    assert await house.prepared(visit) == made.json()
    assert (await patch(house, made.json(), drop=[shown(made.json())[0]])).status_code == 200
    assert (await house.recommended())["personalised"] is True
