"""What the sandbox remembers of SMS: what was sent, to whom nothing goes, and the reports nobody has fetched."""

from pydantic import BaseModel, Field

KEPT = 20_000


class Text(BaseModel):
    """An SMS in somebody's telephone."""

    serial: str
    phone: str
    text: str
    context: str
    sent_at: float


class Report(BaseModel):
    """What the carrier says of one SMS."""

    serial: str
    phone: str
    delivered: bool
    description: str
    due_at: float


class Texts(BaseModel):
    """Everything about SMS."""

    sent: list[Text] = Field(default_factory=list)
    reports: list[Report] = Field(default_factory=list)
    # Who answered R.
    opted_out: list[str] = Field(default_factory=list)
    # Numbers whose carrier will report a failure.
    unreachable: list[str] = Field(default_factory=list)
    # The code that the next call answers as a whole.
    next_error: str | None = None
    balance: int = 1_000_000
    next_serial: int = 1

    def keep(self, text: Text) -> None:
        """Put an SMS into her telephone; the oldest of all are forgotten."""
        self.sent.append(text)
        del self.sent[:-KEPT]
