"""The house asks for free times on behalf of a client it may see; a city has as many boutiques as it has."""

from typing import Any

import httpx
import pytest

from infra.identity import Caller, Role
from infra.ids import new_id
from tests.appointments import build
from tests.appointments.build import House, ask, client, house, profile, staff
from tests.appointments.test_explain import explain, seen, sums
from tests.asking import problem, tell
from tests.conftest import Start


async def told(place: House, kind: str, her: Caller, **data: Any) -> None:
    """What profile tells of her."""
    body = {"client_id": str(her.client_id), **data}
    await tell(place.running, f"profile.{kind}.v1", body, about=f"client:{her.client_id}")


async def owned(place: House, her: Caller, advisor_id: str) -> None:
    await told(place, "owner-assigned", her, advisor_id=advisor_id, boutique_id=place.boutique_id)


def starts(items: list[dict[str, Any]]) -> set[str]:
    return {one["starts_at"][11:16] for one in items}


async def test_what_she_has_already_is_left_out_for_who_sees_all_her_visits_and_for_nobody_else(running: Start) -> None:
    place = await house(running, advisors=2, needs_room=False)
    her, service = client(), staff(Role.CLIENT_SERVICE)
    asked = {"client_id": str(her.client_id)}
    await place.visit(her)
    assert "03:00" in starts(await place.free(service))
    assert "03:00" not in starts(await place.free(service, **asked))
    assert sums((await explain(place, service, **asked)).json())["client-busy"] == 3
    # Whoever sees one boutique alone would learn from the gaps when she is at another.
    manager = staff(Role.MANAGER, place.boutique_id)
    assert await place.free(manager, **asked) == await place.free(manager)
    assert "client-busy" not in sums((await explain(place, manager, **asked)).json())
    assert problem(await place.asks(manager, **asked)) == "slot-taken"


async def test_what_is_open_to_some_is_judged_for_her(running: Start) -> None:
    place = await house(running, audience="segment", open_to_segments=["vic"])
    her, service = client(), staff(Role.CLIENT_SERVICE)
    asked = {"client_id": str(her.client_id)}
    assert len(await place.free(service)) == 19
    assert problem(await seen(place, service, **asked)) == "experience-not-open"
    assert sums((await explain(place, service, **asked)).json()) == {"not-open": 48}
    await told(place, "segment-changed", her, segment="vic")
    assert len(await place.free(service, **asked)) == 19
    assert (await explain(place, service, **asked)).json()["free_count"] == 19


async def test_mine_is_her_advisor_and_who_stands_in_for_her(running: Start) -> None:
    place = await house(running, advisors=3, needs_room=False)
    own, deputy, _ = place.advisor_ids
    her, manager = client(), staff(Role.MANAGER, place.boutique_id)
    asked = {"client_id": str(her.client_id), "mine": "true"}
    for path_of in (explain, seen):
        assert problem(await path_of(place, manager, **asked)) == "no-own-advisor"
    await owned(place, her, own)
    assert {tuple(one["advisor_ids"]) for one in await place.free(manager, **asked)} == {(own,)}
    # From noon to three by the boutique's clock somebody stands in for her whole book.
    period = {"from_at": "2030-01-08T04:00:00Z", "until_at": "2030-01-08T07:00:00Z"}
    data = {"owner_advisor_id": own, "advisor_id": deputy, **period}
    await tell(place.running, "profile.book-deputy-assigned.v1", data, about=f"advisor:{own}")
    path = f"/v1/advisors/{own}/leaves"
    assert (await ask(place.manager(), path, {"starts": "2030-01-08", "ends": "2030-01-08"})).status_code == 201
    for caller, given in ((manager, asked), (her, {"mine": "true"})):
        free = await place.free(caller, **given)
        assert {tuple(one["advisor_ids"]) for one in free} == {(deputy,)}
        assert starts(free) == {"04:00", "04:30", "05:00", "05:30", "06:00"}
    assert (await explain(place, manager, **asked)).json()["free_count"] == 5


@pytest.mark.parametrize("path_of", [seen, explain])
async def test_whom_the_caller_may_not_see_is_not_there(running: Start, path_of: Any) -> None:
    hidden = httpx.Response(404, json={"type": "urn:maison:problem:client-unknown"})
    place = await house(running, transports={"profile": httpx.MockTransport(lambda _: hidden)})
    her, other = client(), client()
    for caller in (staff(Role.ADVISOR, place.boutique_id), staff(Role.CLIENT_SERVICE)):
        assert problem(await path_of(place, caller, client_id=str(her.client_id))) == "not-found"
    # A client needs nobody's leave for herself, and asks for nobody else.
    assert (await path_of(place, her, client_id=str(her.client_id))).status_code == 200
    assert problem(await path_of(place, other, client_id=str(her.client_id))) == "not-permitted"


async def test_while_profile_is_away_staff_see_times_for_nobody_in_particular(running: Start) -> None:
    place = await house(running, transports={"profile": profile(status=503)})
    manager = staff(Role.MANAGER, place.boutique_id)
    assert problem(await seen(place, manager, client_id=str(new_id()))) == "peer-unavailable"
    assert len(await place.free(manager)) == 19


async def test_all_boutiques_of_a_city_are_looked_through_however_many(running: Start) -> None:
    place = await house(running, needs_room=False)
    http = place.by(build.headquarters())
    region_id = place.boutique["region_id"]
    for number in range(101):
        await build.boutique(http, region_id=region_id, city_code="SHA", code=f"A-{number:03}")
    last = await build.boutique(http, region_id=region_id, city_code="SHA", code="Z-LAST")
    await build.advisor(http, last["boutique_id"])
    found = (await seen(place, client(), boutique_id=None, city="SHA")).json()["items"]
    assert {one["boutique_id"] for one in found} == {last["boutique_id"]}
