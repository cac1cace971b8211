"""Keeping what WeChat tells: each event counts once, in whatever order and however often it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.messages import queries
from services.profile.messages.actions import ledger
from services.profile.messages.actions.ledger import Account

_KEEP = text(
    "insert into wechat_event (brand_id, event_id, kind, message_ref, error_code, occurred_at)"
    " values (:brand, :event_id, :kind, :message_ref, :error_code, :occurred_at) on conflict do nothing returning 1"
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something WeChat said about one of its users and one template."""

    event_id: str
    kind: Literal["granted", "rejected", "sent"]
    appid: str
    openid: str
    template_id: str
    message_ref: str | None
    error_code: int | None
    occurred_at: datetime


async def take(tx: AsyncSession, events: Sequence[Event]) -> int:
    """Keep the events and change the credits; answers how many were new.

    Whose openid it is does not matter: the credit waits under its blind index until we know her.
    """
    # In one order everywhere, first the events and then the credits: two batches that overlap take turns.
    fresh = [event for event in sorted(events, key=lambda event: event.event_id) if await _keep(tx, event)]
    accounts = [(_account(tx, event), event) for event in fresh if event.kind != "sent"]
    for account, event in sorted(accounts, key=lambda pair: (pair[0], pair[1].occurred_at)):
        if event.kind == "granted":
            await ledger.grant(tx, account, at=event.occurred_at)
        else:
            await ledger.reject(tx, account, at=event.occurred_at)
    return len(fresh)


async def _keep(tx: AsyncSession, event: Event) -> bool:
    row = {
        "brand": tx.info["brand_id"],
        "event_id": event.event_id,
        "kind": event.kind,
        "message_ref": event.message_ref or None if event.kind == "sent" else None,
        "error_code": event.error_code or 0 if event.kind == "sent" else None,
        "occurred_at": event.occurred_at,
    }
    return (await tx.execute(_KEEP, row)).first() is not None


def _account(tx: AsyncSession, event: Event) -> Account:
    return Account(event.appid, queries.blind(tx, event.appid, event.openid), event.template_id)
