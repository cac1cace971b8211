"""Reading campaigns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.profile.campaigns.rules import Status
from services.profile.messages.rules import Purpose

_COLUMNS = (
    "campaign_id, list_id, name, purpose, words, pieces, due_on, closes_on, attribution_days, control_bp, status,"
    " fault, cast(asked_by as text) as asked_by, created_by, created_at, started_at, ended_at, after, is_cancelling"
)
# Headquarters has all of them, everybody else those she made.
_SEEN = f"select {_COLUMNS} from campaign where brand_id = :brand and (:all or created_by = :subject)"  # noqa: S608
_PAGE = text(
    f"{_SEEN} and (cast(:after as uuid) is null or campaign_id < :after) order by campaign_id desc limit :limit"
)
_ONE = f"{_SEEN} and campaign_id = :campaign_id"
_LOCKED = text(
    f"select {_COLUMNS} from campaign where brand_id = :brand and campaign_id = :campaign_id"  # noqa: S608
    " for update skip locked"
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign; `caller` is whose rights say who is in its list."""

    campaign_id: UUID
    list_id: UUID
    name: str
    purpose: Purpose
    words: str
    pieces: tuple[str, ...]
    due_on: date
    closes_on: date
    attribution_days: int
    control_bp: int
    status: Status
    fault: str | None
    caller: Caller
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    after: UUID
    is_cancelling: bool

    @property
    def span(self) -> timedelta:
        """How long what she does counts as come of it."""
        return timedelta(days=self.attribution_days)


async def page(tx: AsyncSession, *, by: Caller, after: UUID | None, limit: int) -> list[Campaign]:
    """The campaigns that the caller may see, the latest first."""
    rows = await tx.execute(_PAGE, _of(tx, by) | {"after": after, "limit": limit})
    return [_read(tx, row) for row in rows.mappings()]


async def campaign(tx: AsyncSession, campaign_id: UUID, *, by: Caller, lock: bool = False) -> Campaign:
    """One campaign that the caller may see, with `lock` nobody else's to change meanwhile; raises NotFound."""
    statement = text(_ONE + " for update" if lock else _ONE)
    row = (await tx.execute(statement, _of(tx, by) | {"campaign_id": campaign_id})).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _read(tx, row)


async def taken(tx: AsyncSession, campaign_id: UUID) -> Campaign | None:
    """One campaign to work on, locked; None while somebody else does."""
    asked = {"brand": tx.info["brand_id"], "campaign_id": campaign_id}
    row = (await tx.execute(_LOCKED, asked)).mappings().one_or_none()
    return _read(tx, row) if row is not None else None


def written(by: Caller) -> str:
    """A caller's rights as they are kept."""
    told: Mapping[str, Any] = {
        "subject": by.subject,
        "role": by.role.value,
        "advisor_id": str(by.advisor_id) if by.advisor_id else None,
        "boutique_ids": sorted(str(one) for one in by.boutique_ids),
        "region_id": str(by.region_id) if by.region_id else None,
    }
    return json.dumps(told)


def _caller(kept: str, brand_id: str) -> Caller:
    told = json.loads(kept)
    return Caller(
        told["subject"],
        Role(told["role"]),
        brand_id,
        advisor_id=UUID(told["advisor_id"]) if told["advisor_id"] else None,
        boutique_ids=frozenset(UUID(one) for one in told["boutique_ids"]),
        region_id=UUID(told["region_id"]) if told["region_id"] else None,
    )


def _of(tx: AsyncSession, by: Caller) -> dict[str, object]:
    return {"brand": tx.info["brand_id"], "all": by.role is Role.HEADQUARTERS, "subject": by.subject}


def _read(tx: AsyncSession, row: RowMapping) -> Campaign:
    told: dict[str, Any] = {name: value for name, value in row.items() if name != "asked_by"}
    told |= {
        "purpose": Purpose(row["purpose"]),
        "words": keyring(tx).open("campaign", "words", row["campaign_id"], row["words"]),
        "pieces": tuple(row["pieces"]),
        "status": Status(row["status"]),
        "caller": _caller(row["asked_by"], tx.info["brand_id"]),
    }
    return Campaign(**told)
