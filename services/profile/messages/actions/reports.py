"""What the carriers report of SMS: whether each arrived."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from infra.database import EVERY_BRAND, Database
from infra.eventlog.outbox import record
from infra.sms.client import Report
from services.profile.messages.events import MessageDelivered

_TAKE = text(
    "update message set delivery_code = :code, delivered_at = :now where channel = 'sms' and channel_ref = :serial"
    " and delivery_code is null returning brand_id, message_id, client_id, channel"
)
DELIVERED, FAILED = "delivered", "failed"


async def take(database: Database, told: Sequence[Report], *, now: datetime) -> int:
    """Keep the reports of messages we know, each once; answers how many."""
    count = 0
    async with database.transaction(EVERY_BRAND) as tx:
        for report in sorted(told, key=lambda one: one.serial):
            row = {"code": DELIVERED if report.delivered else FAILED, "serial": report.serial, "now": now}
            found = (await tx.execute(_TAKE, row)).one_or_none()
            if found is None:
                continue
            count += 1
            delivered = MessageDelivered(
                message_id=found.message_id,
                client_id=found.client_id,
                channel=found.channel,
                delivered=report.delivered,
            )
            record(tx, delivered, brand_id=found.brand_id, occurred_at=now)
    return count
