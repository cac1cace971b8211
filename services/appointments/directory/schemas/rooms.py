"""Wire models of the directory: rooms."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, Text, View

Capacity = Annotated[int, Field(ge=1, le=200)]
Amenities = Annotated[tuple[Code, ...], Field(max_length=30)]


class RoomForm(Form):
    """A new room; it serves one party at a time, of at most `capacity` people.

    `code` is what imports know it by; `room_kind` what some experiences ask for; `amenities` are codes too.
    """

    code: Code | None = None
    name_zh: Text
    name_en: Text
    capacity: Capacity
    room_kind: Code | None = None
    amenities: Amenities = ()


class RoomPatch(Form):
    """What to change; what is left out stays. A room that is not `active` is not offered; visits in it stay."""

    code: Code | None = None
    name_zh: Text = "-"
    name_en: Text = "-"
    capacity: Capacity = 1
    room_kind: Code | None = None
    amenities: Amenities = ()
    active: bool = True


class RoomView(View):
    """A room."""

    room_id: UUID
    boutique_id: UUID
    code: str | None
    name_zh: str
    name_en: str
    capacity: int
    room_kind: str | None
    amenities: list[str]
    active: bool
    version: int
