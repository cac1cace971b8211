"""Who receives her, and why: asked for, her own, who stands in for her own, and whose turn it is."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from infra.identity import Caller
from tests.appointments import build
from tests.appointments.build import House, at, client, house
from tests.asking import problem, tell
from tests.conftest import Start


async def owned(place: House, her: Caller, advisor_id: str) -> None:
    data = {"client_id": str(her.client_id), "advisor_id": advisor_id, "boutique_id": place.boutique_id}
    await tell(place.running, "profile.owner-assigned.v1", data, about=f"client:{her.client_id}")


def deputy(advisor_id: str, **given: Any) -> dict[str, Any]:
    return {"advisor_id": advisor_id, "from_at": "2030-01-01T00:00:00Z", "until_at": None, **given}


async def test_who_stands_in_for_her_advisor_receives_her_when_that_one_is_not_free(running: Start) -> None:
    place = await house(running, advisors=4, needs_room=False)
    own, stands_in, _, _ = place.advisor_ids
    her = client()
    await owned(place, her, own)
    about = {"client_id": str(her.client_id)}
    told = {**about, **deputy(stands_in)}
    await tell(place.running, "profile.deputy-assigned.v1", told, about=f"client:{her.client_id}")
    first = await place.hold(her)
    assert (first["advisor_id"], await place.assigned_for(first["appointment_id"])) == (own, "own-advisor")
    await place.hold(local="2030-01-08 13:00", advisor_id=own)
    second = await place.hold(her, "2030-01-08 13:00")
    assert (second["advisor_id"], await place.assigned_for(second["appointment_id"])) == (stands_in, "deputy")
    await tell(place.running, "profile.deputy-released.v1", about, about=f"client:{her.client_id}")
    await place.hold(local="2030-01-08 15:00", advisor_id=own)
    third = await place.hold(her, "2030-01-08 15:00")
    assert await place.assigned_for(third["appointment_id"]) == "rotation"


async def test_who_stands_in_for_a_whole_book_does_so_while_it_lasts(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False)
    own, stands_in, other = place.advisor_ids
    her = client()
    await owned(place, her, own)
    book = {"owner_advisor_id": own}
    told = {**book, **deputy(stands_in, until_at="2030-01-09T00:00:00Z")}
    await tell(place.running, "profile.book-deputy-assigned.v1", told, about=f"owner_advisor:{own}")
    # The one who stands in has more to do than the other one: it is not her turn.
    await place.hold(local="2030-01-08 16:00", advisor_id=stands_in)
    for local, receives, why in (
        ("2030-01-08 11:00", stands_in, "deputy"),
        ("2030-01-09 11:00", other, "rotation"),
    ):
        await place.hold(local=local, advisor_id=own)
        held = await place.hold(her, local)
        assert (held["advisor_id"], await place.assigned_for(held["appointment_id"])) == (receives, why)
    await tell(place.running, "profile.book-deputy-released.v1", book, about=f"owner_advisor:{own}")
    assert await place.running.rows("select 1 from book_deputy") == []


async def test_whose_weight_is_double_is_asked_twice_as_often(running: Start) -> None:
    place = await house(running, needs_room=False)
    heavy = await build.advisor(place.manager(), place.boutique_id, weight=2)
    got: Counter[str] = Counter()
    for clock in ("10:00", "11:00", "12:00", "13:00", "14:00", "15:00"):
        got[(await place.visit(local=f"2030-01-08 {clock}"))["advisor_id"]] += 1
        place.clock.advance(seconds=1)
    assert got == {place.advisor_ids[0]: 2, heavy["advisor_id"]: 4}


async def test_of_those_whose_turn_it_is_alike_the_higher_priority_is_asked_first(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    senior = (await build.advisor(place.manager(), place.boutique_id, priority=1))["advisor_id"]
    got = []
    for clock in ("10:00", "11:00", "12:00", "13:00", "14:00", "15:00"):
        got.append((await place.visit(local=f"2030-01-08 {clock}"))["advisor_id"])
        place.clock.advance(seconds=1)
    # First in each round, and no more often than the others.
    assert (got[0], got[3]) == (senior, senior)
    assert set(Counter(got).values()) == {2}
    path = f"/v1/advisors/{place.advisor_ids[1]}"
    raised = await place.manager().patch(path, json={"priority": 2}, headers={"If-Match": "*"})
    assert raised.json()["priority"] == 2
    assert (await place.visit(local="2030-01-08 16:00"))["advisor_id"] == place.advisor_ids[1]
    assert (await place.manager().patch(path, json={"priority": 101}, headers={"If-Match": "*"})).status_code == 422


async def test_a_newly_joined_advisor_is_not_flooded(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    for clock in ("10:00", "11:00", "12:00", "13:00"):
        await place.visit(local=f"2030-01-08 {clock}", advisor_id=place.advisor_ids[0])
        await place.visit(local=f"2030-01-08 {clock}", advisor_id=place.advisor_ids[1])
    place.clock.advance(minutes=10)
    new = (await build.advisor(place.manager(), place.boutique_id))["advisor_id"]
    joined = "update advisor set joined_at = $1 where advisor_id = $2 returning 1"
    await place.running.rows(joined, place.clock.now - timedelta(minutes=5), UUID(new))
    got: Counter[str] = Counter()
    for clock in ("14:00", "15:00", "16:00", "17:00", "18:00", "19:00"):
        got[(await place.visit(local=f"2030-01-09 {clock}"))["advisor_id"]] += 1
        place.clock.advance(seconds=1)
    assert got == dict.fromkeys([*place.advisor_ids, new], 2)


async def test_who_speaks_her_language_receives_her(running: Start) -> None:
    place = await house(running, needs_room=False)
    french = await build.advisor(place.manager(), place.boutique_id, languages=["fr"])
    held = await place.hold(language="fr")
    assert (held["advisor_id"], held["language"]) == (french["advisor_id"], "fr")
    assert problem(await place.asks(language="ja")) == "nobody-speaks-the-language"


async def test_two_receive_her_where_the_experience_wants_two_and_both_are_taken(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False, needs_second_advisor=True, second_skill="goldsmith")
    assert problem(await place.asks()) == "no-second-advisor"
    smith = await build.advisor(place.manager(), place.boutique_id, skills=["goldsmith"])
    visit = await place.visit(advisor_id=place.advisor_ids[0])
    assert (visit["advisor_id"], visit["second_advisor_id"]) == (place.advisor_ids[0], smith["advisor_id"])
    assert problem(await place.asks(local="2030-01-08 11:30")) == "slot-taken"
    rows = await place.running.rows("select 1 from occupation where resource_id = $1", UUID(smith["advisor_id"]))
    assert len(rows) == 1
    # She finds it in her list too.
    answer = await place.manager().get("/v1/appointments", params={"advisor_id": smith["advisor_id"]})
    assert [one["appointment_id"] for one in answer.json()["items"]] == [visit["appointment_id"]]
    her_other = at("2030-01-08 15:00").isoformat()
    moved = await place.step(
        place.manager(), visit["appointment_id"], "move", starts_at=her_other, agreed_by="in-person"
    )
    assert (moved["advisor_id"], moved["second_advisor_id"]) == (place.advisor_ids[0], smith["advisor_id"])
    await place.step(place.manager(), visit["appointment_id"], "cancel")
    assert await place.running.rows("select 1 from occupation") == []
