"""Accounts: given, listed, closed."""

import base64

from infra.identity import INSIDE, Role
from infra.ids import new_id
from tests.asking import once, problem, until
from tests.gateway.build import FIRST, PASSWORD, opened, signed_in
from tests.gateway.conftest import Start


async def test_closing_an_account_ends_its_access_here_at_once_and_elsewhere_soon_after(gateway: Start) -> None:
    here = await gateway(**FIRST)
    elsewhere = await gateway(**FIRST)
    admin = here.client((await signed_in(here))["access_token"])
    account_id = await opened(here, admin, role="headquarters")
    tokens = await signed_in(here, "lin.yue")
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

    await until(is_out_elsewhere)
    # Closing again changes nothing.
    assert (await admin.post(f"/v1/accounts/{account_id}/close")).json() == closed.json()


async def test_nobody_closes_the_account_she_uses_or_one_that_is_not_there(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client((await signed_in(running))["access_token"])
    own = (await admin.get("/v1/accounts")).json()["items"][0]["account_id"]
    assert problem(await admin.post(f"/v1/accounts/{own}/close")) == "own-account"
    assert problem(await admin.post(f"/v1/accounts/{new_id()}/close")) == "not-found"
    assert problem(await admin.get(f"/v1/accounts/{new_id()}")) == "not-found"
    assert (await admin.get(f"/v1/accounts/{own}")).json()["username"] == "admin"


async def test_accounts_are_for_headquarters_alone_and_of_one_brand(gateway: Start) -> None:
    running = await gateway(**FIRST)
    await gateway(first_account="aurore:admin", first_password=PASSWORD)
    for role in Role:
        if role in {*INSIDE, Role.HEADQUARTERS}:
            continue
        assert problem(await running.client(running.token(role)).get("/v1/accounts")) == "not-permitted"
    assert problem(await running.client().get("/v1/accounts")) == "unauthenticated"
    listed = (await running.client(running.token()).get("/v1/accounts")).json()
    assert [one["username"] for one in listed["items"]] == ["admin"]


async def test_accounts_come_in_pages(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client((await signed_in(running))["access_token"])
    await opened(running, admin)
    first = (await admin.get("/v1/accounts", params={"limit": 1})).json()
    assert [one["username"] for one in first["items"]] == ["admin"]
    second = (await admin.get("/v1/accounts", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [one["username"] for one in second["items"]] == ["lin.yue"]
    assert second["next_cursor"] is None
    assert problem(await admin.get("/v1/accounts", params={"cursor": "x"})) == "bad-request"
    # A cursor stands in addresses, which are logged everywhere: a username is somebody's name.
    inside = base64.urlsafe_b64decode(first["next_cursor"] + "=" * (-len(first["next_cursor"]) % 4))
    assert first["items"][0]["account_id"].encode() in inside
    assert b"admin" not in inside


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
        answer = await admin.post("/v1/accounts", json=wanted, headers=once())
        assert problem(answer) == slug, form
        assert "Zoë" not in answer.text
    assert [row["username"] for row in await running.rows("select username from account")] == ["admin"]


async def test_an_advisors_token_carries_her_place(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client(running.token())
    advisor_id, boutique_id = new_id(), new_id()
    await opened(running, admin, role="advisor", advisor_id=str(advisor_id), boutique_ids=[str(boutique_id)])
    tokens = await signed_in(running, "lin.yue")
    caller = running.exchange.verify(tokens["access_token"], now=running.clock()).caller
    assert caller.role is Role.ADVISOR
    assert caller.advisor_id == advisor_id
    assert caller.boutique_ids == {boutique_id}
