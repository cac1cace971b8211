"""Who leaves the house is out at every instance within a second, and who moves sees her new boutique."""

import time
from uuid import UUID

from infra.ids import new_id
from tests.asking import problem, tell, until
from tests.gateway.build import FIRST, opened, signed_in
from tests.gateway.conftest import Start


async def test_a_leavers_access_ends_everywhere_within_a_second(gateway: Start) -> None:
    here, elsewhere = await gateway(**FIRST), await gateway(**FIRST)
    admin = here.client((await signed_in(here))["access_token"])
    advisor_id, boutique_id = new_id(), new_id()
    who = {"role": "headquarters", "advisor_id": str(advisor_id)}
    account_id = await opened(here, admin, **who)
    stays = await opened(here, admin, username="wang.min", role="headquarters")
    tokens = await signed_in(here, "lin.yue")
    both = [one.client(tokens["access_token"]) for one in (here, elsewhere)]
    assert [(await one.get("/v1/accounts")).status_code for one in both] == [200, 200]
    fact = {"advisor_id": str(advisor_id), "boutique_id": str(boutique_id), "left_at": "2026-05-20T06:00:00Z"}
    began = time.monotonic()
    await tell(here, "appointments.advisor-left.v1", fact, about=f"advisor:{advisor_id}")

    async def is_out() -> bool:
        return [(await one.get("/v1/accounts")).status_code for one in both] == [401, 401]

    await until(is_out)
    assert time.monotonic() - began < 1.0
    refreshed = await elsewhere.client().post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert problem(refreshed) == "refresh-refused"
    assert (await admin.get(f"/v1/accounts/{account_id}")).json()["closed_at"] is not None
    assert (await admin.get(f"/v1/accounts/{stays}")).json()["closed_at"] is None


async def test_whoever_moves_has_her_new_boutique_in_her_account(gateway: Start) -> None:
    running = await gateway(**FIRST)
    admin = running.client((await signed_in(running))["access_token"])
    advisor_id, old, new, other = new_id(), new_id(), new_id(), new_id()
    account_id = await opened(
        running, admin, role="advisor", advisor_id=str(advisor_id), boutique_ids=[str(old), str(other)]
    )
    fact = {
        "advisor_id": str(advisor_id),
        "boutique_id": str(new),
        "region_id": str(new_id()),
        "from_boutique_id": str(old),
    }
    hers = running.client((await signed_in(running, "lin.yue"))["access_token"])
    assert (await hers.get("/v1/accounts")).status_code != 401
    await tell(running, "appointments.advisor-moved.v1", fact, about=f"advisor:{advisor_id}")

    async def is_out() -> bool:
        # Her token says the old boutique.
        return (await hers.get("/v1/accounts")).status_code == 401

    await until(is_out)
    again = running.client((await signed_in(running, "lin.yue"))["access_token"])
    await tell(running, "appointments.advisor-moved.v1", fact, about=f"advisor:{advisor_id}")
    account = (await admin.get(f"/v1/accounts/{account_id}")).json()
    assert {UUID(one) for one in account["boutique_ids"]} == {new, other}
    assert len(account["boutique_ids"]) == 2
    # Told again, it changes nothing.
    revoked = "select revoked_because from session where account_id = $1 order by session_id"
    ended = [row["revoked_because"] for row in await running.rows(revoked, UUID(account_id))]
    assert ended == ["advisor-moved", None]
    assert (await again.get("/v1/accounts")).status_code != 401
