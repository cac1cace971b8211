"""Staff as WeCom has them: who left it is out at once, and newcomers of a boutique's department join."""

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from gateway.identity.actions.leaving import close_accounts
from gateway.wechat import queries, rules
from infra.app import Kit
from infra.eventlog.hint import pause
from infra.identity import Caller, Role
from infra.refusal import Refusal
from infra.telemetry import reduced
from infra.wechat.errors import WeChatRejected
from infra.wecom.members import Member, has_left, list_members

if TYPE_CHECKING:
    from gateway.wechat.actions.corp import Corp

READ_EVERY = 3600.0  # seconds between two readings of the address book
AT_ONCE = 500  # of the directory's batch
SUBJECT = "wecom"  # who the house is told this by


async def let_go(kit: Kit, brand_id: str, userid: str) -> None:
    """End a member's access here and have the directory let her go, which plans the handover of her clients.

    Safe to repeat; somebody who is no advisor of ours has nothing to lose. Raises PeerRefused, PeerUnavailable.
    """
    async with kit.database.transaction(brand_id) as tx:
        advisor_id = await queries.advisor_of(tx, userid)
        if advisor_id is None:
            return
        # Whether or not the directory answers: she is out now.
        await close_accounts(tx, brand_id, [advisor_id], now=kit.clock())
    await _tell(kit, brand_id, "POST", f"/v1/advisors/{advisor_id}/leave", as_role=Role.HEADQUARTERS)


async def reading(corp: "Corp", kit: Kit, stop: asyncio.Event) -> None:
    """Read the address book every hour: a push that was lost, or one from before we were called, is made good."""
    while not stop.is_set():
        try:
            await read_book(kit, corp)
        except (Refusal, WeChatRejected) as no:
            structlog.get_logger().warning("wecom-book-unread", peer="wecom", **reduced(no))
        await pause(stop, READ_EVERY)


async def read_book(kit: Kit, corp: "Corp") -> None:
    """Bring the directory to what WeCom has; raises WeChatRejected, WeChatUnavailable, PeerRefused and kin."""
    there: dict[str, tuple[Member, str]] = {}
    for department_id, code in corp.boutiques.items():
        for one in await list_members(corp.wecom, department_id):
            there.setdefault(one.userid.lower(), (one, code))
    async with kit.database.transaction(corp.brand_id) as tx:
        known = await queries.members(tx)
    at_work = [userid for userid, is_there in known.items() if is_there]
    # Not in these departments may be elsewhere in the corp: WeCom is asked of each.
    gone = [one for one in at_work if one.lower() not in there and await has_left(corp.wecom, one)]
    if rules.is_believable(len(gone), of=len(at_work)):
        for userid in gone:
            await let_go(kit, corp.brand_id, userid)
    else:
        structlog.get_logger().error("wecom-book-not-believed", count=len(gone))
    # Whoever left stays out, also while WeCom still has her: who comes back is taken on again by HR.
    ours = {userid.lower() for userid in known}
    read = [rules.newcomer(one.userid, one.name, code) for key, (one, code) in there.items() if key not in ours]
    items = [one for one in read if one is not None]
    for begin in range(0, len(items), AT_ONCE):
        some = {"items": items[begin : begin + AT_ONCE]}
        await _tell(kit, corp.brand_id, "PUT", "/v1/staff/batch", as_role=Role.PARTNER, json=some)


async def _tell(kit: Kit, brand_id: str, method: str, path: str, *, as_role: Role, json: Any = None) -> None:
    caller = Caller(subject=SUBJECT, role=as_role, brand_id=brand_id)
    await kit.peers["appointments"].call(method, path, brand_id=brand_id, json=json, caller=caller)
