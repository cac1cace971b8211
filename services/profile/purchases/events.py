"""What we announce about purchases."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from infra.eventlog.facts import Fact

MOST_LINES = 200  # in one fact, the largest first


class SoldPiece(BaseModel):
    """One line of a purchase."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    piece_code: str
    quantity: int
    net_minor: int


class PurchaseRecorded(Fact):
    """A till reported a receipt, or further lines of one: then only those, and their net."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"
    aggregate: ClassVar[str] = "purchase_id"

    purchase_id: UUID
    client_id: UUID | None
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    currency: str
    net_minor: int
    line_count: int
    lines: list[SoldPiece]


class PurchaseClaimed(Fact):
    """An anonymous receipt found its client."""

    type: ClassVar[str] = "profile.purchase-claimed.v1"
    aggregate: ClassVar[str] = "purchase_id"

    purchase_id: UUID
    client_id: UUID
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    currency: str


class CashFlagged(Fact):
    """A client paid so much in cash on one day, or somebody unknown on one receipt, that headquarters has to look."""

    type: ClassVar[str] = "profile.cash-flagged.v1"
    aggregate: ClassVar[str] = "flag_id"

    flag_id: UUID
    client_id: UUID | None
    purchase_id: UUID | None
    cash_on: date
    currency: str
    cash_minor: int


class CashFlagWithdrawn(Fact):
    """What had raised a flag turned out to be another person's cash: her own does not reach the limit."""

    type: ClassVar[str] = "profile.cash-flag-withdrawn.v1"
    aggregate: ClassVar[str] = "flag_id"

    flag_id: UUID


class PurchaseTakenBack(Fact):
    """A receipt, or some lines of one, that an import had brought by mistake is not kept any more.

    `net_minor`, `line_count` and `lines` are of what went, as it was announced once; `is_whole`: nothing of the receipt
    is left.
    """

    type: ClassVar[str] = "profile.purchase-taken-back.v1"
    aggregate: ClassVar[str] = "purchase_id"

    purchase_id: UUID
    client_id: UUID | None
    currency: str
    net_minor: int
    line_count: int
    lines: list[SoldPiece]
    is_whole: bool
