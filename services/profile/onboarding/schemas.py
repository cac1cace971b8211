"""Imports on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from infra.wire import Form, Text, View
from services.profile.onboarding.rules.fields import MOST_OF_A_FIELD
from services.profile.onboarding.rules.reasons import Stays
from services.profile.onboarding.rules.steps import LARGEST_FILE, PART, Kind, Status
from services.profile.onboarding.rules.tally import Fate

_BASE64 = -(-PART // 3) * 4  # characters of a whole part
PART_BODY = _BASE64 + 4_096  # bytes


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("zone_unknown", "A time zone such as Asia/Shanghai.") from None
    return name


Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]
Encoding = Literal["utf-8", "utf-16", "gb18030", "big5"]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Column = Annotated[str, Field(min_length=1, max_length=120)]


class ImportForm(Form):
    """A file that somebody brings: what its lines are, how large it is, and its SHA-256."""

    kind: Kind
    size_bytes: Annotated[int, Field(ge=1, le=LARGEST_FILE)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PartForm(Form):
    """2 MiB of the file as base64; the last part is what is left."""

    content: Annotated[str, Field(min_length=1, max_length=_BASE64, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class ReadForm(Form):
    """How the file is to be read. What is left out is found out; a row of the header counts from 1."""

    sheet: Text | None = None
    encoding: Encoding | None = None
    header_line: Annotated[int, Field(ge=1, le=1_000)] | None = None


class MappingForm(Form):
    """Which columns say what, and what holds for every line.

    `columns` {field: [column]}; of the phone several. `constants`: `pos` (the system whose numbers and receipts these
    are), `currency`, `store`, `channel`, `purpose`, `notice_version`, `evidence`. `zone` is that of the old system.
    """

    columns: Annotated[
        dict[Name, Annotated[list[Column], Field(min_length=1, max_length=MOST_OF_A_FIELD)]], Field(max_length=40)
    ]
    constants: Annotated[dict[Name, Text], Field(default={}, max_length=10)]
    zone: Zone = "Asia/Shanghai"


class MappingView(View):
    """Which columns say what, and what holds for every line."""

    columns: Mapping[str, list[str]]
    constants: Mapping[str, str]
    zone: str


class PreviewForm(Form):
    """How many of the first lines to look at."""

    lines: Annotated[int, Field(ge=1, le=500)] = 20


class FoundView(View):
    """What the file turned out to be; `suggestion` says which columns seem to say what, by name and content."""

    format: str
    encoding: str | None
    sheets: list[str]
    sheet: str | None
    header_line: int
    columns: list[str]
    suggestion: Mapping[str, list[str]]


class CountsView(View):
    """What became of the lines: `lines_read` is the sum of the five."""

    lines_read: int
    created: int
    amended: int
    matched: int
    unchanged: int
    refused: int


class SumView(View):
    """Amounts of one currency and year, in minor units: `file` is the sum of the other three."""

    currency: str
    year: int
    file_minor: int
    recorded_minor: int
    known_minor: int
    refused_minor: int


class WrittenView(View):
    """How many things of a kind the import wrote that are still there; `stays`: why an undo left them."""

    kind: str
    stays: Stays | None
    rows: int


class ImportView(View):
    """One import: where it stands, and how far it has come. `fault` says why it cannot be read or had to stop."""

    import_id: UUID
    kind: Kind
    status: Status
    size_bytes: int
    part_count: int
    fault: str | None
    found: FoundView | None
    mapping: MappingView | None
    line_count: int
    counts: CountsView
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime


class ReportView(ImportView):
    """The reconciliation: every line, every amount, every refusal, and what the import wrote."""

    refusals: Mapping[str, int]
    left_out: Mapping[str, int]
    sums: list[SumView]
    written: list[WrittenView]


class LineView(View):
    """One line as it is read, and what would become of it."""

    line: int
    cells: list[str]
    understood: Mapping[str, str]
    fate: Fate
    reason: str | None
    left_out: list[str]


class PreviewView(View):
    """The first lines, and the figures they come to. Nothing of it was kept."""

    counts: CountsView
    refusals: Mapping[str, int]
    items: list[LineView]


class StayingView(View):
    """One thing that was not taken back: the line it came from, what it is, and why it stays."""

    line: int
    kind: Literal["client", "identity", "name", "birthday", "consent", "withdrawal", "note", "purchase-line", "claim"]
    row_id: UUID
    stays: Stays
