"""`python -m infra.eventlog.asyncapi FOLDER SAMPLES PACKAGE...`: what the house announces, as AsyncAPI and a page."""

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.eventlog.facts import Fact
from infra.eventlog.port import Envelope

DOCUMENT = "asyncapi.json"
PAGE = "facts.md"


def facts_of(packages: Iterable[str]) -> list[type[Fact]]:
    """Every fact that the packages define, by type. Only modules named `events` define facts."""
    found: dict[str, type[Fact]] = {}
    for package in packages:
        for module in _modules(package):
            for value in vars(importlib.import_module(module)).values():
                if isinstance(value, type) and issubclass(value, Fact) and value.__module__ == module:
                    found[value.type] = value
    return [found[kind] for kind in sorted(found)]


def _modules(package: str) -> Iterator[str]:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        if module.name.endswith(".events"):
            yield module.name


def document(facts: Iterable[type[Fact]], samples: Mapping[str, Any]) -> dict[str, Any]:
    """The AsyncAPI document: one channel, the log; one message per fact, in a CloudEvents envelope."""
    messages = {fact.type: _message(fact, samples[fact.type]) for fact in facts}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Maison facts",
            "version": "1",
            "description": "What happened, once, in order per aggregate. Within v1 fields are only added.",
        },
        "channels": {
            "log": {
                "description": "The shared event log. `partitionkey` names the aggregate whose order is kept.",
                "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in messages},
            }
        },
        "operations": {
            kind: {
                "action": "send",
                "channel": {"$ref": "#/channels/log"},
                "messages": [{"$ref": f"#/channels/log/messages/{kind}"}],
            }
            for kind in messages
        },
        "components": {"messages": messages, "schemas": {"Envelope": _schema(Envelope.model_json_schema())}},
    }


def _message(fact: type[Fact], sample: Any) -> dict[str, Any]:
    return {
        "name": fact.type,
        "title": fact.__name__,
        "summary": _sentence(fact),
        "contentType": "application/cloudevents+json",
        "x-service": fact.type.partition(".")[0],
        "x-aggregate": fact.aggregate,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {"type": "object", "properties": {"data": _schema(fact.model_json_schema(mode="serialization"))}},
            ]
        },
        "examples": [{"payload": {"type": fact.type, "data": sample}}],
    }


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its definitions beside it turned into one that can stand anywhere."""
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return inlined(definitions[part["$ref"].rpartition("/")[2]])
            return {key: inlined(value) for key, value in part.items()}
        return [inlined(one) for one in part] if isinstance(part, list) else part

    resolved: dict[str, Any] = inlined(schema)
    return resolved


def _sentence(fact: type[Fact]) -> str:
    return " ".join((fact.__doc__ or "").split())


def page(facts: Iterable[type[Fact]], samples: Mapping[str, Any]) -> str:
    """The same for people."""
    lines = [
        "# Facts",
        "",
        "What the services announce on the shared log, generated from the code (`make facts`). Each stands in a",
        "CloudEvents 1.0 envelope; order is promised per aggregate; ids and plain facts only, nothing personal.",
        f"The same for machines: [{DOCUMENT}]({DOCUMENT}).",
    ]
    for fact in facts:
        lines += ["", f"## {fact.type}", "", f"{_sentence(fact)} Aggregate: `{fact.aggregate}`.", "", "```json"]
        lines += [json.dumps(samples[fact.type], indent=1, ensure_ascii=False), "```"]
    return "\n".join(lines) + "\n"


def main(folder: Path, samples: Path, packages: Iterable[str]) -> None:
    """Write both into a folder; the samples are files named after the facts' types."""
    facts = facts_of(packages)
    told = {fact.type: json.loads((samples / f"{fact.type}.json").read_text()) for fact in facts}
    (folder / DOCUMENT).write_text(json.dumps(document(facts, told), indent=1, ensure_ascii=False) + "\n")
    (folder / PAGE).write_text(page(facts, told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
