"""Who may be shown recommendations for whom: profile decides."""

from dataclasses import replace
from uuid import UUID

import pytest

from infra.identity import Caller, Role
from tests.asking import BRAND, problem
from tests.recommend.build import (
    ADVISOR,
    BOUTIQUE,
    HEADQUARTERS,
    HER,
    HER_ID,
    MANAGER,
    OTHER_BOUTIQUE,
    PEER,
    RIVAL,
    House,
)

RING, NECKLACE = "AUBE-RING-1", "SEINE-NECKLACE-2"
AT = f"/v1/clients/{HER_ID}/recommendations"
REGIONAL = Caller("xu", Role.REGIONAL, BRAND, boutique_ids=frozenset({BOUTIQUE, OTHER_BOUTIQUE}), region_id=UUID(int=1))
CLIENT_SERVICE = Caller("cs", Role.CLIENT_SERVICE, BRAND)
STAFF = (ADVISOR, MANAGER, REGIONAL, HEADQUARTERS, CLIENT_SERVICE)


@pytest.mark.parametrize("by", STAFF, ids=lambda by: by.role.value)
async def test_profile_is_asked_about_everyone_of_the_house_as_who_she_is(house: House, by: Caller) -> None:
    house.profile.lets = {by}
    assert (await house.recommend.client(by).get(AT)).status_code == 200
    house.profile.lets = set()
    assert problem(await house.recommend.client(by).get(AT)) == "not-found"
    asked = {
        "subject": by.subject,
        "role": by.role.value,
        "advisor_id": str(by.advisor_id) if by.advisor_id else None,
        "boutique_ids": sorted(str(boutique) for boutique in by.boutique_ids),
        "seen": "recommendations",
    }
    assert house.profile.asked == [(HER_ID, asked)] * 2


async def test_neither_owning_her_nor_her_visit_opens_her_without_profile(house: House) -> None:
    house.profile.lets = set()
    owner = {"client_id": str(HER_ID), "advisor_id": str(ADVISOR.advisor_id), "boutique_id": str(BOUTIQUE)}
    await house.tell("profile.owner-assigned.v1", owner)
    await house.agreed()
    assert problem(await house.recommend.client(ADVISOR).get(AT)) == "not-found"


async def test_while_profile_is_away_nobody_of_the_house_is_shown_anything(house: House) -> None:
    house.profile.away = True
    for by in STAFF:
        answer = await house.recommend.client(by).get(AT)
        assert (answer.status_code, problem(answer)) == (503, "peer-unavailable")
        assert answer.headers["retry-after"] == "1"
    assert (await house.recommend.client(HER).get("/v1/me/recommendations")).status_code == 200


async def test_a_service_is_not_asked_about_and_told_of_no_piece_of_hers(house: House) -> None:
    house.profile.away = True
    await house.allows()
    await house.couples(RING, NECKLACE)
    await house.bought(RING)
    body = (await house.recommend.client(PEER, issuer="appointments").get(AT, params={"limit": 18})).json()
    [item] = [item for item in body["items"] if item["reason"]["code"] == "goes-with"]
    assert item["reason"]["en"] == "Often chosen together with a piece she has"
    assert house.profile.asked == []


async def test_another_brand_learns_nothing_of_her(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    assert problem(await house.recommend.client(RIVAL).get(AT)) == "not-found"
    # Even if profile knew such a client there, ours stays ours.
    house.profile.lets = {RIVAL, replace(ADVISOR, brand_id=RIVAL.brand_id)}
    for by in house.profile.lets:
        answer = await house.recommend.client(by).get(AT)
        assert answer.json() == {"client_id": str(HER_ID), "boutique_id": None, "personalised": False, "items": []}


async def test_roles_open_exactly_these_routes(house: House) -> None:
    assert (await house.recommend.client(PEER, issuer="appointments").get(AT)).status_code == 200
    assert problem(await house.recommend.client(HER).get(AT)) == "not-permitted"
    assert problem(await house.recommend.client(ADVISOR).get("/v1/me/recommendations")) == "not-permitted"
    assert problem(await house.recommend.client().get(AT)) == "unauthenticated"
    nobody = Caller("nobody", Role.CLIENT, BRAND)
    assert problem(await house.recommend.client(nobody).get("/v1/me/recommendations")) == "not-found"


async def test_a_malformed_question_is_a_problem_and_nobody_looked_at_her(house: House) -> None:
    client = house.recommend.client(HEADQUARTERS)
    for query in ("limit=0", "limit=101", "limit=many", "limit=1e9", "boutique_id=here", "boutique_id=%00", "limit="):
        assert problem(await client.get(f"{AT}?{query}")) == "malformed"
    assert problem(await client.get("/v1/clients/her/recommendations")) == "malformed"
    assert house.profile.asked == []
