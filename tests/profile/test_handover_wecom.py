"""Contacts that follow in WeCom: by the hundred, over refusals, limits and time, and across a process that dies."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from infra.database import Database
from infra.wechat.call import open_http
from infra.wechat.token_store import MemoryTokenStore
from infra.wecom.access_token import Agent
from infra.wecom.client import Channel, open_channel
from services.profile.books.actions import transferring
from tests.asking import until
from tests.conftest import Start
from tests.profile.handing import AGENT, CORPID, SECRET, Corp, Team, team_in_wecom
from tests.suite.sandbox.house import no_pause


class Moving:
    """A book of known contacts on its way from Ada to Bo."""

    def __init__(self, house: Team, corp: Corp) -> None:
        self.house, self.corp = house, corp
        self.contacts: dict[UUID, str] = {}
        self.handover_id = ""
        self.ada = self.bo = UUID(int=0)

    async def prepare(self, count: int) -> list[UUID]:
        """Both advisors, and so many clients whom Ada has in WeCom."""
        for userid in ("ada", "bo"):
            await self.corp.member(userid)
        self.ada = await self.house.advisor(wecom_userid="ada")
        self.bo = await self.house.advisor(wecom_userid="bo")
        clients = await self.house.clients(self.ada, count)
        for one in clients:
            self.contacts[one] = await self.corp.knows(self.house, one, "ada")
        return clients

    async def start(self) -> None:
        """Plan and start."""
        if not self.handover_id:
            self.handover_id = await self.house.planned(self.ada, self.bo)
        await self.house.step(self.handover_id, "start")

    async def states(self, *, are: dict[str, int]) -> None:
        """Wait until so many stand there."""

        async def so() -> bool:
            return bool((await self.house.seen(self.handover_id))["wecom"] == are)

        await until(so)

    async def pass_time(self, **parts: float) -> None:
        """Let time pass, in WeCom and here: what is due here finds WeCom as late as it is."""
        await self.corp.house.pass_time(**parts)
        self.house.clock.advance(**parts)

    def channel(self) -> Channel:
        """A WeCom of the test's own."""
        http = open_http("http://wecom", transport=self.corp.house.control._transport)  # noqa: SLF001 - in this process
        return open_channel(http, Agent(CORPID, AGENT, SECRET), MemoryTokenStore(), pause=no_pause)

    async def transfers(self) -> list[dict[str, Any]]:
        """What WeCom has been given."""
        return list((await self.corp.house.get("/wecom/transfers"))["items"])


@pytest.fixture
async def moving(running: Start) -> Moving:
    return Moving(*await team_in_wecom(running))


async def test_contacts_follow_after_a_day_and_who_refuses_is_said(moving: Moving) -> None:
    her, refusing = await moving.prepare(2)
    [unknown] = await moving.house.clients(moving.ada, 1)
    await moving.start()
    await moving.states(are={"waiting": 2, "none": 1})
    await moving.corp.house.control.patch(f"/sandbox/wecom/clients/{moving.contacts[refusing]}", json={"refuses": True})
    await moving.pass_time(hours=25)
    await moving.states(are={"done": 1, "refused": 1, "none": 1})
    assert await moving.corp.holders(moving.contacts[her]) == ["bo"]
    assert await moving.corp.holders(moving.contacts[refusing]) == ["ada"]
    # Complete once everybody has been spoken to, not before.
    assert (await moving.house.seen(moving.handover_id))["status"] == "started"
    for one in (her, refusing, unknown):
        await moving.house.by(moving.bo).post(f"/v1/handovers/{moving.handover_id}/clients/{one}/contacted")
    assert (await moving.house.seen(moving.handover_id))["status"] == "completed"


async def test_a_leavers_contacts_go_the_resigned_way_also_where_wecom_hears_later(moving: Moving) -> None:
    [her] = await moving.prepare(1)
    await moving.house.leave(moving.ada)
    [planned] = (await moving.house.manager().get("/v1/handovers")).json()["items"]
    moving.handover_id = planned["handover_id"]
    # WeCom still has her as a member: it says so, and the other way is taken.
    await moving.start()
    await moving.states(are={"waiting": 1})
    [submitted] = await moving.transfers()
    assert submitted["resigned"] is False
    await moving.pass_time(hours=25)
    await moving.states(are={"done": 1})
    assert await moving.corp.holders(moving.contacts[her]) == ["bo"]


async def test_a_takers_limit_is_tried_again_the_next_day(moving: Moving) -> None:
    await moving.prepare(1)
    await moving.corp.member("bo", client_limit=0)
    await moving.start()

    async def told() -> bool:
        entries = (await moving.house.entries(moving.handover_id)).values()
        return [(one["wecom"], one["wecom_code"]) for one in entries] == [("queued", 40099)]

    await until(told)
    await moving.corp.member("bo")
    await moving.pass_time(hours=25)
    await moving.states(are={"waiting": 1})


async def test_an_undo_brings_contacts_back_that_have_arrived_or_are_on_their_way(moving: Moving) -> None:
    arrived, late = await moving.prepare(2)
    await moving.start()
    await moving.states(are={"waiting": 2})
    # One refuses for a while, so that the two come to different ends.
    await moving.house.step(moving.handover_id, "undo")
    assert (await moving.house.seen(moving.handover_id))["wecom"] == {"waiting": 2}
    await moving.pass_time(hours=25)

    async def on_the_way_back() -> bool:
        return any(one["handover_userid"] == "bo" for one in await moving.transfers())

    await until(on_the_way_back)
    await moving.pass_time(hours=25)
    await moving.states(are={"done": 2})
    assert [await moving.corp.holders(moving.contacts[one]) for one in (arrived, late)] == [["ada"], ["ada"]]


async def test_without_a_wecom_answer_nothing_is_lost_and_what_was_submitted_is_not_submitted_anew(
    moving: Moving,
) -> None:
    await moving.prepare(1)
    moving.handover_id = await moving.house.planned(moving.ada, moving.bo)
    await moving.corp.house.put("/faults", {"broken": 1})
    await moving.start()

    async def unanswered() -> bool:
        return bool((await moving.corp.house.get("/status"))["faults"]["broken"] == 0)

    await until(unanswered)
    await moving.states(are={"queued": 1})
    await moving.pass_time(minutes=2)
    await moving.states(are={"waiting": 1})
    assert len(await moving.transfers()) == 1


@pytest.mark.parametrize("killed", ["before-the-call", "after-the-call"])
async def test_a_process_that_dies_on_the_way_submits_nobody_twice(moving: Moving, killed: str) -> None:
    await moving.prepare(3)
    handover_id = await moving.house.planned(moving.ada, moving.bo)
    moving.handover_id = handover_id
    settings = moving.house.profile.settings
    database = Database(settings.database_url, pool_size=2, name="killed", keyring=_keyring(moving))
    try:
        await _claimed_by_who_dies(moving, database, after_call=killed == "after-the-call")
    finally:
        await database.dispose()
    # Another process finds what was claimed due again two minutes later.
    assert (await moving.house.seen(handover_id))["wecom"] == {"submitting": 3}
    await moving.pass_time(minutes=3)
    await moving.states(are={"waiting": 3})
    assert len(await moving.transfers()) == 3


@pytest.mark.parametrize("killed", ["before-the-call", "after-the-call"])
async def test_undone_after_a_process_died_nobody_is_submitted_and_whoever_was_comes_back(
    moving: Moving, killed: str
) -> None:
    [her] = await moving.prepare(1)
    moving.handover_id = await moving.house.planned(moving.ada, moving.bo)
    settings = moving.house.profile.settings
    database = Database(settings.database_url, pool_size=2, name="killed", keyring=_keyring(moving))
    try:
        await _claimed_by_who_dies(moving, database, after_call=killed == "after-the-call")
    finally:
        await database.dispose()
    await moving.house.step(moving.handover_id, "undo")
    await moving.pass_time(minutes=4)
    if killed == "before-the-call":
        await moving.states(are={"withdrawn": 1})
        assert await moving.transfers() == []
        return
    await moving.states(are={"waiting": 1})
    assert len(await moving.transfers()) == 1
    await moving.pass_time(hours=25)
    await until_back(moving)
    await moving.pass_time(hours=25)
    await moving.states(are={"done": 1})
    assert await moving.corp.holders(moving.contacts[her]) == ["ada"]


async def until_back(moving: Moving) -> None:
    async def so() -> bool:
        return any(one["handover_userid"] == "bo" for one in await moving.transfers())

    await until(so)


async def test_undone_at_the_takers_limit_nobody_is_submitted_again(moving: Moving) -> None:
    [her] = await moving.prepare(1)
    await moving.start()
    await moving.states(are={"waiting": 1})
    await moving.corp.member("bo", client_limit=0)
    await moving.house.step(moving.handover_id, "undo")
    await moving.pass_time(hours=25)
    await moving.states(are={"withdrawn": 1})
    await moving.corp.member("bo")
    await moving.pass_time(hours=25)
    assert len(await moving.transfers()) == 1
    assert await moving.corp.holders(moving.contacts[her]) == ["ada"]


async def test_whoever_is_in_transfer_to_somebody_else_is_not_waited_for_for_ever(moving: Moving) -> None:
    [her] = await moving.prepare(1)
    await moving.corp.member("cai")
    body = {"handover_userid": "ada", "takeover_userid": "cai", "external_userid": [moving.contacts[her]]}
    await moving.channel().call("POST", "/cgi-bin/externalcontact/transfer_customer", body=body)
    await moving.start()
    await moving.states(are={"waiting": 1})  # "in transfer", WeCom said
    await moving.pass_time(hours=2)
    await moving.states(are={"queued": 1})
    await moving.pass_time(hours=25)
    await moving.states(are={"failed": 1})
    [entry] = (await moving.house.entries(moving.handover_id)).values()
    assert entry["wecom_code"] == 40131  # Cai has her by now
    assert await moving.corp.holders(moving.contacts[her]) == ["cai"]


def _keyring(moving: Moving) -> Any:
    return moving.house.profile.kit.database._sessions.kw["info"]["keyring"]  # noqa: SLF001 - the service's own keys


async def _claimed_by_who_dies(moving: Moving, database: Database, *, after_call: bool) -> None:
    """Start, and be the first to claim: then end as a killed process does, before or after WeCom has heard."""
    # Due in a minute: the service's own loop finds nothing before the claim is made.
    profile = moving.house.profile
    await profile.rows(
        "create function later() returns trigger language plpgsql as $$ begin"
        " new.wecom_due_at := new.wecom_due_at + interval '1 minute'; return new; end $$"
    )
    await profile.rows(
        "create trigger later before update on handover_client for each row when (new.wecom = 'queued')"
        " execute function later()"
    )
    await moving.house.step(moving.handover_id, "start")
    await profile.rows("drop trigger later on handover_client")
    channel = moving.channel()

    class Died(BaseException):
        """The end of the process."""

    async def die(*_args: object, **_named: object) -> Any:
        if after_call:
            await channel.call(*_args, **_named)  # type: ignore[arg-type]
        raise Died

    class Dying:
        """A channel whose first call is the last thing the process does."""

        agent = channel.agent
        call = staticmethod(die)

    later = moving.house.clock.now + timedelta(minutes=1)
    with pytest.raises(Died):
        await transferring.follow_next(database, Dying(), now=later)  # type: ignore[arg-type]
