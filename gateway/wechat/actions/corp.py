"""What follows from WeCom's pushes: profile hears of contacts, the directory of who has left."""

import asyncio
from dataclasses import dataclass, field

import structlog

from gateway.wechat import queries, rules
from gateway.wechat.actions import staff
from infra.app import Kit
from infra.peers import PeerRefused
from infra.telemetry import reduced
from infra.wechat.errors import WeChatRejected, WeChatUnavailable
from infra.wechat.push import Push
from infra.wecom.client import Channel
from infra.wecom.contacts import get_contact
from infra.wecom.push_events import ContactAdded, MemberLeft, read_event

ANSWERS_WITHIN = 2.0  # seconds


@dataclass(frozen=True)
class Corp:
    """The corp of one brand; `boutiques` has the code of the boutique that a department of it is."""

    brand_id: str
    wecom: Channel = field(repr=False)
    boutiques: dict[int, str] = field(default_factory=dict)

    @property
    def corpid(self) -> str:
        """The corp's id."""
        return self.wecom.agent.corpid


async def follow(kit: Kit, corp: Corp, brand_id: str, push: Push) -> None:
    """Do what follows from one push, safe to repeat; one that we have no use for is done with.

    Raises PushUnreadable, PeerRefused, PeerUnavailable, WeChatUnavailable, CalledTooOften.
    """
    event = read_event(push.text)
    if event is None:
        return
    async with kit.database.transaction(brand_id) as tx:
        if await queries.advisor_of(tx, event.userid) is None:
            return  # of the corp, and none of our advisors: whom she knows is no business of ours
    if isinstance(event, MemberLeft):
        await staff.let_go(kit, brand_id, event.userid)
        return
    if isinstance(event, ContactAdded):
        await _recognise(kit, corp, brand_id, event.external_userid)
    body = rules.corp_body(
        push.dedup_key,
        corp.corpid,
        kind=event.kind,
        userid=event.userid,
        external_userid=event.external_userid,
        at=event.at,
    )
    await kit.peers["profile"].call(
        "POST", "/v1/wecom/events", brand_id=brand_id, json=body, idempotency_key=push.dedup_key
    )


async def _recognise(kit: Kit, corp: Corp, brand_id: str, external_userid: str) -> None:
    """Have profile know who she is, by her unionid where WeCom tells it; whom it does not show us is nobody yet."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            contact = await get_contact(corp.wecom, external_userid)
    except TimeoutError:
        # Its own silence: what others pushed does not wait for it.
        raise WeChatUnavailable from None
    except WeChatRejected as no:
        structlog.get_logger().warning("wecom-contact-unknown", peer="wecom", **reduced(no))
        return
    known = {"corpid": corp.corpid, "external_userid": external_userid}
    if contact.unionid is not None:
        known["unionid"] = contact.unionid
    try:
        await kit.peers["profile"].call("POST", "/v1/clients/recognise", brand_id=brand_id, json=known)
    except PeerRefused as no:
        # Whoever was erased stays so until she comes herself.
        if no.peer_type != "client-erased":
            raise
