"""Wishes, and what happened with the pieces in a visit."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from infra.identity import Caller
from tests.asking import once, problem, tell
from tests.conftest import Start
from tests.profile.build import (
    OTHER_BOUTIQUE,
    advisor,
    gave_phone,
    own,
    phone,
    recognised,
    registered,
    someone,
    visit,
)
from tests.running import Running

COLLEAGUE = UUID("00000000-0000-7000-8000-00000000a002")
STRANGER = advisor(UUID(int=7), boutique_id=OTHER_BOUTIQUE)


async def wished(profile: Running, client_id: str, piece_code: str = "RING-1", by: Caller | None = None) -> Any:
    """The answer to a wish that somebody notes."""
    return await profile.client(by or someone()).post(
        f"/v1/clients/{client_id}/wishes", json={"piece_code": piece_code}, headers=once()
    )


async def wishes(profile: Running, client_id: str, by: Caller | None = None) -> list[tuple[str, str | None]]:
    answer = await profile.client(by or someone()).get(f"/v1/clients/{client_id}/wishes")
    assert answer.status_code == 200, answer.text
    return [(one["piece_code"], one["closed_as"]) for one in answer.json()["items"]]


async def expected(profile: Running, client_id: str) -> str:
    """A visit of hers at the first boutique, which begins at this moment."""
    now = datetime.now(UTC)
    told = visit(client_id, starts_at=now, ends_at=now + timedelta(hours=1))
    await tell(profile, "appointments.confirmed.v1", told)
    return str(told["appointment_id"])


def piece(kind: str, piece_code: str = "RING-1", **more: Any) -> dict[str, Any]:
    return {"piece_code": piece_code, "kind": kind, **more}


async def written_up(profile: Running, visited: str, *pieces: dict[str, Any], by: Caller | None = None) -> Any:
    """The answer to the write-up of a visit."""
    return await profile.client(by or advisor(COLLEAGUE)).post(
        f"/v1/appointments/{visited}/outcome", json={"pieces": list(pieces)}, headers=once()
    )


async def test_a_piece_is_wished_for_once_until_the_wish_is_closed(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    first, again = await wished(profile, client_id), await wished(profile, client_id)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    close = f"/v1/clients/{client_id}/wishes/{first.json()['wish_id']}/close"
    closed = await profile.client(someone()).post(close, json={"closed_as": "fulfilled"})
    assert closed.json()["closed_as"] == "fulfilled"
    late = await profile.client(someone()).post(close, json={"closed_as": "dropped"})
    assert late.json() == closed.json(), "a closed wish stays as it is"
    assert (await wished(profile, client_id)).status_code == 201
    assert await wishes(profile, client_id) == [("RING-1", None), ("RING-1", "fulfilled")]


async def test_of_ten_who_note_the_same_wish_one_does(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    answers = await asyncio.gather(*[wished(profile, client_id) for _ in range(10)])
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["wish_id"] for answer in answers}) == 1


async def test_wishes_are_seen_by_whoever_sees_her_and_by_nobody_else(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    await own(profile, client_id)
    made = (await wished(profile, client_id, by=advisor())).json()
    assert await wishes(profile, client_id, by=advisor()) == [("RING-1", None)]
    for answer in (
        await profile.client(STRANGER).get(f"/v1/clients/{client_id}/wishes"),
        await wished(profile, client_id, by=STRANGER),
        await profile.client(STRANGER).post(
            f"/v1/clients/{client_id}/wishes/{made['wish_id']}/close", json={"closed_as": "dropped"}
        ),
    ):
        assert (answer.status_code, problem(answer)) == (404, "client-unknown")
    other = await registered(profile)
    elsewhere = await profile.client(someone()).post(
        f"/v1/clients/{other}/wishes/{made['wish_id']}/close", json={"closed_as": "dropped"}
    )
    assert (elsewhere.status_code, problem(elsewhere)) == (404, "not-found"), "another client's wish is not hers"


async def test_a_merged_records_wishes_are_hers(running: Start) -> None:
    profile = await running("profile")
    known, newcomer, value = await registered(profile), await recognised(profile, "o-1"), phone()
    made = (await wished(profile, newcomer)).json()
    await gave_phone(profile, known, value)
    await gave_phone(profile, newcomer, value)
    assert await wishes(profile, known) == await wishes(profile, newcomer) == [("RING-1", None)]
    closed = await profile.client(someone()).post(
        f"/v1/clients/{known}/wishes/{made['wish_id']}/close", json={"closed_as": "dropped"}
    )
    assert closed.json()["closed_as"] == "dropped"


async def test_a_visit_is_written_up_by_whoever_is_there_and_stands_in_the_timeline(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    visited = await expected(profile, client_id)
    pieces = [piece("tried", why_not="size-missing"), piece("shown", "RING-2"), piece("wished", "BAG-1")]
    answer = await written_up(profile, visited, *pieces)
    assert answer.status_code == 200, answer.text
    assert {(one["piece_code"], one["kind"], one["why_not"]) for one in answer.json()["pieces"]} == {
        ("RING-1", "tried", "size-missing"),
        ("RING-2", "shown", None),
        ("BAG-1", "wished", None),
    }
    read = await profile.client(advisor(COLLEAGUE)).get(f"/v1/appointments/{visited}/outcome")
    assert read.json() == answer.json()
    assert await wishes(profile, client_id) == [("BAG-1", None)]
    items = (await profile.client(someone()).get(f"/v1/clients/{client_id}/timeline")).json()["items"]
    told = [item for item in items if item["kind"] in {"tried", "shown", "wished"}]
    assert len(told) == 3
    assert {item["subject_id"] for item in told} == {visited}
    assert {item["advisor_id"] for item in told} == {str(COLLEAGUE)}


async def test_a_second_write_up_takes_the_place_of_the_first_and_wishes_stay(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    visited = await expected(profile, client_id)
    await written_up(profile, visited, piece("tried"), piece("wished", "BAG-1"))
    again = await written_up(profile, visited, piece("tried", why_not="price"))
    assert [(one["kind"], one["why_not"]) for one in again.json()["pieces"]] == [("tried", "price")]
    assert await wishes(profile, client_id) == [("BAG-1", None)]
    both = await asyncio.gather(*[written_up(profile, visited, piece("shown", f"RING-{n}")) for n in range(5)])
    assert [answer.status_code for answer in both] == [200] * 5
    last = (await profile.client(someone()).get(f"/v1/appointments/{visited}/outcome")).json()
    assert len(last["pieces"]) == 1, "who writes it up at the same moment takes turns"


async def test_a_visit_that_is_not_theirs_or_not_known_is_written_up_by_nobody(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    visited = await expected(profile, client_id)
    for answer in (
        await written_up(profile, visited, piece("shown"), by=STRANGER),
        await written_up(profile, str(uuid4()), piece("shown"), by=someone()),
        await profile.client(STRANGER).get(f"/v1/appointments/{visited}/outcome"),
    ):
        assert (answer.status_code, problem(answer)) == (404, "client-unknown")
    assert await profile.rows("select 1 from reported_contact") == []


async def test_a_reason_that_makes_no_sense_refuses_the_whole_write_up(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    visited = await expected(profile, client_id)
    await written_up(profile, visited, piece("shown"))
    wrong = await written_up(profile, visited, piece("shown", "RING-2"), piece("wished", why_not="price"))
    assert (wrong.status_code, problem(wrong)) == (400, "reason-misplaced")
    read = (await profile.client(someone()).get(f"/v1/appointments/{visited}/outcome")).json()
    assert [one["piece_code"] for one in read["pieces"]] == ["RING-1"], "what was said before still stands"
