"""What is still to be put right for clients who are about to come: as much as whoever asks would see herself."""

from typing import Any
from uuid import uuid4

from infra.identity import Caller, Role
from tests.asking import BRAND, problem
from tests.feedback import build
from tests.feedback.conftest import House

PEER = Caller("appointments", Role.SERVICE, BRAND)


async def asked(
    house: House, *client_ids: str, role: str = "manager", **fields: Any
) -> dict[str, list[dict[str, Any]]]:
    """The open work orders that somebody sees, by client."""
    form = {"subject": "x", "role": role, "boutique_ids": [str(build.BOUTIQUE)], "client_ids": list(client_ids)}
    http = house.feedback.client(PEER, issuer="appointments")
    answer = await http.post("/v1/work-orders/open", json=form | fields)
    assert answer.status_code == 200, answer.text
    return {one["client_id"]: one["work_orders"] for one in answer.json()["items"]}


async def test_what_is_open_is_told_without_words_and_what_is_resolved_is_not(house: House) -> None:
    order = await house.unhappy()
    client_id = order["client_id"]
    [told] = (await asked(house, client_id, str(uuid4())))[client_id]
    assert (told["work_order_id"], told["status"], told["overdue"]) == (order["work_order_id"], "open", False)
    assert "comment" not in told
    await house.closed(order["work_order_id"])
    assert await asked(house, client_id) == {}


async def test_whoever_would_not_see_it_herself_is_not_told(house: House) -> None:
    client_id = (await house.unhappy())["client_id"]
    assert await asked(house, client_id, boutique_ids=[str(uuid4())]) == {}
    http = house.feedback.client(PEER, issuer="appointments")
    for role in ("client-service", "events", "privacy", "client"):
        form = {"subject": "x", "role": role, "boutique_ids": [str(build.BOUTIQUE)], "client_ids": [client_id]}
        # Nothing and not for her are two answers: the sheet says which.
        assert problem(await http.post("/v1/work-orders/open", json=form)) == "not-permitted"
    assert set(await asked(house, client_id, role="headquarters", boutique_ids=[])) == {client_id}


async def test_a_merged_client_is_answered_under_the_id_that_was_asked_for(house: House) -> None:
    client_id = (await house.unhappy())["client_id"]
    survivor = str(uuid4())
    merge = {"merge_id": str(uuid4()), "client_id": survivor, "merged_client_id": client_id}
    await house.tell("profile.identities-merged.v1", merge)
    found = await asked(house, survivor, client_id)
    assert {one: len(orders) for one, orders in found.items()} == {survivor: 1, client_id: 1}


async def test_only_services_ask_and_no_more_than_a_day_of_clients(house: House) -> None:
    form: dict[str, Any] = {"subject": "x", "role": "manager", "client_ids": [str(uuid4())]}
    people = house.feedback.client(build.MANAGER)
    assert (await people.post("/v1/work-orders/open", json=form)).status_code == 403
    peer = house.feedback.client(PEER, issuer="appointments")
    wrongs: list[dict[str, Any]] = [{"client_ids": []}, {"client_ids": [str(uuid4())] * 201}, {"role": "nobody"}]
    for wrong in wrongs:
        assert problem(await peer.post("/v1/work-orders/open", json=form | wrong)) == "malformed"
