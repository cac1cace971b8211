"""Who may be shown recommendations for whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from infra.identity import Caller, Role
from tests.recommend.build import (
    ADVISOR,
    BOUTIQUE,
    BRAND,
    HEADQUARTERS,
    HER,
    HER_ID,
    MANAGER,
    OTHER_ADVISOR,
    OTHER_BOUTIQUE,
    PEER,
    RIVAL,
    House,
    problem,
)

RING = "AUBE-RING-1"


async def seen(house: House, by: Caller, client: UUID = HER_ID) -> bool:
    answer = await house.recommend.client(by).get(f"/v1/clients/{client}/recommendations")
    if answer.status_code == 200:
        return True
    assert problem(answer) == "not-found"
    return False


async def test_an_advisor_sees_her_own_client_and_a_manager_those_of_the_boutique(house: House) -> None:
    assert [await seen(house, by) for by in (ADVISOR, MANAGER, OTHER_ADVISOR)] == [False, False, False]
    await house.owned()
    assert [await seen(house, by) for by in (ADVISOR, MANAGER, OTHER_ADVISOR)] == [True, True, False]
    colleague = Caller("bo", Role.ADVISOR, BRAND, advisor_id=uuid4(), boutique_ids=frozenset({BOUTIQUE}))
    assert not await seen(house, colleague)
    assert await seen(house, HEADQUARTERS)
    await house.owned(advisor=OTHER_ADVISOR.advisor_id or uuid4(), boutique=OTHER_BOUTIQUE)
    assert [await seen(house, by) for by in (ADVISOR, MANAGER, OTHER_ADVISOR)] == [False, False, True]


async def test_she_is_seen_where_she_is_expected_from_a_day_before_until_a_day_after(house: House) -> None:
    visit = await house.agreed(boutique=OTHER_BOUTIQUE, starts_in=timedelta(hours=30))
    assert not await seen(house, OTHER_ADVISOR)
    await house.agreed("moved", appointment_id=visit, boutique=OTHER_BOUTIQUE, starts_in=timedelta(hours=20))
    assert await seen(house, OTHER_ADVISOR)
    assert not await seen(house, ADVISOR)
    over = {"appointment_id": str(visit), "completed_at": (datetime.now(UTC) - timedelta(hours=23)).isoformat()}
    await house.tell("appointments.visit-completed.v1", over)
    assert await seen(house, OTHER_ADVISOR), "what is left to do is done on the same day"
    over["completed_at"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    await house.tell("appointments.visit-completed.v1", over)
    assert not await seen(house, OTHER_ADVISOR)


async def test_whoever_has_arrived_is_seen_however_early_she_is(house: House) -> None:
    visit = await house.agreed(starts_in=timedelta(hours=30))
    assert not await seen(house, ADVISOR)
    data = {"appointment_id": str(visit), "arrived_at": datetime.now(UTC).isoformat()}
    await house.tell("appointments.client-arrived.v1", data)
    assert await seen(house, ADVISOR)


async def test_who_does_not_come_is_not_seen(house: House) -> None:
    for word in ("cancelled", "expired", "no-show-recorded"):
        visit = await house.agreed()
        assert await seen(house, ADVISOR)
        await house.agreed(word, appointment_id=visit)
        assert not await seen(house, ADVISOR)


async def test_another_brand_learns_nothing_of_her(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    answer = await house.recommend.client(RIVAL).get(f"/v1/clients/{HER_ID}/recommendations")
    assert answer.json() == {"client_id": str(HER_ID), "boutique_id": None, "personalised": False, "items": []}
    far = Caller("far", Role.ADVISOR, "ombre", advisor_id=ADVISOR.advisor_id, boutique_ids=ADVISOR.boutique_ids)
    await house.owned()
    assert not await seen(house, far)


async def test_roles_open_exactly_these_routes(house: House) -> None:
    at = f"/v1/clients/{HER_ID}/recommendations"
    assert (await house.recommend.client(PEER, issuer="appointments").get(at)).status_code == 200
    assert problem(await house.recommend.client(HER).get(at)) == "not-permitted"
    assert problem(await house.recommend.client(ADVISOR).get("/v1/me/recommendations")) == "not-permitted"
    assert problem(await house.recommend.client().get(at)) == "unauthenticated"
    nobody = Caller("nobody", Role.CLIENT, BRAND)
    assert problem(await house.recommend.client(nobody).get("/v1/me/recommendations")) == "not-found"


async def test_a_malformed_question_is_a_problem(house: House) -> None:
    client = house.recommend.client(HEADQUARTERS)
    for query in ("limit=0", "limit=101", "limit=many", "limit=1e9", "boutique_id=here", "boutique_id=%00", "limit="):
        assert problem(await client.get(f"/v1/clients/{HER_ID}/recommendations?{query}")) == "malformed"
    assert problem(await client.get("/v1/clients/her/recommendations")) == "malformed"
