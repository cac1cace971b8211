"""Pushes on their way to profile: while it is away, while it says no, and those that nobody fulfils yet."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from gateway.wechat.rules import KEPT_AFTER, LEASE, REFUSALS
from tests.asking import Clock, until
from tests.gateway.build import NOW, Profile
from tests.gateway.conftest import Start
from tests.gateway.pushing import SETTINGS, about_data, granted, handed, push, wake


async def test_while_profile_is_away_a_push_waits_and_is_told_again_with_the_same_id(gateway: Start) -> None:
    answers = [(503, {}), (409, {"type": "urn:maison:problem:still-running"}), (200, {"accepted": 1})]
    profile = Profile({"/v1/wechat/events": lambda _: answers[min(len(profile.asked), 3) - 1]})
    clock = Clock(NOW)
    running = await gateway(transports={"profile": profile.transport}, clock=clock, **SETTINGS)
    await granted(running)

    async def waits(attempts: int) -> bool:
        rows = await running.rows("select attempts, next_attempt_at from wechat_push")
        wait = timedelta(seconds=2 ** (attempts - 1))
        return bool(rows[0]["attempts"] == attempts and rows[0]["next_attempt_at"] == clock() + wait)

    await until(lambda: waits(1))
    assert len(profile.asked) == 1
    clock.advance(seconds=1)
    wake(running)
    await until(lambda: waits(2))
    clock.advance(seconds=2)
    wake(running)
    await until(lambda: handed(running))
    ids = [body["events"][0]["event_id"] for _, body in profile.asked]
    assert len(ids) == 3
    assert len(set(ids)) == 1


async def test_a_push_taken_by_a_process_that_died_is_handed_on_by_the_next(gateway: Start) -> None:
    profile = Profile({"/v1/wechat/events": lambda _: (200, {"accepted": 1})})
    clock = Clock(NOW)
    running = await gateway(transports={"profile": profile.transport}, clock=clock, **SETTINGS)
    await granted(running)
    await until(lambda: handed(running))
    # As a process leaves it that took it and was killed before profile had answered.
    await running.rows(
        "update wechat_push set state = 'waiting', handed_at = null, next_attempt_at = $1 returning 1", clock() + LEASE
    )
    clock.now += LEASE
    wake(running)
    await until(lambda: handed(running))
    assert len(profile.asked) == 2


async def test_a_stop_waits_for_one_silence_of_profile_and_not_for_every_push(gateway: Start) -> None:
    all_there, fell_silent, count = asyncio.Event(), asyncio.Event(), 0

    async def silent(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        await all_there.wait()
        if count > 1:
            fell_silent.set()
            await asyncio.Event().wait()
        return httpx.Response(200, json={"accepted": 1})

    running = await gateway(transports={"profile": httpx.MockTransport(silent)}, **SETTINGS)
    for number in range(13):
        await granted(running, openid=f"oOPEN{number}")
    all_there.set()
    # The first is taken; twelve are due when profile falls silent.
    await fell_silent.wait()
    # One call's patience is three seconds; those of a round would be twenty-four.
    async with asyncio.timeout(10):
        await running.stop()
    rows = await running.rows("select attempts, next_attempt_at from wechat_push where state = 'waiting'")
    assert len(rows) == 12
    assert sum(row["attempts"] for row in rows) == 1
    # What was taken and not tried is given back: the next process need not wait for the lease.
    assert max(row["next_attempt_at"] for row in rows) <= running.clock() + timedelta(seconds=1)


async def test_the_first_silence_ends_the_round_and_the_rest_is_given_back(gateway: Start) -> None:
    asked, may_answer, count = asyncio.Event(), asyncio.Event(), 0

    async def away(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        asked.set()
        await may_answer.wait()
        return httpx.Response(503)

    running = await gateway(transports={"profile": httpx.MockTransport(away)}, **SETTINGS)
    await granted(running, openid="oFIRST")
    await asked.wait()
    for number in range(3):
        await granted(running, openid=f"oOPEN{number}")
    may_answer.set()

    async def given_back() -> bool:
        rows = await running.rows("select next_attempt_at from wechat_push where attempts = 0")
        return [row["next_attempt_at"] for row in rows] == [running.clock() + timedelta(seconds=1)] * 2

    # In the next round three are due: one is tried, and two not.
    await until(given_back)
    assert count == 2


async def test_a_push_that_profile_goes_on_refusing_is_put_aside(gateway: Start) -> None:
    profile = Profile({})
    clock = Clock(NOW)
    running = await gateway(transports={"profile": profile.transport}, clock=clock, **SETTINGS)
    await granted(running)

    async def refused(times: int) -> bool:
        return await running.rows("select refusals from wechat_push") == [{"refusals": times}]

    for times in range(1, REFUSALS + 1):
        await until(lambda times=times: refused(times))  # type: ignore[misc]
        clock.advance(minutes=1)
        wake(running)
    rows = await running.rows("select state, next_attempt_at from wechat_push")
    assert rows == [{"state": "refused", "next_attempt_at": None}]
    assert len(profile.asked) == REFUSALS


PRIVATE = {
    "authorisation-revoked": ("user_authorization_revoke", {"RevokeInfo": "8"}),
    "authorisation-cancelled": ("user_authorization_cancellation", {}),
    "unfollowed": ("unsubscribe", {}),
    "unreadable": ("user_authorization_revoke", {"OpenID": ""}),
}


async def test_a_wish_to_be_deleted_waits_until_somebody_can_fulfil_it(
    gateway: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(NOW)
    running = await gateway(transports={"profile": Profile({}).transport}, clock=clock, **SETTINGS)
    for name, fields in PRIVATE.values():
        assert (await push(running, about_data(name, at=clock(), **fields))).text == "success"

    async def kept() -> bool:
        return len(await running.rows("select 1 from wechat_push where state = 'kept' and handed_at is null")) == 4

    await until(kept)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "wechat-push-kept" in line]
    assert sorted(line["kind"] for line in lines) == sorted(PRIVATE)
    assert {line["level"] for line in lines} == {"error"}
    assert "oOPEN" not in str(lines)
    # Neither time nor a restart takes it away.
    clock.now += 10 * KEPT_AFTER
    await running.stop()
    again = await gateway(clock=clock, **SETTINGS)
    await again.stop()
    assert await kept()


async def test_what_was_handed_on_is_forgotten_after_two_weeks(gateway: Start) -> None:
    clock = Clock(NOW)
    profile = Profile({"/v1/wechat/events": lambda _: (200, {"accepted": 1})})
    running = await gateway(transports={"profile": profile.transport}, clock=clock, **SETTINGS)
    await granted(running, openid="oOLD")
    await until(lambda: handed(running))
    clock.now += KEPT_AFTER
    await granted(running, openid="oNEW")
    await until(lambda: handed(running))
    clock.advance(seconds=1)
    # Another instance sweeps when it starts.
    await gateway(clock=clock, **SETTINGS)

    async def swept() -> bool:
        return [row["handed_at"] for row in await running.rows("select handed_at from wechat_push")] == [
            NOW + KEPT_AFTER
        ]

    await until(swept)
