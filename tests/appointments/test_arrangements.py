"""What is laid out for a visit: by whom, for which, and that nobody's change is lost."""

import asyncio
from typing import Any

import pytest

from infra.identity import Role
from infra.ids import new_id
from tests.appointments.build import House, at, client, house, said, staff
from tests.asking import problem
from tests.conftest import Start

TEA = {
    "refreshments": "龙井，不加糖",
    "room_setup": "云起厅，靠窗",
    "pieces": [{"piece_code": "R-1", "state": "reserved"}],
}


async def laid(place: House, path: str, body: dict[str, Any], *, tag: str, by: Any = None) -> Any:
    http = by or place.manager()
    return await http.put(f"{path}/arrangements", json=body, headers={"If-Match": tag})


async def test_what_is_laid_out_stands_in_the_sheet_and_sealed_in_the_database(running: Start) -> None:
    place = await house(running)
    path = f"/v1/appointments/{(await place.visit())['appointment_id']}"
    first = await place.manager().get(f"{path}/arrangements")
    assert (first.headers["ETag"], said(first)["refreshments"], said(first)["pieces"]) == ('"0"', None, [])
    made = await laid(place, path, TEA, tag='"0"')
    assert (made.headers["ETag"], said(made)["pieces"]) == ('"1"', TEA["pieces"])
    sheet = said(await place.manager().get(f"{path}/preparation"))
    assert {name: sheet["arrangement"][name] for name in TEA} == TEA
    [row] = await place.running.rows("select refreshments, room_setup from arrangement")
    assert "龙井".encode() not in row["refreshments"] + row["room_setup"]
    # What is not named is laid out no longer.
    less = said(await laid(place, path, {"pieces": [{"piece_code": "R-2", "state": "requested"}]}, tag='"1"'))
    assert (less["refreshments"], less["pieces"], less["version"]) == (
        None,
        [{"piece_code": "R-2", "state": "requested"}],
        2,
    )


async def test_of_two_who_lay_out_at_the_same_moment_one_is_told_to_look_again(running: Start) -> None:
    place = await house(running)
    path = f"/v1/appointments/{(await place.visit())['appointment_id']}"
    for version in range(5):
        both = [laid(place, path, {"refreshments": f"茶 {turn}"}, tag=f'"{version}"') for turn in range(2)]
        assert sorted(answer.status_code for answer in await asyncio.gather(*both)) == [200, 412]


async def test_only_for_a_visit_that_is_agreed_and_not_over_and_only_by_who_receives_her(running: Start) -> None:
    place = await house(running)
    held = await place.hold()
    path = f"/v1/appointments/{held['appointment_id']}"
    assert problem(await laid(place, path, TEA, tag='"0"')) == "nothing-to-arrange"
    her = client()
    visit = await place.visit(her, "2030-01-08 13:00")
    path = f"/v1/appointments/{visit['appointment_id']}"
    assert (await laid(place, path, TEA, tag='"0"', by=place.by(her))).status_code == 403
    stranger = place.by(staff(Role.ADVISOR, str(new_id())))
    assert problem(await laid(place, path, TEA, tag='"0"', by=stranger)) == "not-found"
    assert problem(await place.manager().put(f"{path}/arrangements", json=TEA)) == "precondition-missing"
    place.clock.now = at("2030-01-08 13:00")
    for step in ("check-in", "complete"):
        said(await place.manager().post(f"{path}/{step}"))
    assert problem(await laid(place, path, TEA, tag='"0"')) == "nothing-to-arrange"


@pytest.mark.parametrize(
    "wrong",
    [
        {"refreshments": ""},
        {"refreshments": "茶" * 201},
        {"room_setup": "花" * 501},
        {"pieces": [{"piece_code": f"R-{n}", "state": "reserved"} for n in range(21)]},
        {"pieces": [{"piece_code": "R-1", "state": "reserved"}, {"piece_code": "R-1", "state": "requested"}]},
        {"pieces": [{"piece_code": "R-1", "state": "sold"}]},
        {"allergies": "nuts"},
    ],
)
async def test_what_does_not_fit_is_refused_whole(running: Start, wrong: dict[str, Any]) -> None:
    place = await house(running)
    path = f"/v1/appointments/{(await place.visit())['appointment_id']}"
    assert problem(await laid(place, path, wrong, tag='"0"')) == "malformed"
    assert await place.running.rows("select 1 from arrangement") == []
