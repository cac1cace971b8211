"""Pushes are kept before they are answered."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from gateway.wechat.rules import House, State
from gateway.wechat.tables import WeChatPush
from infra.crypto import keyring
from infra.database import Database
from infra.eventlog.hint import Hint
from infra.wechat.push import Push, PushDesk
from infra.wecom.push import CorpDesk


@dataclass(frozen=True)
class Mailbox:
    """Where pushes for one account of WeChat's, or for one corp of WeCom's, come in."""

    brand_id: str
    desk: PushDesk | CorpDesk
    arrived: Hint = field(default_factory=Hint)

    @property
    def account(self) -> str:
        """The appid or the corpid."""
        return self.desk.appid if isinstance(self.desk, PushDesk) else self.desk.corpid

    @property
    def house(self) -> House:
        """Which of the two pushes."""
        return House.WECHAT if isinstance(self.desk, PushDesk) else House.WECOM


async def keep(database: Database, mailbox: Mailbox, push: Push, *, now: datetime) -> None:
    """Store a push, once however often it is sent, and wake who hands it on."""
    async with database.transaction(mailbox.brand_id) as tx:
        row = {
            "brand_id": mailbox.brand_id,
            "dedup_key": push.dedup_key,
            "house": mailbox.house,
            "appid": mailbox.account,
            "body": keyring(tx).seal("wechat_push", "body", push.dedup_key, push.text),
            "received_at": now,
            "state": State.WAITING,
            "attempts": 0,
            "refusals": 0,
            "next_attempt_at": now,
        }
        await tx.execute(insert(WeChatPush).values(row).on_conflict_do_nothing())
    mailbox.arrived.give()
