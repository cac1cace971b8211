"""What is learned, followed up and said without selling, in a month: counted over HTTP, by whom it may be seen."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.asking import Clock, once, tell
from tests.conftest import Start
from tests.profile.relationship import as_role, consented, owned, registered
from tests.profile.todo import NOW, advisor_of, by_hand, kept, manager_of, settled, sold
from tests.running import Running


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def profile(running: Start, clock: Clock) -> Running:
    return await running("profile", clock=clock)


async def opened(profile: Running, code: str, region_id: UUID) -> UUID:
    """A boutique of a region."""
    boutique_id = uuid4()
    fact = {"boutique_id": str(boutique_id), "region_id": str(region_id), "code": code, "zone": "Asia/Shanghai"}
    await tell(profile, "appointments.boutique-opened.v1", fact | {"name_zh": code, "name_en": code})
    return boutique_id


async def visited(profile: Running, client_id: UUID, boutique_id: UUID, at: str = "2026-03-05T02:00:00Z") -> None:
    fact = {"appointment_id": str(uuid4()), "client_id": str(client_id), "boutique_id": str(boutique_id)}
    await tell(profile, "appointments.visit-completed.v1", fact | {"advisor_id": str(uuid4()), "completed_at": at})


async def groups(client: httpx.AsyncClient, month: str = "2026-03") -> dict[tuple[str, str | None], dict[str, Any]]:
    """The figures of a month, by level and place, each `counted/out_of`."""
    answer = await client.get("/v1/follow-up", params={"month": month})
    assert answer.status_code == httpx.codes.OK, answer.text
    return {
        (group["level"], group["region_id"] or group["boutique_id"]): {
            name: f"{group[name]['counted']}/{group[name]['out_of']}"
            for name in ("collection", "follow_up", "not_selling")
        }
        for group in answer.json()["groups"]
    }


async def test_it_is_counted_by_boutique_region_and_brand_with_its_denominator(profile: Running, clock: Clock) -> None:
    east, north = uuid4(), uuid4()
    one, other, far = [await opened(profile, code, place) for code, place in (("A", east), ("B", east), ("C", north))]
    told, silent, elsewhere = [await registered(profile) for _ in range(3)]
    for client_id, boutique_id in ((told, one), (silent, one), (elsewhere, far)):
        await owned(profile, client_id, boutique_id=boutique_id)
        await visited(profile, client_id, boutique_id)
    await visited(profile, told, other)  # one client of the region, whichever of its boutiques she goes to
    await visited(profile, told, one, at="2026-04-01T02:00:00Z")
    note = {"words": "她喜欢茶", "private": False}
    await as_role(profile).post(f"/v1/clients/{told}/notes", json=note, headers=once())
    await sold(profile, silent, boutique_id=one)
    await sold(profile, elsewhere, boutique_id=far)
    # The thank-you of one is said in time, the other's is not.
    thanks = {row["client_id"]: row["task_id"] for row in await kept(profile) if row["kind"] == "thank-you"}
    await settled(profile, thanks[silent], "left-word")
    clock.advance(days=3)
    await settled(profile, thanks[elsewhere], "reached")
    found = await groups(as_role(profile))
    # Each was contacted on a day; the calls of the 9th are not due yet.
    assert found == {
        ("brand", None): {"collection": "1/3", "follow_up": "1/2", "not_selling": "2/2"},
        ("region", str(east)): {"collection": "1/2", "follow_up": "1/1", "not_selling": "1/1"},
        ("region", str(north)): {"collection": "0/1", "follow_up": "0/1", "not_selling": "1/1"},
        ("boutique", str(one)): {"collection": "1/2", "follow_up": "1/1", "not_selling": "1/1"},
        ("boutique", str(other)): {"collection": "1/1", "follow_up": "0/0", "not_selling": "0/0"},
        ("boutique", str(far)): {"collection": "0/1", "follow_up": "0/1", "not_selling": "1/1"},
    }
    clock.advance(days=7)
    # Now the calls are: of whom one of two was followed up, she was not.
    assert (await groups(as_role(profile)))["brand", None]["follow_up"] == "0/2"
    assert (await groups(as_role(profile), "2026-02")) == {
        ("brand", None): {"collection": "0/0", "follow_up": "0/0", "not_selling": "0/0"}
    }
    missed = (await as_role(profile).get("/v1/follow-up/missed", params={"month": "2026-03"})).json()["items"]
    assert sorted((item["client_id"], item["kind"]) for item in missed) == sorted(
        [(str(silent), "after-sales-call"), (str(elsewhere), "after-sales-call"), (str(elsewhere), "thank-you")]
    )


async def test_nobody_sees_several_advisors_beside_one_another(profile: Running, clock: Clock) -> None:
    boutique_id = await opened(profile, "A", uuid4())
    mine, hers = await registered(profile), await registered(profile)
    me, _ = await owned(profile, mine, boutique_id=boutique_id)
    await owned(profile, hers, boutique_id=boutique_id)
    for client_id in (mine, hers):
        await sold(profile, client_id, boutique_id=boutique_id)
        await visited(profile, client_id, boutique_id)
    [thanks] = [row["task_id"] for row in await kept(profile, mine) if row["kind"] == "thank-you"]
    await settled(profile, thanks, "reached")
    clock.advance(days=3)
    own = await groups(advisor_of(profile, me, boutique_id))
    assert own == {("advisor", None): {"collection": "0/1", "follow_up": "1/1", "not_selling": "1/1"}}
    team = await groups(manager_of(profile, boutique_id))
    figures = {"collection": "0/2", "follow_up": "1/2", "not_selling": "1/1"}
    assert team == {("team", None): figures, ("boutique", str(boutique_id)): figures}
    assert set(await groups(manager_of(profile, uuid4()))) == {("team", None)}
    answer = (await advisor_of(profile, me, boutique_id).get("/v1/follow-up", params={"month": "2026-03"})).json()
    assert {answer["groups"][0][name]["of_what"] for name in ("collection", "follow_up", "not_selling")} == {
        "clients-served",
        "clients-due",
        "contacts",
    }
    missed = await advisor_of(profile, me, boutique_id).get("/v1/follow-up/missed", params={"month": "2026-03"})
    assert missed.json()["items"] == []


async def test_of_a_day_on_which_something_was_offered_she_was_sold_to(profile: Running) -> None:
    client_id, other = await registered(profile), await registered(profile)
    await consented(profile, client_id, "marketing")
    offer = await by_hand(profile, client_id, is_offer=True)
    for task_id in (offer, await by_hand(profile, client_id), await by_hand(profile, other)):
        await settled(profile, task_id, "reached")
    for purpose, to in (("service", client_id), ("marketing", other), ("service", other)):
        sent = {"message_id": str(uuid4()), "client_id": str(to), "purpose": purpose}
        at = NOW.replace(day=3)
        await tell(profile, "profile.message-sent.v1", sent | {"template": "t", "channel": "sms"}, at=at)
    # Four days on which one of them was turned to, two of them without an offer.
    assert (await groups(as_role(profile)))["brand", None]["not_selling"] == "2/4"


@pytest.mark.parametrize("month", ["2026-13", "2026-3", "26-03", "2026-03-01", "9999-01"])
async def test_a_month_is_written_as_one(profile: Running, month: str) -> None:
    assert (await as_role(profile).get("/v1/follow-up", params={"month": month})).status_code == 422


async def test_a_merged_client_is_one(profile: Running, clock: Clock) -> None:
    boutique_id = await opened(profile, "A", uuid4())
    one, other = await registered(profile), await registered(profile)
    for client_id in (one, other):
        await sold(profile, client_id, boutique_id=boutique_id)
    merged = await as_role(profile).post(
        f"/v1/clients/{one}/merges", json={"other_client_id": str(other)}, headers=once()
    )
    assert merged.status_code == httpx.codes.CREATED, merged.text
    clock.advance(days=3)
    assert (await groups(as_role(profile)))["brand", None]["follow_up"] == "0/1"
