"""The reference page: the merged document as one page of HTML, without a script and without anything from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

Document = Mapping[str, Any]

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{border-bottom:1px solid #ccc;margin-top:2.5rem}summary{cursor:pointer;padding:.3rem 0}
code{font-family:ui-monospace,monospace}b{display:inline-block;min-width:4.5rem}
pre{background:#f6f6f6;padding:.8rem;overflow:auto;font-size:13px}small{color:#666}
"""


def page(document: Document) -> str:
    """The whole page."""
    return "".join(_page(document))


def _page(document: Document) -> Iterator[str]:
    title = escape(document["info"]["title"])
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    yield f"<h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>"
    yield '<p>The same as one document: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1)</p>'
    operations = [
        (described["x-service"], path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    for service, group in groupby(sorted(operations, key=lambda one: one[:3]), key=lambda one: one[0]):
        yield f"<h2>{escape(service)}</h2>"
        for _, path, method, described in group:
            yield from _operation(path, method, described)
    yield "<h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>'
    yield "</html>"


def _operation(path: str, method: str, described: Mapping[str, Any]) -> Iterator[str]:
    said = escape(described.get("description") or described.get("summary") or "")
    yield f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> {said}</summary>"
    yield f"<p><small>for: {escape(', '.join(described['x-roles']))}</small></p>"
    for parameter in described.get("parameters", ()):
        needed = "" if parameter.get("required") else " (optional)"
        yield f"<p><code>{escape(parameter['name'])}</code> in {escape(parameter['in'])}{needed}</p>"
    if (asked := described.get("requestBody")) is not None:
        yield f"<p>Request</p>{_json(asked['content'])}"
    for status, answer in described["responses"].items():
        if answer.get("content") and status != "default":
            yield f"<p>{escape(status)}</p>{_json(answer['content'])}"
    yield "</details>"


def _json(value: object) -> str:
    return f"<pre>{escape(json.dumps(value, ensure_ascii=False, indent=1))}</pre>"
