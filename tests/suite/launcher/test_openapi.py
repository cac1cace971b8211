"""The merged document: what comes in, what stays inside, and names that two services both use."""

from typing import Any

import pytest

from suite.launcher.openapi import PathClaimedTwice, merge


def document(path: str, *, method: str = "get", roles: list[str] | None = None, form: object = "string") -> Any:
    """A service's document with one operation, which answers a `Form` that holds a `Part`."""
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Form"}}}}
    operation = {"operationId": f"{method}{path}", "responses": {"200": answer}, "x-roles": roles or ["client"]}
    schemas = {
        "Form": {"properties": {"part": {"$ref": "#/components/schemas/Part"}}},
        "Part": {"type": form},
        "Unused": {"type": "null"},
    }
    return {"paths": {path: {method: operation}}, "components": {"schemas": schemas}}


def answered(merged: Any, path: str, method: str = "get") -> Any:
    """The schema an operation answers."""
    reference = merged["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    return merged["components"]["schemas"][reference.rpartition("/")[2]]


def test_every_operation_says_whose_it_is_and_keeps_its_roles() -> None:
    merged = merge([("profile", document("/v1/me")), ("feedback", document("/v1/surveys"))])
    assert {path: operations["get"]["x-service"] for path, operations in merged["paths"].items()} == {
        "/v1/me": "profile",
        "/v1/surveys": "feedback",
    }
    assert merged["paths"]["/v1/me"]["get"]["x-roles"] == ["client"]


def test_two_services_may_share_a_path_but_not_an_operation() -> None:
    reading, writing = document("/v1/me"), document("/v1/me", method="patch")
    merged = merge([("profile", reading), ("feedback", writing)])
    assert set(merged["paths"]["/v1/me"]) == {"get", "patch"}
    with pytest.raises(PathClaimedTwice, match="GET /v1/me is served by profile and by feedback"):
        merge([("profile", reading), ("feedback", reading)])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_stay_inside(path: str) -> None:
    assert merge([("profile", document(path))])["paths"] == {}


def test_what_only_services_may_call_stays_inside() -> None:
    assert merge([("profile", document("/v1/clients/recognise", roles=["service"]))])["paths"] == {}


def test_only_schemas_in_use_come_along() -> None:
    assert set(merge([("profile", document("/v1/me"))])["components"]["schemas"]) == {"Form", "Part"}


def test_equal_schemas_of_two_services_are_one() -> None:
    merged = merge([("profile", document("/v1/me")), ("feedback", document("/v1/surveys"))])
    assert set(merged["components"]["schemas"]) == {"Form", "Part"}


def test_different_schemas_of_one_name_get_their_services_name() -> None:
    other = document("/v1/surveys", form="integer")
    merged = merge([("profile", document("/v1/me")), ("feedback", other)])
    schemas = merged["components"]["schemas"]
    assert schemas["Part"] == {"type": "string"}
    assert schemas["FeedbackPart"] == {"type": "integer"}
    # The forms read the same, but hold different parts.
    parts = {path: answered(merged, path)["properties"]["part"]["$ref"] for path in ("/v1/me", "/v1/surveys")}
    assert parts == {"/v1/me": "#/components/schemas/Part", "/v1/surveys": "#/components/schemas/FeedbackPart"}
