"""Wire models of imports: a file, its lines as forms, and what would become of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from infra.wire import Code, Form, View
from services.appointments.directory.models.drafts import Draft, ImportKind
from services.appointments.directory.schemas import experiences, rooms, staff
from services.appointments.directory.schemas.places import BoutiqueChange

LARGEST = 1024 * 1024  # bytes of a file
_BASE64 = -(-LARGEST // 3) * 4
BODY = _BASE64 + 4_096


class ImportForm(Form):
    """A file of at most 1 MiB as base64 (CSV, or the first sheet of an XLSX), and what its lines are."""

    kind: ImportKind
    content: Annotated[str, Field(min_length=1, max_length=_BASE64, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


class ApplyForm(ImportForm):
    """The same file once more, with the `plan` of its preview: only what was shown is done."""

    plan: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", max_length=64)]


class BoutiqueLine(BoutiqueChange):
    """A boutique, known by its code; what is left out stays."""

    code: Code
    region_code: Code | None = None


class RoomLine(rooms.RoomPatch):
    """A room, known by its code within its boutique; what is left out stays."""

    boutique_code: Code
    code: Code


class AdvisorLine(staff.AdvisorPatch):
    """An advisor, known by her employee number; what is left out stays."""

    employee_number: Code
    boutique_code: Code
    wecom_userid: staff.WeComUserid | None = None


class ExperienceLine(experiences.ExperiencePatch):
    """An experience, known by its code; what is left out stays."""

    code: Code


class HoursLine(Form):
    """The hours of a boutique or the shifts of an advisor on one weekday or date."""

    boutique_code: Code | None = None
    employee_number: Code | None = None

    @model_validator(mode="after")
    def _somebodys(self) -> Self:
        if (self.boutique_code is None) == (self.employee_number is None):
            raise ValueError("either a boutique or an advisor")
        return self


_LINES: Mapping[ImportKind, type[Form]] = {
    ImportKind.BOUTIQUES: BoutiqueLine,
    ImportKind.ROOMS: RoomLine,
    ImportKind.ADVISORS: AdvisorLine,
    ImportKind.EXPERIENCES: ExperienceLine,
    ImportKind.HOURS: HoursLine,
}


def checked(kind: ImportKind, draft: Draft) -> Draft:
    """The same line held against its form; what does not fit is named in `unfit`."""
    if draft.unfit:
        return draft
    # A day and its hours are values of ours already.
    ready = {name: draft.values.get(name) for name in ("day", "hours")} if kind is ImportKind.HOURS else {}
    missing = [name for name, value in ready.items() if value is None]
    try:
        form = _LINES[kind].model_validate({name: value for name, value in draft.values.items() if name not in ready})
    except ValidationError as fault:
        unfit = [str(error["loc"][0]) if error["loc"] else "" for error in fault.errors(include_input=False)]
        return Draft(draft.line, unfit=sorted({*unfit, *missing}))
    if missing:
        return Draft(draft.line, unfit=missing)
    return Draft(draft.line, {**form.model_dump(mode="json", exclude_unset=True), **ready})


class ChangeView(View):
    """One field that changes."""

    field: str
    before: Any
    after: Any


class LineView(View):
    """What becomes of one line; refused, `reason` is the type of a problem, and `fields` what it is about."""

    line: int
    outcome: Literal["created", "changed", "unchanged", "refused"]
    changes: list[ChangeView]
    reason: str | None
    fields: list[str]
    zh: str | None
    en: str | None


class ImportView(View):
    """What becomes of a file. `plan` stands for exactly this; `ignored` are columns that nobody knows."""

    kind: ImportKind
    plan: str
    created: int
    changed: int
    unchanged: int
    refused: int
    ignored: list[str]
    items: list[LineView]
