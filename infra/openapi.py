"""The OpenAPI document of one app: every operation says who may call it and that a no is a problem document."""

import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from infra.problems import MEDIA_TYPE, Problem

_MODULE = re.compile(r"services__[a-z]+__([a-z]+)__[a-z]+__([A-Z]\w*)")
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Repeat a request with the same key and it acts once and answers the same again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def written(document: Mapping[str, Any]) -> str:
    """A document as it stands in a file and is served."""
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def describe(app: FastAPI, service: str) -> None:
    """Make `app.openapi()` answer the completed document."""
    plain = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        # Two models of one name are told apart by FastAPI with their modules' names; the capability's is enough.
        document: dict[str, Any] = json.loads(
            _MODULE.sub(lambda found: f"{found[1].capitalize()}{found[2]}", json.dumps(plain()))
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for path in document["paths"].values():
            for operation in path.values():
                _complete(operation, service)
        app.openapi_schema = document
        return document

    app.openapi = complete  # type: ignore[method-assign]


def _complete(operation: dict[str, Any], service: str) -> None:
    operation["x-service"] = service
    if operation.get("x-idempotent"):
        operation.setdefault("parameters", []).append(KEY)
    if operation.get("x-roles") != ["public"]:
        operation["security"] = [{"bearer": []}]
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "A problem document (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
