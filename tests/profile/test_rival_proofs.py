"""Proofs that come at the same moment: each is judged by what the one before it left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from tests.asking import BRAND, until
from tests.conftest import Start
from tests.profile.build import bought, gateway, gave_phone, imported, phone, recognised, registered, someone
from tests.running import Running


@asynccontextmanager
async def _held(profile: Running, client_id: str) -> AsyncIterator[None]:
    """Nobody else gets this record until the block ends: requests read what they read without it, and queue."""
    gate = await asyncpg.connect(profile.settings.database_url)
    try:
        await gate.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        async with gate.transaction():
            assert await gate.fetch("select 1 from client where client_id = $1 for update", UUID(client_id))
            yield
    finally:
        await gate.close()


async def _queued(profile: Running, count: int) -> None:
    waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    async def are() -> bool:
        return len(await profile.rows(waiting)) >= count

    await until(are)


async def test_two_wechat_accounts_that_give_the_phone_of_one_history_at_once_never_share_it(running: Start) -> None:
    profile = await running("profile")
    for turn in range(20):
        value, customer = phone(), f"C-{turn}"
        known = await registered(profile, phone=value, pos_ids=[{"system": "till", "value": customer}])
        assert await bought(profile, customer) == known
        rivals = [await recognised(profile, f"o-{turn}-{n}") for n in range(2)]
        async with asyncio.TaskGroup() as group, _held(profile, known):
            asked = [group.create_task(gave_phone(profile, rival, value)) for rival in rivals]
            await _queued(profile, 2)
        refused, merged = sorted((one.result() for one in asked), key=lambda answer: -answer.status_code)
        assert (merged.status_code, merged.json()) == (200, {"client_id": known, "merged": True})
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:maison:problem:merge-needs-decision")
        assert refused.json()["reason"] == "two-wechat-accounts"
    assert len(await profile.rows("select 1 from client_merge")) == 20


async def test_a_number_she_confirms_at_the_same_moment_is_fresh(running: Start) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    profile = await running("profile", clock=lambda: now)
    value, newcomer = phone(), await recognised(profile, "o-1")
    brought = await profile.client(someone()).post("/v1/clients/batch", json={"clients": [imported(phone=value)]})
    known = brought.json()["items"][0]["client_id"]
    now += timedelta(days=366)
    async with asyncio.TaskGroup() as group, _held(profile, known):
        group.create_task(gave_phone(profile, known, value))
        await _queued(profile, 1)
        proof = group.create_task(gave_phone(profile, newcomer, value))
        await _queued(profile, 2)
    assert proof.result().json() == {"client_id": known, "merged": True}


async def test_a_unionid_does_not_join_two_histories_of_which_one_came_at_the_same_moment(running: Start) -> None:
    profile = await running("profile")
    newcomer = await recognised(profile, "o-1")
    of_union = await recognised(profile, "o-2", appid="wx2", unionid="u-1")
    number = {"kind": "pos", "system": "till", "value": "C-1"}
    await profile.client(gateway()).post(f"/v1/clients/{of_union}/identities", json=number)
    assert await bought(profile, "C-1") == of_union
    known, value = await bought(profile, "C-2"), phone()
    await gave_phone(profile, known, value)
    async with asyncio.TaskGroup() as group, _held(profile, newcomer):
        first = group.create_task(gave_phone(profile, newcomer, value))
        await _queued(profile, 1)
        signs_in = group.create_task(recognised(profile, "o-1", unionid="u-1"))
        await _queued(profile, 2)
    assert first.result().json() == {"client_id": known, "merged": True}
    assert signs_in.result() == known
    assert len(await profile.rows("select 1 from client_merge")) == 1
