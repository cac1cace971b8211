"""How much is prepared for the visits of a morning, in counts alone."""

from uuid import uuid4

from tests.asking import problem
from tests.recommend.build import ADVISOR, PEER, House, ready, shown


async def test_pieces_and_those_that_are_not_there_are_counted_for_many_visits(house: House) -> None:
    visit, assortment = await ready(house)
    pieces = shown(assortment)
    await house.stocked(pieces[:2], quantity=0)
    ids = {"appointment_ids": [str(visit), str(uuid4())]}
    answer = await house.recommend.client(PEER, issuer="appointments").post("/v1/assortments/laid-out", json=ids)
    assert answer.status_code == 200, answer.text
    [told] = answer.json()["items"]
    assert (told["appointment_id"], told["assortment_id"]) == (str(visit), assortment["assortment_id"])
    assert (told["pieces"], told["not_in_stock"]) == (len(pieces), 2)
    # No piece, no client: counts alone.
    assert set(told) == {"appointment_id", "assortment_id", "prepared_at", "pieces", "not_in_stock"}


async def test_only_services_ask_and_no_more_than_a_day_of_visits(house: House) -> None:
    ids = {"appointment_ids": [str(uuid4())]}
    assert (await house.recommend.client(ADVISOR).post("/v1/assortments/laid-out", json=ids)).status_code == 403
    peer = house.recommend.client(PEER, issuer="appointments")
    for wrong in ([], [str(uuid4())] * 201):
        answer = await peer.post("/v1/assortments/laid-out", json={"appointment_ids": wrong})
        assert problem(answer) == "malformed"
