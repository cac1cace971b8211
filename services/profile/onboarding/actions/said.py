"""What a line of a file may say, once it is understood."""

from dataclasses import dataclass
from datetime import datetime

from services.profile.clients.models.days import Day
from services.profile.consents.rules import Purpose
from services.profile.identities.queries import Known
from services.profile.onboarding.models.cells import When
from services.profile.onboarding.rules.reasons import LeftOut
from services.profile.purchases.rules.lines import Line as ReceiptLine


@dataclass(frozen=True, slots=True)
class Raw:
    """A line as the file has it: its number, its cells (None for no CSV)."""

    number: int
    cells: list[str] | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be taken, by which field, and what it would have come to, as far as that can be read."""

    number: int
    code: str
    field: str = ""
    worth: "Worth | None" = None


@dataclass(frozen=True, slots=True)
class Named:
    """A name as it is kept."""

    display: str
    family: str | None = None
    given: str | None = None
    salutation: str | None = None


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a line is about: by her numbers, and by the name beside them."""

    known: tuple[Known, ...]
    name: Named | None = None


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client of the old system."""

    number: int
    whom: Whom
    name: Named
    birthday: Day | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """Her word on one purpose."""

    number: int
    whom: Whom
    purpose: Purpose
    granted: bool
    notice_version: str
    given_at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What somebody once wrote about her."""

    number: int
    whom: Whom
    words: str
    written_at: datetime | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What a line of a purchase comes to."""

    currency: str
    year: int
    minor: int


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A line of a receipt; its number is None where the file numbers none."""

    number: int
    whom: Whom | None
    pos: str
    receipt: str
    store: str
    currency: str
    when: When
    purchased_at: datetime
    line: ReceiptLine
    worth: Worth
    numbered: bool


Understood = ClientLine | ConsentLine | NoteLine | PurchaseLine
