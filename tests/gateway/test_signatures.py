"""What a till signs: it goes through once, and with nothing changed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx

from infra.identity import Role
from infra.ids import new_id
from tests.asking import Clock, problem
from tests.gateway.build import NOW, Upstream, signed
from tests.gateway.conftest import Behind, Start
from tests.gateway.partners import BEHIND, BODY, TARGET, let_in, token_of


async def test_a_tills_signed_write_goes_through_once(gateway: Start, behind: Behind) -> None:
    upstream = Upstream(status=201)
    clock = Clock(NOW)
    running = await gateway(document=BEHIND, profile_url=await behind(upstream), clock=clock)
    till = await let_in(running)
    caller = running.client(await token_of(running, till))
    headers = signed(till, "POST", TARGET, BODY, at=clock())
    answer = await caller.post(TARGET, content=BODY, headers=headers)
    assert answer.status_code == 201, answer.text
    assert upstream.seen[0].body == BODY
    assert upstream.seen[0].target == TARGET
    assert upstream.seen[0].header("maison-signature") is None
    assert running.inner("profile", upstream.seen[0].header("authorization")).role is Role.POS

    assert problem(await caller.post(TARGET, content=BODY, headers=headers)) == "signature-invalid"
    afresh = signed(till, "POST", TARGET, BODY, at=clock())
    assert (await caller.post(TARGET, content=BODY, headers=afresh)).status_code == 201
    # Reading needs no signature.
    assert (await caller.get("/v1/purchases")).status_code == 201
    assert len(upstream.seen) == 3


Flip = Callable[[dict[str, str]], dict[str, str]]
FLIPS: dict[str, Flip] = {
    "timestamp": lambda headers: headers | {"Maison-Timestamp": str(int(headers["Maison-Timestamp"]) + 1)},
    "nonce": lambda headers: headers | {"Maison-Nonce": new_id().hex},
    "short nonce": lambda headers: headers | {"Maison-Nonce": "n"},
    "signature": lambda headers: headers | {"Maison-Signature": "v1=" + "0" * 64},
    "version": lambda headers: headers | {"Maison-Signature": headers["Maison-Signature"].replace("v1", "v2")},
    "another's key": lambda headers: headers | {"Maison-Key": f"lumiere.{new_id()}"},
    "no key": lambda headers: {name: value for name, value in headers.items() if name != "Maison-Key"},
    "no signature": lambda headers: {name: value for name, value in headers.items() if name != "Maison-Signature"},
    "nothing": lambda _: {},
}


async def test_a_signature_with_any_part_changed_is_refused(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    clock = Clock(NOW)
    running = await gateway(document=BEHIND, profile_url=await behind(upstream), clock=clock)
    till = await let_in(running)
    caller = running.client(await token_of(running, till))

    async def sent(method: str, target: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await caller.request(method, target, content=body, headers=headers)

    def fresh() -> dict[str, str]:
        return signed(till, "POST", TARGET, BODY, at=clock())

    for name, flip in FLIPS.items():
        assert problem(await sent("POST", TARGET, BODY, flip(fresh()))) == "signature-invalid", name
    assert problem(await sent("POST", TARGET, BODY + b" ", fresh())) == "signature-invalid"
    assert problem(await sent("POST", "/v1/purchases?store=8", BODY, fresh())) == "signature-invalid"
    assert problem(await sent("POST", "/v1/purchases", BODY, fresh())) == "signature-invalid"
    assert problem(await sent("PUT", "/v1/purchases/7", BODY, fresh())) == "signature-invalid"
    for offset in (-301, 301):
        aside = signed(till, "POST", TARGET, BODY, at=clock() + timedelta(seconds=offset))
        assert problem(await sent("POST", TARGET, BODY, aside)) == "signature-invalid"
    assert upstream.seen == []
    for offset in (-300, 300):
        inside = signed(till, "POST", TARGET, BODY, at=clock() + timedelta(seconds=offset))
        assert (await sent("POST", TARGET, BODY, inside)).status_code == 200
    assert len(upstream.seen) == 2


async def test_of_the_same_signature_sent_twenty_times_at_once_one_goes_through(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    till = await let_in(running)
    caller = running.client(await token_of(running, till))
    headers = signed(till, "POST", TARGET, BODY, at=running.clock())
    answers = await asyncio.gather(*(caller.post(TARGET, content=BODY, headers=headers) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    assert len(upstream.seen) == 1


async def test_another_tills_secret_does_not_sign_for_this_one(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    running = await gateway(document=BEHIND, profile_url=await behind(upstream))
    till, other = await let_in(running), await let_in(running)
    caller = running.client(await token_of(running, till))
    mixed = {"client_id": till["client_id"], "signing_secret": other["signing_secret"]}
    for keys in (other, mixed):
        headers = signed(keys, "POST", TARGET, BODY, at=running.clock())
        assert problem(await caller.post(TARGET, content=BODY, headers=headers)) == "signature-invalid"
    assert upstream.seen == []


async def test_a_partner_system_need_not_sign(gateway: Start, behind: Behind) -> None:
    running = await gateway(document=BEHIND, profile_url=await behind(Upstream()))
    partner = await let_in(running, "partner")
    caller = running.client(await token_of(running, partner))
    assert (await caller.post(TARGET, content=BODY)).status_code == 200
