"""Keeping whom WeCom says is in whose contacts, and looking after transfers as soon as it says something of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.identities.queries import Known

# The latest word holds, in whatever order they come.
_KEEP = text(
    "insert into wecom_contact as held (brand_id, corpid, contact, userid, is_there, told_at)"
    " values (:brand, :corpid, :contact, lower(:userid), :is_there, :at)"
    " on conflict (brand_id, corpid, contact, userid) do update set is_there = excluded.is_there,"
    " told_at = excluded.told_at where held.told_at < excluded.told_at or held.told_at = excluded.told_at"
    " and held.is_there <> excluded.is_there returning 1"
)
# Not believed and acted on: looked after now, and WeCom's own answer says where she is.
_HURRY = text(
    "update handover_client set wecom_due_at = :now where brand_id = :brand and client_id = any(:ids)"
    " and wecom = 'waiting' and wecom_due_at > :now"
)


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """Something WeCom said of a member and a client."""

    kind: str
    corpid: str
    userid: str
    external_userid: str = field(repr=False)
    occurred_at: datetime

    @property
    def known(self) -> Known:
        """How the house may know her."""
        return Known("wecom", self.external_userid, self.corpid)


async def take(tx: AsyncSession, events: Sequence[ContactEvent], *, now: datetime) -> int:
    """Keep what was said; answers how many said something new. Whose contact it is nobody needs to know yet."""
    taken = 0
    for event in sorted(events, key=lambda one: (one.external_userid, one.userid, one.occurred_at)):
        if event.kind == "transfer-failed":
            taken += 1
            continue
        row = {
            "brand": tx.info["brand_id"],
            "corpid": event.corpid,
            "contact": identities.blind(tx, event.known),
            "userid": event.userid,
            "is_there": event.kind == "contact-added",
            "at": event.occurred_at,
        }
        taken += (await tx.execute(_KEEP, row)).first() is not None
    holders = await identities.holders(tx, list({event.known for event in events}))
    for client_id in sorted({holder.client_id for holder in holders.values()}):
        family = await identities.family(tx, client_id)
        await tx.execute(_HURRY, {"brand": tx.info["brand_id"], "ids": family, "now": now})
    return taken
