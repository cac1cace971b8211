"""Exports abroad on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Form, Text, View
from services.profile.clients.schemas import BirthdayView
from services.profile.registers.rules.abroad import Exportable, Mechanism, Stage
from services.profile.registers.schemas.entries import Country, Words

MOST = 500  # persons of one page


class ExportForm(Form):
    """An export: for whom, where, what for, which categories, and on what footing (PIPL, article 38).

    `activity_id` is the processing activity whose assessment covers it.
    """

    activity_id: UUID
    recipient: Text
    country: Country
    purpose: Words
    categories: Annotated[list[Exportable], Field(min_length=1, max_length=len(Exportable))]
    mechanism: Mechanism


class ExportView(View):
    """One export of the register. `clients` is how many there were when it began; those handed out are counted once.

    `finished_at` once the last page was handed out.
    """

    export_id: UUID
    activity_id: UUID
    recipient: str
    country: str
    purpose: str
    categories: list[Exportable]
    mechanism: Mechanism
    clients: int
    plain: int
    pseudonymised: int
    asked_by: str
    asked_at: datetime
    handed_at: datetime | None
    finished_at: datetime | None


class PageForm(Form):
    """Which page: the cursor of the last one that arrived, none for the first. A page may be asked for again."""

    cursor: Annotated[str, Field(max_length=1000)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 200


class SpendView(View):
    """What a person bought in one currency, returns taken off."""

    currency: str
    receipts: int
    net_minor: int


class LikingView(View):
    """One preference."""

    topic: str
    value: str
    likes: bool


class SensitiveView(View):
    """One sensitive thing."""

    kind: str
    value: str


class ExportedView(View):
    """One person. `person` is her client id, or a pseudonym that is the same in all exports for one recipient.

    Null is what the export does not hold, or not of her.
    """

    person: str
    is_pseudonym: bool
    display_name: str | None = None
    phones: list[str] | None = None
    birthday: BirthdayView | None = None
    segment: str | None = None
    purchases: list[SpendView] | None = None
    preferences: list[LikingView] | None = None
    sensitive_items: list[SensitiveView] | None = None


class ExportPageView(View):
    """One page; a null `next_cursor` is the only sign of the end."""

    items: list[ExportedView]
    next_cursor: str | None


class TallyView(View):
    """Distinct persons exported since 1 January, what that asks for, and the export's next threshold."""

    year: int
    persons: int
    sensitive_persons: int
    stage: Stage
    zh: str
    en: str
    contract_from: int
    assessment_from: int
    sensitive_assessment_from: int
