"""Staff: the first account, signing in, staying signed in, and being shut out."""

import asyncio
from datetime import timedelta

import httpx

from gateway.identity.actions.sweeping import FEW
from gateway.identity.models.tokens import LIFETIME
from gateway.identity.rules import REFRESH_LIFETIME
from tests.asking import BRAND, Clock, once, problem, until
from tests.gateway.build import FIRST, NOW, PASSWORD, Gateway, opened, signed_in
from tests.gateway.conftest import Start


async def test_the_first_account_is_made_once_and_signs_in(gateway: Start) -> None:
    running = await gateway(**FIRST)
    tokens = await signed_in(running, username=" Admin ")
    assert tokens["role"] == "headquarters"
    assert tokens["brand"] == BRAND
    assert tokens["expires_in"] == 600
    admin = running.client(tokens["access_token"])
    await opened(running, admin)
    # A second start with another password changes nothing: the brand has accounts.
    again = await gateway(first_account="lumiere:other", first_password="another long password")
    listed = (await again.client(tokens["access_token"]).get("/v1/accounts")).json()
    assert [one["username"] for one in listed["items"]] == ["admin", "lin.yue"]
    stored = await running.rows("select password_hash from account")
    assert all(row["password_hash"].startswith("$argon2id$v=19$m=47104,t=2,p=1$") for row in stored)


async def test_unknown_wrong_and_closed_are_one_answer(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client((await signed_in(running))["access_token"])
    account_id = await opened(running, admin)
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
    clock = Clock(NOW)
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
    clock.advance(seconds=90)
    await signed_in(running)


async def test_the_right_password_is_no_guess_however_often_it_is_given(gateway: Start) -> None:
    running = await gateway(**FIRST)
    for _ in range(12):
        await signed_in(running)
    wrong = [await _attempt(running, "127.0.0.1", password="wrong") for _ in range(11)]
    assert [problem(one) for one in wrong] == ["sign-in-refused"] * 10 + ["quota-exceeded"]


async def _attempt(running: Gateway, at: str, *, password: str, brand: str | None = None) -> httpx.Response:
    form = {"username": "admin", "password": password} | ({"brand": brand} if brand else {})
    return await running.client(at=at).post("/v1/auth/staff", json=form)


async def test_whoever_guesses_at_one_address_locks_nobody_out_at_another(gateway: Start) -> None:
    # So wide that it is not the limit on requests that stops him.
    running = await gateway(limit_factor=10, **FIRST)
    answers = [await _attempt(running, "203.0.113.9", password="wrong") for _ in range(110)]
    assert [problem(answer) for answer in answers] == ["sign-in-refused"] * 10 + ["quota-exceeded"] * 100
    # An address in IPv6 clothes is the same address.
    assert problem(await _attempt(running, "::ffff:203.0.113.9", password=PASSWORD)) == "quota-exceeded"
    assert (await _attempt(running, "198.51.100.7", password=PASSWORD)).status_code == 200


async def test_guesses_at_one_brand_leave_the_same_username_of_another_alone(gateway: Start) -> None:
    running = await gateway(**FIRST)
    await gateway(first_account="aurore:admin", first_password=PASSWORD)
    for _ in range(10):
        assert problem(await _attempt(running, "203.0.113.9", password="wrong", brand=BRAND)) == "sign-in-refused"
    assert problem(await _attempt(running, "203.0.113.9", password=PASSWORD, brand=BRAND)) == "quota-exceeded"
    assert (await _attempt(running, "203.0.113.9", password=PASSWORD, brand="aurore")).status_code == 200


async def test_refreshing_rotates_and_a_second_use_ends_the_whole_family(gateway: Start) -> None:
    clock = Clock(NOW)
    running = await gateway(clock=clock, **FIRST)
    first = await signed_in(running)
    clock.now += LIFETIME
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
    await signed_in(running)


async def test_whoever_lost_the_answer_gets_the_same_successor_again_for_ten_seconds(gateway: Start) -> None:
    clock = Clock(NOW)
    running = await gateway(clock=clock, **FIRST)
    token = (await signed_in(running))["refresh_token"]

    async def refreshed(token: str) -> httpx.Response:
        return await running.client().post("/v1/auth/refresh", json={"refresh_token": token})

    lost = await refreshed(token)
    clock.advance(seconds=9)
    again = await refreshed(token)
    assert again.json()["refresh_token"] == lost.json()["refresh_token"]
    assert (await running.client(again.json()["access_token"]).get("/v1/accounts")).status_code == 200
    assert len(await running.rows("select 1 from refresh_token")) == 2
    clock.advance(seconds=1)
    assert problem(await refreshed(token)) == "refresh-refused"
    assert problem(await refreshed(again.json()["refresh_token"])) == "refresh-refused"
    ended = await running.rows("select revoked_because from session")
    assert [row["revoked_because"] for row in ended] == ["refresh-token-reused"]


async def test_refreshes_at_once_are_one_refresh(gateway: Start) -> None:
    running = await gateway(**FIRST)
    token = (await signed_in(running))["refresh_token"]
    answers = await asyncio.gather(
        *(running.client().post("/v1/auth/refresh", json={"refresh_token": token}) for _ in range(5))
    )
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_nobody_repeats_a_refresh_after_signing_out(gateway: Start) -> None:
    running = await gateway(**FIRST)
    token = (await signed_in(running))["refresh_token"]
    tokens = (await running.client().post("/v1/auth/refresh", json={"refresh_token": token})).json()
    assert (await running.client(tokens["access_token"]).post("/v1/auth/logout")).status_code == 204
    again = await running.client().post("/v1/auth/refresh", json={"refresh_token": token})
    assert problem(again) == "refresh-refused"


async def test_a_restore_ends_every_sign_in_from_before_it(gateway: Start) -> None:
    clock = Clock(NOW)
    running = await gateway(clock=clock, **FIRST)
    token = (await signed_in(running))["refresh_token"]
    restored_at = NOW + timedelta(minutes=1)
    await running.rows("insert into restoration (restored_at, made_at) values ($1, $2)", restored_at, NOW)
    clock.now = restored_at + timedelta(minutes=1)
    assert problem(await running.client().post("/v1/auth/refresh", json={"refresh_token": token})) == "refresh-refused"
    ended = await running.rows("select revoked_because from session")
    assert [row["revoked_because"] for row in ended] == ["restored"]
    token = (await signed_in(running))["refresh_token"]
    assert (await running.client().post("/v1/auth/refresh", json={"refresh_token": token})).status_code == 200


async def test_a_refresh_token_is_stored_hashed_and_ends_after_thirty_days(gateway: Start) -> None:
    clock = Clock(NOW)
    running = await gateway(clock=clock, **FIRST)
    token = (await signed_in(running))["refresh_token"]
    stored = await running.rows("select token_hash from refresh_token")
    assert len(stored) == 1
    assert len(stored[0]["token_hash"]) == 32
    clock.now += REFRESH_LIFETIME
    assert problem(await running.client().post("/v1/auth/refresh", json={"refresh_token": token})) == "refresh-refused"


async def test_what_has_expired_is_forgotten_and_a_till_never(gateway: Start) -> None:
    clock = Clock(NOW)
    running = await gateway(clock=clock, **FIRST)
    admin = running.client((await signed_in(running))["access_token"])
    assert (await admin.post("/v1/partners", json={"name": "Till", "role": "pos"}, headers=once())).status_code == 201
    clock.now += REFRESH_LIFETIME - timedelta(seconds=1)
    await signed_in(running)
    clock.advance(seconds=1)
    # Another instance sweeps when it starts.
    await gateway(clock=clock, **FIRST)

    async def swept() -> bool:
        return len(await running.rows("select 1 from refresh_token")) == 1

    await until(swept)
    left = await running.rows("select account_id is null as till from session order by opened_at")
    assert [row["till"] for row in left] == [True, False]


async def test_many_that_have_expired_are_forgotten_a_few_at_a_time(gateway: Start) -> None:
    running = await gateway()
    await running.stop()
    await running.rows(
        "insert into refresh_token (brand_id, token_hash, session_id, issued_at, expires_at)"
        " select $1, sha256(n::text::bytea), gen_random_uuid(), $2, $2 from generate_series(1, $3) as n returning 1",
        BRAND,
        running.clock(),
        2 * FEW + 1,
    )
    again = await gateway()

    async def swept() -> bool:
        return await again.rows("select 1 from refresh_token limit 1") == []

    await until(swept)


async def test_a_made_up_refresh_token_is_refused(gateway: Start) -> None:
    caller = (await gateway()).client()
    for token in ("x", "lumiere." + "x" * 43, "nobrand." + "x" * 43, "." * 40, "lumiere." + "é" * 43):
        assert problem(await caller.post("/v1/auth/refresh", json={"refresh_token": token})) == "refresh-refused"


async def test_an_expired_token_does_not_stand_in_the_way_of_refreshing(gateway: Start) -> None:
    clock = Clock(NOW)
    running = await gateway(clock=clock, **FIRST)
    tokens = await signed_in(running)
    clock.advance(hours=1)
    caller = running.client(tokens["access_token"])
    answer = await caller.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200


async def test_signing_out_ends_tokens_at_once(gateway: Start) -> None:
    running = await gateway(**FIRST)
    tokens = await signed_in(running)
    caller = running.client(tokens["access_token"])
    assert (await caller.post("/v1/auth/logout")).status_code == 204
    assert problem(await caller.get("/v1/accounts")) == "unauthenticated"
    again = await running.client().post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert problem(again) == "refresh-refused"
