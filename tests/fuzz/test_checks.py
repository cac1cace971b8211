"""What the fuzzing excuses: bounds of dates, which JSON Schema cannot say, wherever they stand; and no more."""

import json
from typing import Any

import pytest
import schemathesis
from requests import PreparedRequest
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData

from infra.problems import MEDIA_TYPE, URN
from infra.refusal import Malformed
from tests.fuzz.checks import excused

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/v1/lists": {"post": {"responses": {"200": {"description": "ok"}}}}},
}
BODY: dict[str, Any] = {
    "criteria": {"spent_from": "0517-11-05", "points_at_least": 5, "languages": ["zh"]},
    "periods": [{"from": "0001-01-01T00:00:00Z"}],
}


def answered(*errors: tuple[str, str]) -> bool:
    """Whether a 422 with these pointers and codes is excused."""
    said = {"type": f"{URN}{Malformed.slug}", "errors": [{"pointer": at, "code": code} for at, code in errors]}
    operation = schemathesis.openapi.from_dict(DOCUMENT)["/v1/lists"]["POST"]
    case = operation.Case(body=BODY, media_type="application/json")
    request = PreparedRequest()
    request.prepare(method="POST", url="http://profile/v1/lists", json=BODY)
    response = Response(
        status_code=422,
        headers={"content-type": [MEDIA_TYPE]},
        content=json.dumps(said).encode(),
        request=request,
        elapsed=0.1,
        verify=False,
    )
    failure = RejectedPositiveData(operation="POST /v1/lists", message="", status_code=422, allowed_statuses=[])
    return excused(failure, case, response)


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ("/body/criteria/spent_from", "greater_than_equal"),
        ("/body/criteria/spent_from", "less_than_equal"),
        ("/body/periods/0/from", "greater_than_equal"),
    ],
)
def test_a_date_beyond_its_bounds_is_excused_wherever_it_stands(pointer: str, code: str) -> None:
    assert answered((pointer, code))


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ("/body/criteria/points_at_least", "greater_than_equal"),  # a number's bounds stand in the schema
        ("/body/criteria/spent_from", "missing"),
        ("/body/criteria/spent_from", "string_too_long"),
        ("/body/criteria/languages", "less_than_equal"),
        ("/body/criteria/nowhere", "greater_than_equal"),
        ("/body/periods/7/from", "greater_than_equal"),
        ("/query/spent_from", "greater_than_equal"),
    ],
)
def test_nothing_else_is_excused_with_it(pointer: str, code: str) -> None:
    assert not answered((pointer, code))
    assert not answered(("/body/criteria/spent_from", "greater_than_equal"), (pointer, code))
