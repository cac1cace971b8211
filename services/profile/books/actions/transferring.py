"""Clients' WeCom contacts follow them: submitted by the hundred, looked after until WeCom says where each has come.

A claim is committed before WeCom is called. Whoever dies in between leaves rows that are due again two minutes later;
a second submission is answered "already in transfer", which is as good as the first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit, Loop
from infra.crypto import Keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.telemetry import reduced, start_trace
from infra.telemetry.traces import work
from infra.wechat.call import open_http
from infra.wechat.errors import CalledTooOften, WeChatRejected, WeChatUnavailable
from infra.wechat.token_store import PostgresTokenStore
from infra.wecom import transfers
from infra.wecom.access_token import Agent
from infra.wecom.client import Channel, open_channel
from services.profile.books.actions.moving import complete_if_over
from services.profile.books.queries import handovers, staff
from services.profile.books.queries.used import IS_USED
from services.profile.books.rules import transfers as rules
from services.profile.books.rules.transfers import Standing, Wecom
from services.profile.identities import queries as identities

POLL = 0.5  # seconds between two looks where nothing was due
LONGEST = 45.0  # seconds for one call with its retries
AWAY = timedelta(seconds=60)  # until WeCom is asked again after it did not answer

_DUE = text(
    "select brand_id, handover_id, advisor_id, wecom_way, wecom = 'waiting' as is_waiting, wecom_is_resigned"
    " from handover_client where wecom in ('queued', 'submitting', 'waiting') and wecom_due_at <= :now"
    " order by wecom_due_at limit 1"
)
_GROUP = (
    " brand_id = :brand and handover_id = :handover_id and advisor_id = :advisor_id and wecom_way = :way"
    " and wecom_is_resigned = :is_resigned and wecom_due_at <= :now"
)
# Whose data is not to be used by now goes nowhere.
_WITHDRAW = text(
    "update handover_client owner set wecom = 'withdrawn', wecom_due_at = null"  # noqa: S608 - our own words
    f" where {_GROUP} and wecom in ('queued', 'submitting') and not ({IS_USED})"
)
# Undone after a submission whose answer nobody has heard: it is looked at and not made anew.
_LOOK_INSTEAD = text(
    "update handover_client set wecom = 'waiting'"  # noqa: S608 - our own words
    f" where {_GROUP} and wecom = 'submitting' and wecom_returns"
)
_CLAIM = text(
    "update handover_client hc set wecom = 'submitting', wecom_due_at = :until from (select client_id"  # noqa: S608
    f" from handover_client where {_GROUP} and wecom in ('queued', 'submitting')"
    " order by client_id limit :most for update skip locked) as claimed"
    " where hc.brand_id = :brand and hc.handover_id = :handover_id and hc.client_id = claimed.client_id"
    " returning hc.client_id, hc.wecom_tries"
)
_LOOK = text(
    "update handover_client hc set wecom_due_at = :until from (select client_id"  # noqa: S608 - our own words
    f" from handover_client where {_GROUP} and wecom = 'waiting' order by client_id for update skip locked) as claimed"
    " where hc.brand_id = :brand and hc.handover_id = :handover_id and hc.client_id = claimed.client_id"
    " returning hc.client_id, hc.wecom_tries"
)
_RECORDS = text("select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)")
_SETTLE = text(
    # Undone meanwhile, nobody is submitted once more: an open answer is looked at, and a refusal is the end of it.
    "update handover_client hc set wecom = case when not hc.wecom_returns or item.state <> 'queued' then item.state"
    " when hc.wecom = 'submitting' then 'waiting' else 'withdrawn' end,"
    " wecom_due_at = case when hc.wecom_returns and item.state = 'queued' and hc.wecom = 'waiting' then null"
    " else item.due_at end, wecom_code = item.code,"
    " wecom_tries = hc.wecom_tries + case when item.state = 'queued' then 1 else 0 end,"
    " wecom_is_resigned = coalesce(item.is_resigned, hc.wecom_is_resigned)"
    " from unnest(cast(:ids as uuid[]), cast(:states as text[]), cast(:due as timestamptz[]), cast(:codes as int[]),"
    " cast(:resigned as boolean[])) as item (client_id, state, due_at, code, is_resigned)"
    " where hc.brand_id = :brand and hc.handover_id = :handover_id and hc.client_id = item.client_id"
    " and hc.wecom = :was and hc.wecom_way = :way"
)
# Undone while it was under way: now that she has arrived, she goes back.
_TURN_BACK = text(
    "update handover_client set wecom = 'queued', wecom_way = 'back', wecom_returns = false, wecom_due_at = :now,"
    " wecom_tries = 0, wecom_is_resigned = false"
    " where brand_id = :brand and handover_id = :handover_id and wecom = 'done' and wecom_returns"
)


@dataclass(frozen=True)
class Group:
    """Clients of one handover on the same way between two members."""

    brand_id: str
    handover_id: UUID
    advisor_id: UUID
    way: str
    is_waiting: bool
    is_resigned: bool

    def asked(self, now: datetime) -> dict[str, object]:
        """The arguments of the statements about it."""
        return {
            "brand": self.brand_id,
            "handover_id": self.handover_id,
            "advisor_id": self.advisor_id,
            "way": self.way,
            "is_resigned": self.is_resigned,
            "now": now,
        }


@dataclass(frozen=True)
class Batch:
    """What was claimed: two members, and the clients by their WeCom ids with the tries each has had."""

    giver: str
    taker: str
    clients: Mapping[str, UUID]
    tries: Mapping[UUID, int]


async def follow_next(database: Database, wecom: Channel, *, now: datetime) -> bool:
    """Submit or look after the clients who are due first; answers whether there were any that nobody else is at."""
    async with database.transaction(EVERY_BRAND) as tx:
        row = (await tx.execute(_DUE, {"now": now})).one_or_none()
    if row is None:
        return False
    start_trace(None)
    group = Group(*row)
    with work("follow clients in WeCom"):
        return await (_look if group.is_waiting else _submit)(database, wecom, group, now=now)


def following(transport: httpx.AsyncBaseTransport | None = None) -> Loop:
    """The loop that has contacts follow; `transport` is how tests reach a WeCom in the same process."""

    async def loop(kit: Kit, stop: asyncio.Event) -> None:
        settings = kit.settings
        if not settings.wecom_corpid:
            await stop.wait()  # no corp: nothing is ever queued
            return
        async with open_http(settings.wecom_api_url, transport=transport) as http:
            agent = Agent(settings.wecom_corpid, settings.wecom_agent_id, settings.wecom_secret)
            store = PostgresTokenStore(kit.database, Keyring.load(settings.keys))
            wecom = open_channel(http, agent, store)
            while not stop.is_set():
                if not await follow_next(kit.database, wecom, now=kit.clock()):
                    await pause(stop, POLL)

    return loop


async def _submit(database: Database, wecom: Channel, group: Group, *, now: datetime) -> bool:
    asked = group.asked(now)
    async with database.transaction(group.brand_id) as tx:
        await tx.execute(_WITHDRAW, asked)
        await tx.execute(_LOOK_INSTEAD, asked)
        most = {"until": now + rules.INTERRUPTED, "most": transfers.AT_ONCE}
        claimed = {row.client_id: row.wecom_tries for row in await tx.execute(_CLAIM, asked | most)}
        batch = await _batch(tx, group, claimed, corpid=wecom.agent.corpid)
        # Nobody the corp knows, or no member to go to: that is all there is to do for her.
        lost = set(claimed) - set(batch.clients.values())
        await _settle(tx, group, dict.fromkeys(lost, Standing(Wecom.FAILED)), was=Wecom.SUBMITTING, now=now)
    if not batch.clients:
        await _finish(database, group, now=now)
        return bool(claimed)
    send = transfers.resigned_transfer_customer if group.is_resigned else transfers.transfer_customer
    try:
        async with asyncio.timeout(LONGEST):
            answered = await send(wecom, batch.giver, batch.taker, list(batch.clients))
        codes = {one.external_userid: one.errcode for one in answered}
    except WeChatRejected as no:
        codes = dict.fromkeys(batch.clients, no.errcode)
    except (WeChatUnavailable, CalledTooOften, TimeoutError) as away:
        # It may have taken effect; then WeCom will say so when it is done again.
        wait = timedelta(seconds=getattr(away, "retry_after", None) or AWAY.total_seconds())
        structlog.get_logger().warning("handover-waits", peer="wecom", **reduced(away))
        late = dict.fromkeys(batch.clients.values(), Standing(Wecom.QUEUED, wait))
        async with database.transaction(group.brand_id) as tx:
            await _settle(tx, group, late, was=Wecom.SUBMITTING, now=now)
        return True
    standings = {
        client: rules.submitted(codes[external], batch.tries[client], is_resigned=group.is_resigned)
        for external, client in batch.clients.items()
        if external in codes
    }
    async with database.transaction(group.brand_id) as tx:
        await _settle(tx, group, standings, was=Wecom.SUBMITTING, now=now)
    await _finish(database, group, now=now)
    return True


async def _look(database: Database, wecom: Channel, group: Group, *, now: datetime) -> bool:
    asked = group.asked(now)
    async with database.transaction(group.brand_id) as tx:
        found_due = await tx.execute(_LOOK, asked | {"until": now + rules.LOOK_AGAIN})
        claimed = {row.client_id: row.wecom_tries for row in found_due}
        batch = await _batch(tx, group, claimed, corpid=wecom.agent.corpid)
    # Nobody the house still knows there: that is all there is to find out about her.
    standings = dict.fromkeys(set(claimed) - set(batch.clients.values()), Standing(Wecom.FAILED))
    cursor = ""
    try:
        async with asyncio.timeout(LONGEST):
            while batch.clients:
                found, cursor = await transfers.transfer_result(
                    wecom, batch.giver, batch.taker, resigned=group.is_resigned, cursor=cursor
                )
                for one in found:
                    client = batch.clients.get(one.external_userid)
                    standing = rules.reported(one.status, batch.tries[client]) if client is not None else None
                    if client is not None and standing is not None:
                        standings[client] = standing
                if not cursor:
                    # Whom WeCom does not list is not waited for for ever.
                    standings |= {one: rules.unrecorded(claimed[one]) for one in claimed.keys() - standings.keys()}
                    break
    except (WeChatRejected, WeChatUnavailable, CalledTooOften, TimeoutError) as away:
        # What was seen is kept; the rest is due again in an hour.
        structlog.get_logger().warning("handover-waits", peer="wecom", **reduced(away))
    async with database.transaction(group.brand_id) as tx:
        await _settle(tx, group, standings, was=Wecom.WAITING, now=now)
        await tx.execute(_TURN_BACK, asked)
    await _finish(database, group, now=now)
    return bool(claimed)


async def _batch(tx: AsyncSession, group: Group, claimed: Mapping[UUID, int], *, corpid: str) -> Batch:
    """Who goes from whom to whom; empty where one of the two is no member."""
    handover = await handovers.handover(tx, group.handover_id, boutiques=None)
    known = await staff.by_id(tx, [handover.from_advisor_id, group.advisor_id])
    ends: Sequence[str | None] = [
        known[one].wecom_userid if one in known else None for one in (handover.from_advisor_id, group.advisor_id)
    ]
    giver, taker = ends if group.way == "out" else reversed(ends)
    if giver is None or taker is None:
        return Batch("", "", {}, claimed)
    # By whichever record that is she the house knows her there.
    records = {client: client for client in claimed}
    aliases = await tx.execute(_RECORDS, {"brand": group.brand_id, "ids": list(claimed)})
    records |= {row.client_id: row.canonical_id for row in aliases}
    found = await identities.identities(tx, sorted(records))
    known_as = [(one.value, records[one.client_id]) for one in found if (one.kind, one.system) == ("wecom", corpid)]
    # One contact each: a client with two of them goes with the latest.
    latest = {client: external for external, client in known_as}
    return Batch(giver, taker, {external: client for client, external in latest.items()}, claimed)


async def _settle(
    tx: AsyncSession, group: Group, standings: Mapping[UUID, Standing], *, was: Wecom, now: datetime
) -> None:
    if not standings:
        return
    wanted = sorted(standings.items())
    await tx.execute(
        _SETTLE,
        {
            "brand": group.brand_id,
            "handover_id": group.handover_id,
            "way": group.way,
            "was": was.value,
            "ids": [client for client, _ in wanted],
            "states": [one.state.value for _, one in wanted],
            "due": [now + one.wait if one.wait is not None else None for _, one in wanted],
            "codes": [one.code for _, one in wanted],
            "resigned": [one.is_resigned for _, one in wanted],
        },
    )


async def _finish(database: Database, group: Group, *, now: datetime) -> None:
    async with database.transaction(group.brand_id) as tx:
        await complete_if_over(tx, group.handover_id, now=now)
