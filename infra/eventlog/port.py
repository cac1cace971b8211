"""The port of the shared log: what an engine takes and gives, and what it refuses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Envelope(BaseModel):
    """CloudEvents 1.0 in its JSON form. Attributes carry nothing personal: anyone on the way may log them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str  # maison/<service>
    type: str
    subject: str  # the id of the aggregate
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    partitionkey: str  # the aggregate, <kind>:<id>: facts of one key stay in order
    sequence: str  # of the fact within its aggregate; zero-padded, for the extension compares it as text
    brandid: str
    traceparent: str | None = None
    data: dict[str, Any]

    def to_json(self) -> str:
        """The envelope as it is stored; an absent traceparent is left out, as CloudEvents asks."""
        return self.model_dump_json(exclude=set() if self.traceparent else {"traceparent"})


@dataclass(frozen=True, slots=True)
class Written:
    """An envelope as its JSON: who only carries it need not read it."""

    id: UUID
    text: str

    def to_json(self) -> str:
        """The envelope as it is stored."""
        return self.text


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact for the log, with the dense number its source's relay gave it."""

    relay_seq: int
    envelope: Envelope | Written


@dataclass(frozen=True, slots=True)
class Stored:
    """One fact as the log keeps it. `position` belongs to this log, (`source`, `relay_seq`) to the fact for ever."""

    position: int
    source: str
    relay_seq: int
    envelope: Envelope
    appended_at: datetime


class Deposed(Exception):
    """A relay with a later epoch has appended: this one no longer speaks for its source."""


class LogGap(Exception):
    """A source's numbers do not follow one another: the log has lost facts, or was asked to skip some."""


class LogForked(Exception):
    """The log holds another fact under this source and number: the source was restored from an older copy."""


class Log(Protocol):
    """One shared log. Positions grow in the order in which appends become visible."""

    async def append(self, source: str, epoch: int, batch: Sequence[Entry]) -> int:
        """Add what is new of one source's batch, in order, and answer how many that were; repeats are dropped.

        Raises Deposed, LogGap and LogForked; then nothing was added.
        """
        ...

    async def read(self, after: int, limit: int, wait: float = 0.0) -> list[Stored]:
        """At most `limit` facts behind a position; with none there, wait up to `wait` seconds for the first."""
        ...
