"""What the service does on profile's facts, told through the shared log."""

from typing import Any

from infra.ids import new_id
from tests.appointments.build import House, client, house
from tests.asking import tell
from tests.conftest import Start


async def owner(place: House, client_id: object, advisor_id: str) -> None:
    data = {"client_id": str(client_id), "advisor_id": advisor_id, "boutique_id": place.boutique_id}
    await tell(place.running, "profile.owner-assigned.v1", data, about=f"client:{client_id}")


async def merged(place: House, survivor: object, other: object) -> dict[str, str]:
    data = {"merge_id": str(new_id()), "client_id": str(survivor), "merged_client_id": str(other)}
    await tell(place.running, "profile.identities-merged.v1", data, about=f"client:{survivor}")
    return data


async def test_her_own_advisor_is_offered_first_and_chosen(running: Start) -> None:
    place = await house(running, advisors=3)
    own = max(place.advisor_ids)
    her = client()
    await owner(place, her.client_id, sorted(place.advisor_ids)[1])
    await owner(place, her.client_id, own)
    slot = (await place.free(her))[0]
    assert slot["advisor_ids"] == [own, *sorted(place.advisor_ids)[:2]]
    held = await place.hold(her)
    assert held["advisor_id"] == own
    assert await place.assigned_for(held["appointment_id"]) == "own-advisor"
    # Another client finds the least loaded of the others.
    assert (await place.free(client(), first="2030-01-09 00:00", last="2030-01-10 00:00"))[0]["advisor_ids"][0] != own


async def test_after_a_merge_each_of_her_ids_finds_all_her_appointments(running: Start) -> None:
    place = await house(running)
    one, two, three = client(), client(), client()
    for her, day in ((one, 8), (two, 9), (three, 10)):
        await place.visit(her, f"2030-01-{day:02} 11:00")
    await merged(place, two.client_id, three.client_id)
    await merged(place, one.client_id, two.client_id)
    for her in (one, two, three):
        items = (await place.by(her).get("/v1/me/appointments")).json()["items"]
        assert [item["client_id"] for item in items] == [str(each.client_id) for each in (one, two, three)]
    found = await _of(place, three.client_id)
    assert len(found) == 3
    stranger = client()
    assert (await place.by(stranger).get("/v1/me/appointments")).json()["items"] == []
    assert (await place.by(stranger).get(f"/v1/appointments/{found[0]['appointment_id']}")).status_code == 404


async def test_after_a_separation_each_finds_her_own_appointments(running: Start) -> None:
    place = await house(running)
    one, two, three = client(), client(), client()
    for her, day in ((one, 8), (two, 9), (three, 10)):
        await place.visit(her, f"2030-01-{day:02} 11:00")
    await merged(place, two.client_id, three.client_id)
    edge = await merged(place, one.client_id, two.client_id)
    data = {**edge, "known_as_client_id": str(one.client_id)}
    await tell(place.running, "profile.identities-separated.v1", data, about=f"client:{one.client_id}")
    for her, ids in ((one, [one]), (two, [two, three]), (three, [two, three])):
        items = (await place.by(her).get("/v1/me/appointments")).json()["items"]
        assert [item["client_id"] for item in items] == [str(each.client_id) for each in ids]


async def test_an_advisor_who_lets_a_client_go_is_not_offered_first_any_more(running: Start) -> None:
    place = await house(running, advisors=2)
    her, own = client(), max(place.advisor_ids)
    await owner(place, her.client_id, own)
    assert (await place.free(her))[0]["advisor_ids"][0] == own
    released = {"client_id": str(her.client_id)}
    await tell(place.running, "profile.owner-released.v1", released, about=f"client:{her.client_id}")
    assert (await place.free(her))[0]["advisor_ids"][0] != own


async def test_after_a_merge_bookings_are_made_for_the_surviving_id_and_her_owner(running: Start) -> None:
    place = await house(running, advisors=2)
    one, two = client(), client()
    await owner(place, two.client_id, sorted(place.advisor_ids)[1])
    await merged(place, one.client_id, two.client_id)
    held = await place.hold(two)
    assert held["client_id"] == str(one.client_id)
    assert await place.assigned_for(held["appointment_id"]) == "own-advisor"
    # She is one person: her other id is not free at that time.
    assert not any(slot["starts_at"] == held["starts_at"] for slot in await place.free(one))


async def test_merges_in_a_ring_end(running: Start) -> None:
    place = await house(running)
    one, two = client(), client()
    visit = await place.visit(one)
    await merged(place, one.client_id, two.client_id)
    await merged(place, two.client_id, one.client_id)
    for her in (one, two):
        assert (await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}")).status_code == 200


async def _of(place: House, client_id: object) -> list[dict[str, Any]]:
    answer = await place.manager().get("/v1/appointments", params={"client_id": str(client_id)})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
