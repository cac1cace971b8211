"""Who is what to a client, seen from both sides, and nobody's record opened by it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.identity import Caller
from services.profile.clients.rules import Tie, other_side
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.build import advisor, gave_phone, own, phone, recognised, registered, someone
from tests.running import Running

OTHER_ADVISOR = UUID("00000000-0000-7000-8000-00000000a002")


async def _relate(profile: Running, client_id: str, /, by: Caller | None = None, **form: Any) -> Any:
    door = profile.client(by or someone())
    return await door.post(f"/v1/clients/{client_id}/relations", json=form, headers=once())


async def _of(profile: Running, client_id: str, by: Caller | None = None) -> list[tuple[str, str | None, str]]:
    answer = await profile.client(by or someone()).get(f"/v1/clients/{client_id}/relations")
    assert answer.status_code == 200, answer.text
    return [(one["tie"], one["other_client_id"], one["name"]) for one in answer.json()["items"]]


@pytest.mark.parametrize("tie", Tie)
def test_seen_twice_from_the_other_side_a_tie_is_itself(tie: Tie) -> None:
    assert other_side(other_side(tie)) is tie


async def test_both_sides_see_a_relation_each_in_her_own_way(running: Start) -> None:
    profile = await running("profile")
    mother = await registered(profile, display_name="林晚秋")
    child = await registered(profile, display_name="周小满")
    made = await _relate(profile, mother, tie="child", other_client_id=child)
    assert made.status_code == 201, made.text
    assert await _of(profile, mother) == [("child", child, "周小满")]
    assert await _of(profile, child) == [("parent", mother, "林晚秋")]
    again = await _relate(profile, child, tie="parent", other_client_id=mother)
    assert (again.status_code, problem(again)) == (409, "relation-known")
    at = f"/v1/clients/{child}/relations/{made.json()['relation_id']}"
    assert (await profile.client(someone()).delete(at)).status_code == 204
    assert await _of(profile, mother) == []
    assert (await profile.client(someone()).delete(at)).status_code == 404


async def test_somebody_who_is_no_client_is_kept_by_a_sealed_name(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    assert (await _relate(profile, client_id, tie="assistant", name=" 陈静 ")).status_code == 201
    assert await _of(profile, client_id) == [("assistant", None, "陈静")]
    [row] = await profile.rows("select other_name from relation")
    assert "陈".encode() not in row["other_name"]


async def test_a_relation_opens_nobodys_record(running: Start) -> None:
    profile = await running("profile")
    hers = await registered(profile, display_name="林晚秋")
    theirs = await registered(profile, display_name="周清和")
    await own(profile, hers)
    await own(profile, theirs, advisor_id=OTHER_ADVISOR)
    unseen = await _relate(profile, hers, by=advisor(), tie="spouse", other_client_id=theirs)
    nobody = await _relate(profile, hers, by=advisor(), tie="spouse", other_client_id=str(uuid4()))
    assert (unseen.status_code, problem(unseen)) == (nobody.status_code, problem(nobody)) == (404, "client-unknown")
    assert (await _relate(profile, hers, tie="spouse", other_client_id=theirs)).status_code == 201
    assert await _of(profile, hers, advisor()) == [("spouse", None, "周**")]
    assert await _of(profile, theirs, advisor(OTHER_ADVISOR)) == [("spouse", None, "林**")]
    assert (await profile.client(advisor()).get(f"/v1/clients/{theirs}")).status_code == 404


async def test_nobody_is_related_to_herself_and_merged_records_are_one_person(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    older = await registered(profile, phone=value)
    newer = await recognised(profile, "o-1")
    spouse = await registered(profile)
    for client_id, other in ((older, newer), (newer, spouse)):
        assert (await _relate(profile, client_id, tie="spouse", other_client_id=other)).status_code == 201
    await gave_phone(profile, newer, value)
    for client_id in (older, newer):
        assert [(tie, other) for tie, other, _ in await _of(profile, client_id)] == [("spouse", spouse)]
    assert [(tie, other) for tie, other, _ in await _of(profile, spouse)] == [("spouse", older)]
    for other in (older, newer):
        herself = await _relate(profile, older, tie="friend", other_client_id=other)
        assert (herself.status_code, problem(herself)) == (409, "related-to-herself")
    again = await _relate(profile, older, tie="spouse", other_client_id=spouse)
    assert (again.status_code, problem(again)) == (409, "relation-known")


async def test_of_two_who_relate_the_same_two_at_once_one_is_told(running: Start) -> None:
    profile = await running("profile")
    one, other = await registered(profile), await registered(profile)
    answers = await asyncio.gather(
        *(_relate(profile, a, tie="spouse", other_client_id=b) for a, b in [(one, other), (other, one)] * 3)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


async def test_a_relation_names_exactly_one_other(running: Start) -> None:
    profile = await running("profile")
    client_id, other = await registered(profile), await registered(profile)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tie": "spouse"}, "nobody-named"),
        ({"tie": "spouse", "name": "周清和", "other_client_id": other}, "nobody-named"),
        ({"tie": "neighbour", "name": "周清和"}, "malformed"),
        ({"tie": "spouse", "name": "\u200b"}, "malformed"),
    ]
    for form, slug in wrong:
        answer = await _relate(profile, client_id, **form)
        assert (answer.status_code, problem(answer)) == (422, slug)
    assert await profile.rows("select from relation") == []
