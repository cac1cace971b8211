"""Tills and partner systems: let in, given other keys, shut out."""

import asyncio
from typing import Any

from infra.identity import Role
from infra.ids import new_id
from tests.asking import once, problem, until
from tests.gateway.build import Upstream, signed
from tests.gateway.conftest import Behind, Start
from tests.gateway.partners import BEHIND, BODY, TARGET, let_in, token_of


async def test_a_partner_gets_a_token_by_form_json_and_basic(gateway: Start) -> None:
    running = await gateway()
    boutique_id = new_id()
    partner = await let_in(running, "partner", boutique_ids=[str(boutique_id)])
    assert partner["signing_secret"] is None
    assert partner["client_secret"].startswith("maison_live_")
    form = {"grant_type": "client_credentials", "scope": "ignored"}
    credentials = {"client_id": partner["client_id"], "client_secret": partner["client_secret"]}
    caller = running.client()
    answers = [
        await caller.post("/v1/auth/token", data=form | credentials),
        await caller.post("/v1/auth/token", json=form | credentials),
        await caller.post("/v1/auth/token", data=form, auth=(partner["client_id"], partner["client_secret"])),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        verified = running.exchange.verify(answer.json()["access_token"], now=running.clock())
        assert verified.caller.role is Role.PARTNER
        assert verified.caller.boutique_ids == {boutique_id}
        assert "refresh_token" not in answer.json()
    stored = await running.rows("select * from partner_key")
    assert partner["client_secret"] not in str(stored)


async def test_a_partner_of_the_most_boutiques_gets_through_with_itstoken_of(gateway: Start) -> None:
    running = await gateway()
    partner = await let_in(running, "partner", boutique_ids=[str(new_id()) for _ in range(200)])
    token = await token_of(running, partner)
    assert problem(await running.client(token).get("/v1/accounts")) == "not-permitted"  # known, and not let in there


WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    ({"client_secret": "maison_live_" + "x" * 49}, "invalid-client", "invalid_client"),
    ({"client_secret": ""}, "invalid-client", "invalid_client"),
    ({"client_id": f"lumiere.{new_id()}"}, "invalid-client", "invalid_client"),
    ({"client_id": "nobody"}, "invalid-client", "invalid_client"),
    ({"grant_type": "password"}, "unsupported-grant-type", "unsupported_grant_type"),
    ({"grant_type": ""}, "unsupported-grant-type", "unsupported_grant_type"),
    ({"grant_type": None}, "malformed", None),
]


async def test_credentials_that_are_not_right_get_notoken_of(gateway: Start) -> None:
    running = await gateway()
    partner = await let_in(running)
    right = {
        "grant_type": "client_credentials",
        "client_id": partner["client_id"],
        "client_secret": partner["client_secret"],
    }
    caller = running.client()
    for changed, slug, error in WRONG:
        form = {name: value for name, value in (right | changed).items() if value is not None}
        for answer in (await caller.post("/v1/auth/token", data=form), await caller.post("/v1/auth/token", json=form)):
            assert problem(answer) == slug, changed
            assert answer.json().get("error") == error


async def test_a_token_request_that_cannot_be_read_is_a_problem(gateway: Start) -> None:
    running = await gateway()
    for body in (b"", b"[]", b"\xff", b"{", b"grant_type=%ff", b"1", b'"x"', b"[" * 100_000):
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            answer = await running.client().post("/v1/auth/token", content=body, headers={"content-type": kind})
            assert problem(answer) in {"bad-request", "malformed"}


async def test_a_key_is_replaced_without_an_interruption(gateway: Start, behind: Behind) -> None:
    running = await gateway(document=BEHIND, profile_url=await behind(Upstream()))
    till = await let_in(running)
    headquarters = running.client(running.token())
    at = f"/v1/partners/{till['partner_id']}"
    second = (await headquarters.post(f"{at}/keys", headers=once())).json()
    assert second["client_id"] == till["client_id"]
    assert problem(await headquarters.post(f"{at}/keys", headers=once())) == "too-many-keys"
    for keys in (till, second):
        caller = running.client(await token_of(running, keys))
        headers = signed(keys, "POST", TARGET, BODY, at=running.clock())
        assert (await caller.post(TARGET, content=BODY, headers=headers)).status_code == 200
    assert (await headquarters.post(f"{at}/keys/{till['key_id']}/close")).status_code == 204
    shown = (await headquarters.get(at)).json()
    assert [one["key_id"] for one in shown["keys"]] == [second["key_id"]]
    assert till["client_secret"].startswith("maison_live_")
    caller = running.client(await token_of(running, second))
    stale = signed(till, "POST", TARGET, BODY, at=running.clock())
    assert problem(await caller.post(TARGET, content=BODY, headers=stale)) == "signature-invalid"
    form = {"grant_type": "client_credentials", "client_id": till["client_id"], "client_secret": till["client_secret"]}
    assert problem(await running.client().post("/v1/auth/token", data=form)) == "invalid-client"
    assert problem(await headquarters.post(f"{at}/keys/{till['key_id']}/close")) == "not-found"


async def test_a_till_that_never_stops_writing_loses_nothing_while_its_key_is_replaced(
    gateway: Start, behind: Behind
) -> None:
    running = await gateway(document=BEHIND, profile_url=await behind(Upstream()), limit_factor=1000)
    held = [await let_in(running)]
    headquarters, answers, stopped = running.client(running.token()), list[int](), asyncio.Event()
    at = f"/v1/partners/{held[0]['partner_id']}"

    async def writes() -> None:
        while not stopped.is_set():
            keys = held[-1]
            caller = running.client(await token_of(running, keys))
            for _ in range(5):
                headers = signed(keys, "POST", TARGET, BODY, at=running.clock())
                answers.append((await caller.post(TARGET, content=BODY, headers=headers)).status_code)

    async def some_more() -> None:
        enough = len(answers) + 30

        async def written() -> bool:
            return len(answers) >= enough

        await until(written)

    tills = [asyncio.create_task(writes()) for _ in range(3)]
    for _ in range(2):
        await some_more()
        held.append((await headquarters.post(f"{at}/keys", headers=once())).json())
        # Every till has the new key before the old one is closed.
        await some_more()
        assert (await headquarters.post(f"{at}/keys/{held[-2]['key_id']}/close")).status_code == 204
        await some_more()
    stopped.set()
    await asyncio.gather(*tills)
    assert set(answers) == {200}


async def test_a_partner_that_is_shut_out_is_out_at_once(gateway: Start, behind: Behind) -> None:
    running = await gateway(document=BEHIND, profile_url=await behind(Upstream()))
    till = await let_in(running)
    caller = running.client(await token_of(running, till))
    assert (await caller.get("/v1/purchases")).status_code == 200
    headquarters = running.client(running.token())
    closed = await headquarters.post(f"/v1/partners/{till['partner_id']}/close")
    assert closed.json()["closed_at"] is not None
    assert problem(await caller.get("/v1/purchases")) == "unauthenticated"
    form = {"grant_type": "client_credentials", "client_id": till["client_id"], "client_secret": till["client_secret"]}
    assert problem(await running.client().post("/v1/auth/token", data=form)) == "invalid-client"
    listed = (await headquarters.get("/v1/partners")).json()["items"]
    assert [one["partner_id"] for one in listed] == [till["partner_id"]]
    assert problem(await headquarters.post(f"/v1/partners/{till['partner_id']}/keys", headers=once())) == "not-found"
    assert problem(await headquarters.post(f"/v1/partners/{new_id()}/close")) == "not-found"


async def test_a_partner_that_signs_out_stays_in_until_it_is_shut_out_everywhere(
    gateway: Start, behind: Behind
) -> None:
    running = await gateway(document=BEHIND, profile_url=await behind(Upstream()))
    partner = await let_in(running, "partner")
    token = await token_of(running, partner)
    assert (await running.client(token).post("/v1/auth/logout")).status_code == 204
    # Signing out ends nobody else's work: the partner's other processes share its standing session.
    assert (await running.client(token).post("/v1/purchases", json={})).status_code == 200
    headquarters = running.client(running.token())
    await headquarters.post(f"/v1/partners/{partner['partner_id']}/close")
    [session] = await running.rows("select revoked_because from session where partner_id is not null")
    assert session["revoked_because"] == "partner-closed"
    assert problem(await running.client(token).post("/v1/purchases", json={})) == "unauthenticated"


async def test_partners_are_for_headquarters_alone(gateway: Start) -> None:
    running = await gateway()
    manager = running.client(running.token(Role.MANAGER))
    form = {"name": "Till", "role": "pos"}
    assert problem(await manager.post("/v1/partners", json=form, headers=once())) == "not-permitted"
    headquarters = running.client(running.token())
    assert problem(await headquarters.post("/v1/partners", json=form)) == "idempotency-key-missing"
    refused = await headquarters.post("/v1/partners", json=form | {"role": "service"}, headers=once())
    assert problem(refused) == "malformed"
