"""The OpenAPI document of one app: who may call an operation, every status it may answer, and with which headers."""

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from infra.problems import MEDIA_TYPE, Problem

Part = dict[str, Any]

_MODULE = re.compile(r"(?:services__[a-z]+|infra)__([a-z]+)(?:__[a-z]+)*__([A-Z]\w*)")
# A page of one of two models, as two roles see one thing.
_PAGE_OF_TWO = re.compile(r"Page_Union_([A-Za-z]+)__([A-Za-z]+)__")
_REFUSED = 400  # and above
KEY: Part = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Repeat a request with the same key and it acts once and answers the same again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
HEADERS: Part = {
    "ETag": {
        "description": "The version of what was answered, for If-Match.",
        "required": True,
        "schema": {"type": "string", "pattern": r'^"[0-9]+"$'},
    },
    "Idempotency-Replayed": {
        "description": "There, and `true`, when an earlier request with this key was answered the same.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds after which it is worth trying again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Retry-After-Running": {
        "description": "Seconds after which the first request with this key will have ended; only while it runs.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}},
    "Content-Language": {
        "description": "The language of `title`.",
        "schema": {"type": "string", "enum": ["zh-CN", "en"]},
    },
}
# Every no that a route may answer: its name in the document, what it means, and the headers that come with it.
# A fault (500) is not among them: it breaks the contract, so the contract does not offer it.
REFUSALS: Mapping[int, tuple[str, str, tuple[str, ...]]] = {
    400: ("Refused", "It cannot be read, or a rule of the house is against it: see `type`.", ("Idempotency-Replayed",)),
    401: ("SignInNeeded", "No valid token.", ("WWW-Authenticate",)),
    403: ("NotPermitted", "Not with this role, or not this one.", ("Idempotency-Replayed",)),
    404: ("Absent", "It does not exist, or not for this caller.", ()),
    408: ("TooSlow", "The body did not arrive in time.", ()),
    409: ("Conflict", "It cannot be done as things stand: see `type`.", ("Retry-After-Running",)),
    410: ("Gone", "It has ended and does not come back.", ("Idempotency-Replayed",)),
    412: ("Stale", "Somebody has changed it since the ETag in If-Match was read.", ()),
    413: ("TooLarge", "More than this operation takes at once.", ()),
    415: ("UnsupportedMediaType", "The body is not of a documented type.", ()),
    422: ("Malformed", "Not in the documented form; `errors` names the fields. Or a key that was used already.", ()),
    428: ("PreconditionMissing", "Send the ETag you read in If-Match.", ()),
    429: ("TooMany", "Asked too often.", ("Retry-After",)),
    503: ("Unavailable", "Briefly unavailable.", ("Retry-After",)),
}


def refuses(*statuses: int, content: Part | None = None) -> dict[int | str, Part]:
    """What a route may answer besides what its form tells, for `responses=`; `content` beside the problem document."""
    also = {"content": content} if content else {}
    return {status: {"description": REFUSALS[status][1], **also} for status in statuses}


def tagged(status: int = 200) -> dict[int | str, Part]:
    """A route's answer carries an ETag although it takes no If-Match, for `responses=`."""
    return {status: {"headers": {"ETag": _header("ETag")}}}


def written(document: Mapping[str, Any]) -> str:
    """A document as it stands in a file and is served."""
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def describe(app: FastAPI, service: str) -> None:
    """Make `app.openapi()` answer the completed document."""
    plain = app.openapi

    def complete() -> Part:
        if app.openapi_schema:
            return app.openapi_schema
        document = _by_capability(plain())
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"] |= shared()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(operation, service, method=method, path=path)
        app.openapi_schema = document
        return document

    app.openapi = complete  # type: ignore[method-assign]


def _by_capability(document: Part) -> Part:
    """Two models of one name are told apart by FastAPI with their modules' names; the capability's is enough.

    So moving a model to another file changes nothing for callers. Raises ValueError where it is not enough.
    """
    text = json.dumps(document)
    names = {found[0]: f"{found[1].capitalize()}{found[2]}" for found in _MODULE.finditer(text)}
    taken = [*names.values(), *document.get("components", {}).get("schemas", {})]
    if twice := sorted({name for name in names.values() if taken.count(name) > 1}):
        raise ValueError(f"models of one capability need names of their own: {', '.join(twice)}")
    told_apart = _MODULE.sub(lambda found: names[found[0]], text)
    renamed: Part = json.loads(_PAGE_OF_TWO.sub(r"Page_\1_or_\2", told_apart))
    return renamed


def shared() -> Part:
    """The components that the operations of every service refer to, besides their schemas."""
    return {
        "headers": HEADERS,
        "responses": {
            name: {
                "description": meaning,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                "headers": {
                    one.removesuffix("-Running"): _header(one) for one in sorted({*headers, "Content-Language"})
                },
            }
            for name, meaning, headers in REFUSALS.values()
        },
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    }


def _complete(operation: Part, service: str, *, method: str, path: str) -> None:
    operation["x-service"] = service
    if operation.get("x-idempotent"):
        operation.setdefault("parameters", []).append(KEY)
    if operation.get("x-roles") != ["public"]:
        operation["security"] = [{"bearer": []}]
    match = next((one for one in operation.get("parameters", ()) if one["name"].lower() == "if-match"), None)
    if match is not None and not match["required"] and "default" not in match["schema"]:
        # The dependency takes it for optional, so that it can say 428 instead of 422.
        match |= {"required": True, "schema": {"type": "string", "title": "If-Match"}}
    responses = operation["responses"]
    named = {int(status): responses.pop(status) for status in list(responses) if int(status) >= _REFUSED}
    for status in {*named, *_refused(operation, method=method, path=path)}:
        content = named.get(status, {}).get("content", {})
        responses[str(status)] = _refusal(status, content if "text/html" in content else {})
    for status, response in responses.items():
        if int(status) < _REFUSED:
            # What is gone has no version any more.
            is_tagged = match is not None and int(status) != HTTPStatus.NO_CONTENT
            headers = [
                name
                for name, there in (("ETag", is_tagged), ("Idempotency-Replayed", operation["x-idempotent"]))
                if there
            ]
            response.setdefault("headers", {}).update({name: _header(name) for name in headers})


def _refused(operation: Part, *, method: str, path: str) -> Iterator[int]:
    """The statuses that follow from an operation's form."""
    # NUL is malformed in any address; what the gateway counts and the database needs is the same for all.
    yield from (400, 422, 429, 503)
    if operation["x-roles"] != ["public"]:
        yield from (401, 403)
    if "requestBody" in operation:
        yield from (408, 413)
    if "{" in path or path.startswith("/v1/me"):
        yield 404
    if operation["x-idempotent"] or (method != "get" and "{" in path):
        yield 409
    matches = [one["required"] for one in operation.get("parameters", ()) if one["name"].lower() == "if-match"]
    if matches:
        yield 412
    if True in matches:
        yield 428


def _refusal(status: int, content: Part) -> Part:
    name = REFUSALS[status][0]
    if not content:
        return {"$ref": f"#/components/responses/{name}"}
    alone = shared()["responses"][name]
    return {**alone, "content": {**content, **alone["content"]}}


def _header(name: str) -> Part:
    return {"$ref": f"#/components/headers/{name}"}
