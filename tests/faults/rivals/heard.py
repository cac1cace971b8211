"""What was asked of the service and what it answered, with the moments of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.problems import URN


@dataclass(frozen=True)
class Ask:
    """One request. `client_id` is who asks, None for the boutique's manager; `tag` is the version she has seen."""

    operation: str
    client_id: UUID | None
    appointment_id: UUID | None = None
    experience_id: UUID | None = None
    starts_at: datetime | None = None
    advisor_id: UUID | None = None
    tag: str = "*"
    at: datetime | None = None  # the moment to ask, if not at once


@dataclass(frozen=True)
class Answer:
    """One request and its answer; a status of 0 says that there was none."""

    ask: Ask
    began: datetime
    ended: datetime
    status: int
    body: Mapping[str, Any]

    @property
    def done(self) -> bool:
        """Whether it took effect."""
        return self.status in {200, 201} and self.ask.operation != LOOK

    @property
    def slug(self) -> str:
        """Which problem it is, of an answer that says no."""
        return str(self.body.get("type", "")).removeprefix(URN)

    @property
    def appointment_id(self) -> UUID:
        """Of an appointment that is shown."""
        return UUID(self.body["appointment_id"])

    def instant(self, name: str) -> datetime | None:
        """An instant of what is shown."""
        value = self.body.get(name)
        return datetime.fromisoformat(value) if value else None

    def __str__(self) -> str:
        said = {name: value for name, value in self.body.items() if name not in {"title", "trace_id"}}
        return f"{self.ask} was answered {self.status} {said} between {self.began} and {self.ended}"


LOOK = "look"
