"""Whose data is stored and not used: nothing is chosen for her and nothing learned from her until it is lifted."""

from uuid import UUID, uuid4

from tests.asking import problem
from tests.recommend.build import ADVISOR, HER, HER_ID, PEER, House, patch, post, ready, shown

RING, NECKLACE = "AUBE-RING-1", "AUBE-NECKLACE-1"


async def _restrict(house: House, client: UUID = HER_ID) -> None:
    await house.tell("profile.processing-restricted.v1", {"client_id": str(client)}, about=f"client:{client}")


async def _resume(house: House, client: UUID = HER_ID) -> None:
    await house.tell("profile.processing-resumed.v1", {"client_id": str(client)}, about=f"client:{client}")


async def test_nothing_is_prepared_or_shown_and_what_comes_meanwhile_counts_once_it_is_lifted(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    before, assortment = await ready(house)
    assert assortment["personalised"]
    await _restrict(house)
    assert await house.prepared(before) is None
    peer = house.recommend.client(PEER, issuer="appointments")
    assert (await peer.get("/v1/assortments", params={"appointment_id": str(before)})).json()["items"] == []
    at = f"/v1/assortments/{assortment['assortment_id']}"
    assert (await house.recommend.client(ADVISOR).get(at)).status_code == 404
    assert (await patch(house, assortment, pin=[NECKLACE])).status_code == 404
    assert problem(await post(house, before, PEER)) == "processing-restricted"
    # A visit is agreed, a consent repeated, a piece bought: kept, and used for nothing.
    meanwhile = await house.agreed()
    await house.allows()
    await house.bought(NECKLACE)
    assert await house.recommend.rows("select from assortment where appointment_id = $1", meanwhile) == []
    assert not (await house.recommended())["personalised"]
    mine = await house.recommend.client(HER).get("/v1/me/recommendations")
    assert not mine.json()["personalised"]
    await _resume(house)
    for visit in (before, meanwhile):
        prepared = await house.prepared(visit)
        assert prepared is not None
        assert prepared["personalised"]
        assert not {RING, NECKLACE} & set(shown(prepared))


async def test_nobody_is_advised_by_what_a_restricted_client_bought(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    first, second = uuid4(), uuid4()
    for buyer in (first, second):
        await house.bought(RING, "JADE-MOON-WATCH-2", client=buyer)
    merged = uuid4()
    await house.merged(merged, into=second)

    async def learned() -> bool:
        items = (await house.recommended(limit=18))["items"]
        return any(one["reason"]["code"] == "goes-with" for one in items)

    assert await learned()
    # Two have both pieces; one of them is restricted, under an id that was merged into hers.
    await _restrict(house, merged)
    assert not await learned()
    await _resume(house, merged)
    assert await learned()
