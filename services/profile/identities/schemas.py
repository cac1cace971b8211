"""Merges on the wire: what one would come to, what was done, who did it and why."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Form, LongText, View

Reason = Annotated[LongText, Field(min_length=2, max_length=500)]


class MergeForm(Form):
    """The record that is to become part of the client's. With `dry_run` it is only said what that would come to."""

    other_client_id: UUID
    dry_run: bool = False
    reason: Reason | None = None


class FieldView(View):
    """One thing that only one of the two can give, as both have it; `kept` says whose goes on."""

    field: Literal["display_name", "family_name", "given_name", "salutation", "language", "owner_advisor_id"]
    client: str | None
    other: str | None
    kept: Literal["client", "other"]


class MergeView(View):
    """The client who goes on, the record that becomes part of hers, and which of them each field is kept from.

    Whatever else there is of either stays with its own record and is read together. `merge_id` is null when nothing
    was done.
    """

    merge_id: UUID | None
    client_id: UUID
    merged_client_id: UUID
    fields: list[FieldView]


class SeparatedView(View):
    """They are two again. `separated_client_ids` are the records that left, the one they now belong to first."""

    merge_id: UUID
    client_id: UUID
    separated_client_ids: list[UUID]


class MergeRecordView(View):
    """One merge: on what evidence, by whom and why, and who took it back."""

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID
    merged_at: datetime
    evidence: str
    actor: str
    reason: str | None
    separated_at: datetime | None
    separated_by: str | None


class NeverForm(Form):
    """Why these are two people. The data protection officer reads it."""

    reason: Reason


class NeverView(View):
    """Two records that are never to be merged, who said so and why."""

    one_id: UUID
    other_id: UUID
    set_at: datetime
    actor: str
    reason: str | None
