"""Staff: the first account, signing in, staying signed in, and being shut out."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from gateway.identity.models.tokens import LIFETIME
from gateway.identity.rules import REFRESH_LIFETIME
from infra.identity import Role
from infra.ids import new_id
from tests.gateway.build import BRAND, PASSWORD, Clock, Gateway, key, problem, until
from tests.gateway.conftest import Start

FIRST = {"first_account": "lumiere:admin", "first_password": PASSWORD}


async def _signed_in(running: Gateway, username: str = "admin", password: str = PASSWORD) -> dict[str, Any]:
    answer = await running.client().post("/v1/auth/staff", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def _opened(running: Gateway, admin: httpx.AsyncClient, **form: object) -> str:
    wanted = {"username": "lin.yue", "password": PASSWORD, "role": "privacy", **form}
    answer = await admin.post("/v1/accounts", json=wanted, headers=key())
    assert answer.status_code == 201, answer.text
    assert PASSWORD not in answer.text
    account_id: str = answer.json()["account_id"]
    return account_id


async def test_the_first_account_is_made_once_and_signs_in(gateway: Start) -> None:
    running = await gateway(**FIRST)
    tokens = await _signed_in(running, username=" Admin ")
    assert tokens["role"] == "headquarters"
    assert tokens["brand"] == BRAND
    assert tokens["expires_in"] == 600
    admin = running.client(tokens["access_token"])
    await _opened(running, admin)
    # A second start with another password changes nothing: the brand has accounts.
    again = await gateway(first_account="lumiere:other", first_password="another long password")
    listed = (await again.client(tokens["access_token"]).get("/v1/accounts")).json()
    assert [one["username"] for one in listed["items"]] == ["admin", "lin.yue"]
    stored = await running.rows("select password_hash from account")
    assert all(row["password_hash"].startswith("$argon2id$v=19$m=47104,t=2,p=1$") for row in stored)


async def test_unknown_wrong_and_closed_are_one_answer(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client((await _signed_in(running))["access_token"])
    account_id = await _opened(running, admin)
    assert (await admin.post(f"/v1/accounts/{account_id}/close")).status_code == 200
    answers = [
        await running.client().post("/v1/auth/staff", json=form)
        for form in (
            {"username": "nobody", "password": PASSWORD},
            {"username": "admin", "password": "wrong"},
            {"username": "lin.yue", "password": PASSWORD},
            {"username": "admin", "password": PASSWORD, "brand": "aurore"},
        )
    ]
    assert {problem(answer) for answer in answers} == {"sign-in-refused"}
    bodies = [{name: value for name, value in one.json().items() if name != "trace_id"} for one in answers]
    assert all(body == bodies[0] for body in bodies)


async def test_the_brand_is_needed_where_two_have_the_username(gateway: Start) -> None:
    running = await gateway(**FIRST)
    await gateway(first_account="aurore:admin", first_password="another long password")
    unclear = await running.client().post("/v1/auth/staff", json={"username": "admin", "password": PASSWORD})
    assert problem(unclear) == "sign-in-refused"
    clear = await running.client().post(
        "/v1/auth/staff", json={"username": "admin", "password": "another long password", "brand": "aurore"}
    )
    assert clear.json()["brand"] == "aurore"


async def test_guessing_ends_after_ten_attempts_whether_the_user_exists_or_not(gateway: Start) -> None:
    clock = Clock()
    running, other = await gateway(clock=clock, **FIRST), await gateway(clock=clock)
    for username in ("admin", "nobody"):
        for number in range(10):
            # Two instances do not give twice as many.
            wrong = (
                await (running, other)[number % 2]
                .client()
                .post("/v1/auth/staff", json={"username": username, "password": "wrong"})
            )
            assert problem(wrong) == "sign-in-refused"
        # The right password does not help either.
        late = await running.client().post("/v1/auth/staff", json={"username": username, "password": PASSWORD})
        assert problem(late) == "quota-exceeded"
        assert late.headers["retry-after"] == "90"
    assert await running.rows("select 1 from guess where encode(who, 'escape') like '%admin%'") == []
    clock.forward(timedelta(seconds=90))
    await _signed_in(running)


async def test_refreshing_rotates_and_a_second_use_ends_the_whole_family(gateway: Start) -> None:
    clock = Clock()
    running = await gateway(clock=clock, **FIRST)
    first = await _signed_in(running)
    clock.forward(LIFETIME)
    assert problem(await running.client(first["access_token"]).get("/v1/accounts")) == "unauthenticated"

    async def refreshed(token: str) -> httpx.Response:
        return await running.client().post("/v1/auth/refresh", json={"refresh_token": token})

    second = (await refreshed(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    third = (await refreshed(second["refresh_token"])).json()
    caller = running.client(third["access_token"])
    assert (await caller.get("/v1/accounts")).status_code == 200

    # Somebody else uses the first one: both parties are out, the access token included.
    assert problem(await refreshed(first["refresh_token"])) == "refresh-refused"
    assert problem(await refreshed(third["refresh_token"])) == "refresh-refused"
    assert problem(await caller.get("/v1/accounts")) == "unauthenticated"
    ended = await running.rows("select revoked_because from session")
    assert [row["revoked_because"] for row in ended] == ["refresh-token-reused"]
    # Another sign-in of the same person is another family.
    await _signed_in(running)


async def test_of_two_refreshes_at_once_one_wins_and_the_family_ends(gateway: Start) -> None:
    running = await gateway(**FIRST)
    token = (await _signed_in(running))["refresh_token"]
    answers = await asyncio.gather(
        *(running.client().post("/v1/auth/refresh", json={"refresh_token": token}) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]


async def test_a_refresh_token_is_stored_hashed_and_ends_after_thirty_days(gateway: Start) -> None:
    clock = Clock()
    running = await gateway(clock=clock, **FIRST)
    token = (await _signed_in(running))["refresh_token"]
    stored = await running.rows("select token_hash from refresh_token")
    assert len(stored) == 1
    assert len(stored[0]["token_hash"]) == 32
    clock.forward(REFRESH_LIFETIME)
    assert problem(await running.client().post("/v1/auth/refresh", json={"refresh_token": token})) == "refresh-refused"


async def test_what_has_expired_is_forgotten_and_a_till_never(gateway: Start) -> None:
    clock = Clock()
    running = await gateway(clock=clock, **FIRST)
    admin = running.client((await _signed_in(running))["access_token"])
    assert (await admin.post("/v1/partners", json={"name": "Till", "role": "pos"}, headers=key())).status_code == 201
    clock.forward(REFRESH_LIFETIME - timedelta(seconds=1))
    await _signed_in(running)
    clock.forward(timedelta(seconds=1))
    # Another instance sweeps when it starts.
    await gateway(clock=clock, **FIRST)

    async def swept() -> bool:
        return len(await running.rows("select 1 from refresh_token")) == 1

    await until(swept)
    left = await running.rows("select account_id is null as till from session order by opened_at")
    assert [row["till"] for row in left] == [True, False]


async def test_a_made_up_refresh_token_is_refused(gateway: Start) -> None:
    caller = (await gateway()).client()
    for token in ("x", "lumiere." + "x" * 43, "nobrand." + "x" * 43, "." * 40, "lumiere." + "é" * 43):
        assert problem(await caller.post("/v1/auth/refresh", json={"refresh_token": token})) == "refresh-refused"


async def test_an_expired_token_does_not_stand_in_the_way_of_refreshing(gateway: Start) -> None:
    clock = Clock()
    running = await gateway(clock=clock, **FIRST)
    tokens = await _signed_in(running)
    clock.forward(timedelta(hours=1))
    caller = running.client(tokens["access_token"])
    answer = await caller.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200


async def test_signing_out_ends_tokens_at_once(gateway: Start) -> None:
    running = await gateway(**FIRST)
    tokens = await _signed_in(running)
    caller = running.client(tokens["access_token"])
    assert (await caller.post("/v1/auth/logout")).status_code == 204
    assert problem(await caller.get("/v1/accounts")) == "unauthenticated"
    again = await running.client().post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert problem(again) == "refresh-refused"


async def test_closing_an_account_ends_its_access_here_at_once_and_elsewhere_within_two_seconds(gateway: Start) -> None:
    here = await gateway(**FIRST)
    elsewhere = await gateway(**FIRST)
    admin = here.client((await _signed_in(here))["access_token"])
    account_id = await _opened(here, admin, role="headquarters")
    tokens = await _signed_in(here, "lin.yue")
    leaver, leaver_elsewhere = here.client(tokens["access_token"]), elsewhere.client(tokens["access_token"])
    assert (await leaver.get("/v1/accounts")).status_code == 200
    assert (await leaver_elsewhere.get("/v1/accounts")).status_code == 200

    closed = await admin.post(f"/v1/accounts/{account_id}/close")
    assert closed.json()["closed_at"] is not None
    assert problem(await leaver.get("/v1/accounts")) == "unauthenticated"
    refreshed = await elsewhere.client().post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert problem(refreshed) == "refresh-refused"

    async def is_out_elsewhere() -> bool:
        return (await leaver_elsewhere.get("/v1/accounts")).status_code == 401

    await until(is_out_elsewhere, seconds=2)
    # Closing again changes nothing.
    assert (await admin.post(f"/v1/accounts/{account_id}/close")).json() == closed.json()


async def test_nobody_closes_the_account_she_uses_or_one_that_is_not_there(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client((await _signed_in(running))["access_token"])
    own = (await admin.get("/v1/accounts")).json()["items"][0]["account_id"]
    assert problem(await admin.post(f"/v1/accounts/{own}/close")) == "own-account"
    assert problem(await admin.post(f"/v1/accounts/{new_id()}/close")) == "not-found"
    assert problem(await admin.get(f"/v1/accounts/{new_id()}")) == "not-found"
    assert (await admin.get(f"/v1/accounts/{own}")).json()["username"] == "admin"


async def test_accounts_are_for_headquarters_alone_and_of_one_brand(gateway: Start) -> None:
    running = await gateway(**FIRST)
    await gateway(first_account="aurore:admin", first_password=PASSWORD)
    for role in Role:
        if role in {Role.SERVICE, Role.HEADQUARTERS}:
            continue
        assert problem(await running.client(running.token(role)).get("/v1/accounts")) == "not-permitted"
    assert problem(await running.client().get("/v1/accounts")) == "unauthenticated"
    listed = (await running.client(running.token()).get("/v1/accounts")).json()
    assert [one["username"] for one in listed["items"]] == ["admin"]


async def test_accounts_come_in_pages(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client((await _signed_in(running))["access_token"])
    await _opened(running, admin)
    first = (await admin.get("/v1/accounts", params={"limit": 1})).json()
    assert [one["username"] for one in first["items"]] == ["admin"]
    second = (await admin.get("/v1/accounts", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [one["username"] for one in second["items"]] == ["lin.yue"]
    assert second["next_cursor"] is None
    assert problem(await admin.get("/v1/accounts", params={"cursor": "x"})) == "bad-request"


UNFIT: list[tuple[dict[str, object], str]] = [
    ({"role": "advisor"}, "place-missing"),
    ({"role": "service"}, "malformed"),
    ({"role": "group"}, "malformed"),
    ({"password": "short"}, "malformed"),
    ({"username": "Zoë"}, "malformed"),
    ({"username": "admin"}, "username-taken"),
    ({"account_id": str(new_id())}, "malformed"),
    ({"boutique_ids": [str(new_id())] * 51}, "malformed"),
]


async def test_an_account_that_does_not_fit_is_refused(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client(running.token())
    for form, slug in UNFIT:
        wanted = {"username": "lin.yue", "password": PASSWORD, "role": "privacy", **form}
        answer = await admin.post("/v1/accounts", json=wanted, headers=key())
        assert problem(answer) == slug, form
        assert "Zoë" not in answer.text
    assert [row["username"] for row in await running.rows("select username from account")] == ["admin"]


async def test_an_advisors_token_carries_her_place(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client(running.token())
    advisor_id, boutique_id = new_id(), new_id()
    await _opened(running, admin, role="advisor", advisor_id=str(advisor_id), boutique_ids=[str(boutique_id)])
    tokens = await _signed_in(running, "lin.yue")
    caller = running.exchange.verify(tokens["access_token"], now=running.clock()).caller
    assert caller.role is Role.ADVISOR
    assert caller.advisor_id == advisor_id
    assert caller.boutique_ids == {boutique_id}
