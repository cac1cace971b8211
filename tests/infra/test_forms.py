"""What a form takes: what its JSON Schema says, and nothing that would have to be converted."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest
from pydantic import AwareDatetime, Field, ValidationError

from infra.wire import Form


class PartForm(Form):
    quantity: Annotated[int, Field(ge=0, le=5)] = 0
    made_on: date | None = None


class PieceForm(Form):
    limited: bool = False
    price: Annotated[int, Field(ge=0)] | None = None
    shown_at: AwareDatetime | None = None
    parts: tuple[PartForm, ...] = ()
    places: dict[str, bool] = Field(default={})


@pytest.mark.parametrize(
    "given",
    [
        {"limited": 0},
        {"limited": "true"},
        {"price": False},
        {"price": "3"},
        {"price": 1.5},
        {"shown_at": 0},
        {"shown_at": "1494012444"},
        {"parts": [{"quantity": True}]},
        {"parts": [{"made_on": 0}]},
        {"parts": [{"made_on": "0"}]},
        {"places": {"east": "yes"}},
    ],
)
def test_what_would_have_to_be_converted_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PieceForm.model_validate(given)


def test_what_the_schema_says_is_taken() -> None:
    given = {
        "limited": True,
        "price": 7.0,  # a whole number to JSON Schema
        "shown_at": "2026-05-20T06:00:00Z",
        "parts": [{"quantity": 5, "made_on": "2026-05-20"}],
        "places": {"east": True},
    }
    taken = PieceForm.model_validate(given)
    assert (taken.limited, taken.price, taken.places) == (True, 7, {"east": True})
    assert taken.shown_at == datetime(2026, 5, 20, 6, tzinfo=UTC)
    assert taken.parts == (PartForm(quantity=5, made_on=date(2026, 5, 20)),)


def test_a_form_is_documented_as_before() -> None:
    assert PieceForm.model_json_schema()["properties"]["shown_at"]["anyOf"][0] == {
        "type": "string",
        "format": "date-time",
    }
    assert PieceForm.model_json_schema()["properties"]["price"]["anyOf"][0] == {"type": "integer", "minimum": 0}
