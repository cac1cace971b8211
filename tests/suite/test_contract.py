"""The comparison of two documents, each kind of broken promise by a pair made for it; and the released document."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.contract import broken
from suite.launcher.openapi import FILE, RELEASED, PromiseBroken, release

Document = dict[str, Any]
Change = Callable[[Document], object]


def document() -> Document:
    """A document with one of everything."""
    return {
        "paths": {
            "/v1/pieces": {
                "get": {
                    "x-roles": ["public"],
                    "parameters": [{"name": "kind", "in": "query", "schema": {"enum": ["ring", "watch"]}}],
                    "responses": {
                        "200": {"description": "", "content": {"application/json": {"schema": _ref("Page")}}}
                    },
                },
                "put": {
                    "x-roles": ["headquarters", "pos"],
                    "x-max-body": 1000,
                    "parameters": [{"name": "If-Match", "in": "header", "schema": {"type": "string"}}],
                    "requestBody": {"content": {"application/json": {"schema": _ref("PieceForm")}}},
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {"application/json": {"schema": _ref("Piece")}},
                            "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                        },
                        "409": {"$ref": "#/components/responses/Conflict"},
                    },
                },
            }
        },
        "components": {
            "responses": {"Conflict": {"description": "", "content": {"application/problem+json": {}}}},
            "schemas": {
                "PieceForm": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["code"],
                    "properties": {
                        "code": {"type": "string", "maxLength": 64},
                        "price": {"type": "number", "minimum": 0},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "kind": {"enum": ["ring", "watch"]},
                        "parts": {"type": "array", "items": _ref("PieceForm")},
                        "words": {"type": "object", "patternProperties": {"^[a-z]+$": {"type": "string"}}},
                    },
                },
                "Piece": {
                    "type": "object",
                    "required": ["code", "status"],
                    "properties": {
                        "code": {"type": "string"},
                        "status": {"enum": ["shown", "hidden"]},
                        "made_at": {"type": "string", "format": "date-time"},
                        "parts": {"type": "array", "items": _ref("Piece")},
                    },
                },
                "Page": {"type": "object", "properties": {"items": {"type": "array", "items": _ref("Piece")}}},
            },
        },
    }


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def get(it: Document) -> Document:
    found: Document = it["paths"]["/v1/pieces"]["get"]
    return found


def put(it: Document) -> Document:
    found: Document = it["paths"]["/v1/pieces"]["put"]
    return found


def form(it: Document, name: str = "PieceForm") -> Document:
    found: Document = it["components"]["schemas"][name]["properties"]
    return found


BREAKS: dict[str, tuple[Change, str]] = {
    "a path is removed": (lambda it: it["paths"].clear(), "PUT /v1/pieces: removed"),
    "an operation is removed": (lambda it: it["paths"]["/v1/pieces"].pop("put"), "PUT /v1/pieces: removed"),
    "a role is shut out": (lambda it: put(it).update({"x-roles": ["pos"]}), "PUT /v1/pieces: closed to headquarters"),
    "a public route asks who one is": (
        lambda it: get(it).update({"x-roles": ["client"]}),
        "GET /v1/pieces: no longer public",
    ),
    "less may be sent": (lambda it: put(it).update({"x-max-body": 10}), "PUT /v1/pieces: takes a smaller body"),
    "a status is removed": (lambda it: put(it)["responses"].pop("409"), "PUT /v1/pieces: status 409 removed"),
    "a parameter is removed": (
        lambda it: get(it).update({"parameters": []}),
        "GET /v1/pieces query kind: parameter removed",
    ),
    "a parameter takes fewer values": (
        lambda it: get(it)["parameters"][0]["schema"]["enum"].remove("ring"),
        "GET /v1/pieces query kind: 'ring' no longer taken",
    ),
    "a parameter is newly required": (
        lambda it: put(it)["parameters"][0].update({"required": True}),
        "PUT /v1/pieces header if-match: newly required",
    ),
    "a new parameter is required": (
        lambda it: get(it)["parameters"].append({"name": "brand", "in": "query", "required": True, "schema": {}}),
        "GET /v1/pieces query brand: newly required",
    ),
    "the body is newly required": (
        lambda it: put(it)["requestBody"].update({"required": True}),
        "PUT /v1/pieces body: newly required",
    ),
    "the body is no longer taken": (lambda it: put(it).pop("requestBody"), "PUT /v1/pieces body: no longer taken"),
    "a type of body is no longer taken": (
        lambda it: put(it)["requestBody"].update({"content": {}}),
        "PUT /v1/pieces body: application/json no longer taken",
    ),
    "a field is newly required": (
        lambda it: it["components"]["schemas"]["PieceForm"]["required"].append("price"),
        "PUT /v1/pieces body.price: newly required",
    ),
    "a field of a request is removed": (lambda it: form(it).pop("price"), "PUT /v1/pieces body.price: field removed"),
    "a type of a request is narrowed": (
        lambda it: form(it)["price"].update({"type": "integer"}),
        "PUT /v1/pieces body.price: number no longer taken",
    ),
    "null is no longer taken": (
        lambda it: form(it).update({"note": {"type": "string"}}),
        "PUT /v1/pieces body.note: null no longer taken",
    ),
    "a request's closed set loses a value": (
        lambda it: form(it)["kind"]["enum"].remove("watch"),
        "PUT /v1/pieces body.kind: 'watch' no longer taken",
    ),
    "a request's values become a closed set": (
        lambda it: form(it)["code"].update({"enum": ["A"]}),
        "PUT /v1/pieces body.code: any value no longer taken",
    ),
    "a limit is tightened": (
        lambda it: form(it)["code"].update({"maxLength": 32}),
        "PUT /v1/pieces body.code: maxLength 64 -> 32",
    ),
    "a limit is raised from below": (
        lambda it: form(it)["price"].update({"minimum": 1}),
        "PUT /v1/pieces body.price: minimum 0 -> 1",
    ),
    "a limit is new": (
        lambda it: form(it)["parts"].update({"maxItems": 3}),
        "PUT /v1/pieces body.parts: maxItems without limit -> 3",
    ),
    "a pattern is new": (
        lambda it: form(it)["code"].update({"pattern": "^A"}),
        "PUT /v1/pieces body.code: pattern any -> ^A",
    ),
    "names of fields change": (
        lambda it: form(it)["words"].update({"patternProperties": {"^a+$": {"type": "string"}}}),
        "PUT /v1/pieces body.words: names of its fields changed",
    ),
    "further fields are no longer taken": (
        lambda it: form(it)["words"].update({"additionalProperties": False}),
        "PUT /v1/pieces body.words: further fields no longer taken",
    ),
    "an answer's type of content changes": (
        lambda it: put(it)["responses"]["200"].update({"content": {"text/csv": {}}}),
        "PUT /v1/pieces 200: no longer answers application/json",
    ),
    "a shared answer's content is removed": (
        lambda it: it["components"]["responses"]["Conflict"].pop("content"),
        "PUT /v1/pieces 409: no longer answers application/problem+json",
    ),
    "a field of an answer is removed": (
        lambda it: form(it, "Piece").pop("code"),
        "GET /v1/pieces 200.items[].code: field removed",
    ),
    "a field of an answer is no longer promised": (
        lambda it: it["components"]["schemas"]["Piece"]["required"].remove("status"),
        "GET /v1/pieces 200.items[].status: no longer promised",
    ),
    "a field of an answer changes its type": (
        lambda it: form(it, "Piece")["code"].update({"type": "integer"}),
        "GET /v1/pieces 200.items[].code: may now be integer",
    ),
    "a field of an answer may be null": (
        lambda it: form(it, "Piece").update({"code": {"anyOf": [{"type": "string"}, {"type": "null"}]}}),
        "GET /v1/pieces 200.items[].code: may now be null",
    ),
    "an answer's closed set is widened": (
        lambda it: form(it, "Piece")["status"]["enum"].append("sold"),
        "GET /v1/pieces 200.items[].status: may now be 'sold'",
    ),
    "an answer's closed set is opened": (
        lambda it: form(it, "Piece").update({"status": {"type": "string"}}),
        "GET /v1/pieces 200.items[].status: may now be any value",
    ),
    "an answer's format changes": (
        lambda it: form(it, "Piece")["made_at"].update({"format": "date"}),
        "GET /v1/pieces 200.items[].made_at: format date-time -> date",
    ),
    "a header is removed": (
        lambda it: put(it)["responses"]["200"].pop("headers"),
        "PUT /v1/pieces 200: header ETag removed",
    ),
    "a header is no longer promised": (
        lambda it: put(it)["responses"]["200"]["headers"]["ETag"].pop("required"),
        "PUT /v1/pieces 200: header ETag no longer promised",
    ),
}

ADDITIONS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a path": lambda it: it["paths"].update({"/v1/new": {"get": {"responses": {}}}}),
    "a role": lambda it: put(it)["x-roles"].append("partner"),
    "everybody": lambda it: put(it).update({"x-roles": ["public"]}),
    "a status": lambda it: put(it)["responses"].update({"410": {"description": ""}}),
    "a parameter that may be left out": lambda it: get(it)["parameters"].append({"name": "x", "in": "query"}),
    "the name of a header in other letters": lambda it: put(it)["parameters"][0].update({"name": "if-match"}),
    "a field that may be left out": lambda it: form(it).update({"size": {"type": "string"}}),
    "a wider type of a request": lambda it: form(it)["code"].update({"type": ["string", "null"]}),
    "a wider limit": lambda it: form(it)["code"].update({"maxLength": 128}),
    "a limit given up": lambda it: form(it)["price"].pop("minimum"),
    "a value of a request": lambda it: form(it)["kind"]["enum"].append("ear-ring"),
    "a closed set of a request opened": lambda it: form(it).update({"kind": {"type": "string"}}),
    "a field of an answer": lambda it: form(it, "Piece").update({"carats": {"type": "number"}}),
    "a promise of a field": lambda it: it["components"]["schemas"]["Piece"]["required"].append("made_at"),
    "a value of an answer less": lambda it: form(it, "Piece")["status"]["enum"].remove("hidden"),
    "a narrower limit of an answer": lambda it: form(it, "Piece")["code"].update({"maxLength": 3}),
    "a header": lambda it: put(it)["responses"]["200"]["headers"].update({"Age": {"schema": {"type": "integer"}}}),
    "a larger body": lambda it: put(it).update({"x-max-body": 10_000}),
    "another name of a schema": lambda it: (
        it["components"]["schemas"].update({"Thing": it["components"]["schemas"]["Piece"]}),
        put(it)["responses"]["200"]["content"]["application/json"].update({"schema": _ref("Thing")}),
    ),
}


@pytest.mark.parametrize("change", BREAKS)
def test_a_broken_promise_is_named_with_its_place(change: str) -> None:
    made, said = document(), BREAKS[change]
    said[0](made)
    assert said[1] in broken(document(), made)


@pytest.mark.parametrize("change", ADDITIONS)
def test_what_is_only_added_breaks_nothing(change: str) -> None:
    made = copy.deepcopy(document())
    ADDITIONS[change](made)
    assert broken(document(), made) == []


def test_a_promise_is_made_and_added_to_but_not_taken_back(tmp_path: Path) -> None:
    promised = tmp_path / "released.json"
    release(json.dumps(document()), promised)
    added, taken_back = document(), document()
    form(added)["size"] = {"type": "string"}
    release(json.dumps(added), promised)
    assert json.loads(promised.read_text()) == added
    taken_back["paths"].clear()
    with pytest.raises(PromiseBroken, match="PUT /v1/pieces: removed"):
        release(json.dumps(taken_back), promised)
    assert json.loads(promised.read_text()) == added


def test_the_document_of_today_keeps_what_the_released_one_promised() -> None:
    taken_back = broken(json.loads(RELEASED.read_text()), json.loads(FILE.read_text()))
    assert taken_back == [], "callers rely on these; a new version goes under another path, such as /v2"
