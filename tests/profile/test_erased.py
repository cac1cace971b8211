"""Who was buried is absent, and nothing that comes in from outside brings her back."""

from datetime import UTC, datetime
from typing import Any

from infra.identity import Role
from infra.refusal import REGISTRY
from infra.tombstones import bury
from tests.asking import BRAND, problem
from tests.conftest import Start
from tests.profile.build import (
    ADVISOR,
    advisor,
    bought,
    client_of,
    gateway,
    gave_phone,
    imported,
    names,
    own,
    phone,
    receipt,
    recognised,
    registered,
    someone,
)
from tests.running import Running

ROUTES = ["", "/card", "/timeline", "/purchases", "/segment", "/consents", "/permissions", "/access-log"]
ROUTES += ["/dates", "/preferences", "/notes", "/sensitive-items", "/relations"]


async def _bury(profile: Running, client_id: str) -> None:
    async with profile.kit.database.transaction(BRAND) as tx:
        await bury(tx, f"client:{client_id}", now=datetime.now(UTC))


async def _brought(profile: Running, *clients: dict[str, Any]) -> list[tuple[str, str | None]]:
    form = {"clients": list(clients)}
    answer = await profile.client(someone()).post("/v1/clients/batch", json=form)
    assert answer.status_code == 207, answer.text
    return [(one["status"], one.get("code")) for one in answer.json()["items"]]


async def test_she_is_absent_for_everybody_on_every_route_and_in_every_search(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    client_id = await registered(profile, display_name="欧阳若水", phone=number, member="M-77")
    await own(profile, client_id)
    await _bury(profile, client_id)
    for by in (advisor(), someone(), someone(Role.PRIVACY), someone(Role.CLIENT_SERVICE), gateway()):
        for route in ROUTES:
            answer = await profile.client(by).get(f"/v1/clients/{client_id}{route}")
            assert answer.status_code in {403, 404}, (by.role, route)
    assert (await profile.client(client_of(client_id)).get("/v1/me")).status_code == 404
    for criteria in ({"text": "欧阳"}, {"criteria": {"phone_tail": number[-4:]}}, {"text": "M-77"}):
        found = await profile.client(someone()).post("/v1/clients/search", json=criteria)
        assert client_id not in found.text
    shown = {"identities": [{"kind": "phone", "value": number}]}
    assert (await profile.client(advisor()).post("/v1/clients/identify", json=shown)).json()["items"] == []
    assert (await profile.client(advisor()).get(f"/v1/advisors/{ADVISOR}/book")).json()["items"] == []


async def test_an_import_refuses_her_and_takes_the_others(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    assert await _brought(profile, imported("M-erased", phone=number)) == [("created", None)]
    [row] = await profile.rows("select client_id from client")
    await _bury(profile, str(row["client_id"]))
    again = await _brought(profile, imported("M-erased"), imported("M-other"), imported("M-third", phone=number))
    assert again == [("rejected", "client-erased"), ("created", None), ("rejected", "client-erased")]
    assert "client-erased" in REGISTRY


async def test_signing_in_as_her_is_refused(running: Start) -> None:
    profile = await running("profile")
    client_id = await recognised(profile, "o1", unionid="u1")
    await _bury(profile, client_id)
    for form in ({"openid": "o1"}, {"openid": "o2", "unionid": "u1"}):
        answer = await profile.client(gateway()).post("/v1/clients/recognise", json={"appid": "wx1", **form})
        assert (answer.status_code, problem(answer)) == (410, "client-erased")
    assert len(await profile.rows("select 1 from client")) == 1


async def test_nobody_becomes_one_with_her_through_her_number(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    erased = await recognised(profile, "o1")
    assert (await gave_phone(profile, erased, number)).status_code == 200
    await _bury(profile, erased)
    living = await recognised(profile, "o2")
    answer = await gave_phone(profile, living, number)
    assert (answer.status_code, problem(answer)) == (410, "client-erased")
    assert (await profile.client(client_of(living)).get("/v1/me")).json()["client_id"] == living
    # Nor is anybody registered with it.
    taken = await profile.client(someone()).post(
        "/v1/clients", json=names(phone=number), headers={"Idempotency-Key": "k1"}
    )
    assert problem(taken) == "identity-taken"


async def test_a_receipt_with_her_number_is_nobodys(running: Start) -> None:
    profile = await running("profile")
    erased = await bought(profile, "C-erased")
    await _bury(profile, erased)
    body = {"receipts": [receipt("R-later", customer="C-erased")]}
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json=body)
    assert answer.status_code == 207
    [kept] = await profile.rows("select client_id from purchase where receipt = 'R-later'")
    assert kept["client_id"] is None
    fact = (await profile.facts("profile.purchase-recorded.v1"))[-1]
    assert fact["data"]["client_id"] is None
