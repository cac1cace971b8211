"""A client's rights on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.erasure import Fate
from infra.wire import Form, LongText, View
from services.profile.privacy.rules import Ground
from services.profile.rights.queries import DataRequest, Receipt
from services.profile.rights.rules import Asked, Status, Wrong


class AmendmentForm(Form):
    """One thing that is wrong: what it is about, what stands there, and what is right."""

    about: Wrong
    stands: Annotated[LongText, Field(max_length=500)] | None = None
    right: Annotated[LongText, Field(max_length=500)]


class RequestForm(Form):
    """What she asks for: to see what is known of her, a copy of it, a correction, that it is not used, or is erased.

    A correction may say what is wrong, thing by thing.
    """

    kind: Asked
    corrections: list[AmendmentForm] = Field(default_factory=list, max_length=20)

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        if self.corrections and self.kind is not Asked.CORRECT:
            raise ValueError("Only a request to correct says what is wrong.")
        return self


class AmendmentView(View):
    """One thing that she says is wrong."""

    about: Wrong
    stands: str | None
    right: str


class RefusalForm(Form):
    """Why the house says no. She may read it."""

    reason: Annotated[LongText, Field(min_length=2, max_length=500)]


class MyRequestView(View):
    """How far what she asked for has come. `due_on` is the last day on which the answer is in time."""

    request_id: UUID
    kind: Asked
    status: Status
    asked_at: datetime
    due_on: date
    started_at: datetime | None
    done_at: datetime | None
    refused_at: datetime | None
    reason: str | None
    corrections: list[AmendmentView]


class RequestView(MyRequestView):
    """The same for those who answer it."""

    client_id: UUID
    asked_by: str
    verified_at: datetime | None


class ErasedTableView(View):
    """What was done to one table: how many rows of hers, and what became of them."""

    table: str
    fate: Fate
    rows: int


class ReceiptView(View):
    """One service's answer. While `erased_at` is null it is awaited, since `waiting_seconds`."""

    service: str
    asked_at: datetime
    erased_at: datetime | None
    waiting_seconds: int | None
    tables: list[ErasedTableView]


class CertificateView(View):
    """What was erased where and when, in counts alone. `is_complete` once every service has answered."""

    request_id: UUID
    started_at: datetime | None
    done_at: datetime | None
    is_complete: bool
    receipts: list[ReceiptView]

    @classmethod
    def of(cls, request: DataRequest, receipts: Sequence[Receipt], *, now: datetime) -> "CertificateView":
        """The certificate as it stands now."""
        return cls(
            request_id=request.request_id,
            started_at=request.started_at,
            done_at=request.done_at,
            is_complete=request.status is Status.DONE,
            receipts=[
                ReceiptView(
                    service=one.service,
                    asked_at=one.asked_at,
                    erased_at=one.erased_at,
                    waiting_seconds=None if one.erased_at else max(0, int((now - one.asked_at).total_seconds())),
                    tables=[ErasedTableView.model_validate(table) for table in one.erased],
                )
                for one in receipts
            ],
        )


class DeliveredView(View):
    """One copy that was fetched, and how many rows of which table of which service it holds.

    `delivered_to` is client, or who of the house fetched it for her.
    """

    copy_id: UUID
    delivered_to: str
    made_at: datetime
    delivered_at: datetime
    size_bytes: int
    counts: dict[str, dict[str, int]]


class MyLookView(View):
    """One full view of her by somebody of the house: in which role and on what ground, without a name."""

    role: str
    seen: str
    ground: Ground
    seen_at: datetime
