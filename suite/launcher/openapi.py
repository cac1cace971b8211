"""`maison openapi`: the one document at the gateway, merged from what each process says of itself."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra import keys
from suite.contract import broken
from suite.launcher import processes, vault
from suite.launcher.obstacles import StepFailed
from suite.launcher.settings import ROOT, LauncherSettings

FILE = ROOT / "gateway" / "openapi.json"
# What callers may rely on: the document as it was last released. Tests hold today's to it.
RELEASED = ROOT / "gateway" / "released.json"

Document = dict[str, Any]

# Built, but never served: nothing connects to this address.
_NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/nothing"
# What the gateway says of itself on every answer that goes out through it.
_LIMITS: Document = {
    name: {"description": f"{what} (IETF draft-ietf-httpapi-ratelimit-headers)", "schema": {"type": "string"}}
    for name, what in (("RateLimit", "What is left"), ("RateLimit-Policy", "What may be asked in which time"))
}
_LATE = {"description": "It took too long, and may have taken effect: repeat it with the same Idempotency-Key."}
# The gateway does not start without the document; here it is about to be made.
_OPTIONS: dict[str, Document] = {"gateway": {"document": {}}}
_SCHEMAS = "#/components/schemas/"
_SAY = """
import importlib, json, sys
module, _, factory = sys.argv[1].partition(":")
build = getattr(importlib.import_module(module), factory)
sys.stdout.write(json.dumps(build(**json.loads(sys.argv[2])).openapi()))
"""


class PathClaimedTwice(StepFailed):
    """Two services serve the same operation, so the gateway could not choose."""


class PromiseBroken(StepFailed):
    """The document takes back what a released one promised."""


def collect() -> Document:
    """Ask every process for its document and merge them; raises StepFailed or PathClaimedTwice."""
    with tempfile.TemporaryDirectory(prefix="maison-openapi-") as folder:
        settings = LauncherSettings(data=Path(folder))
        keys.create(settings.keys)
        secrets = vault.kept(settings.data)
        found = [
            process
            for process in processes.processes(settings, secrets, _NOWHERE)
            if processes.PROGRAMS[process.name].migrations is not None
        ]
        with ThreadPoolExecutor(len(found)) as together:
            said = together.map(_said, found)
            return _through_the_gateway(
                merge((process.name, document) for process, document in zip(found, said, strict=True))
            )


def _said(process: processes.Process) -> Document:
    application = process.command[-1]
    ended = subprocess.run(
        [sys.executable, "-c", _SAY, application, json.dumps(_OPTIONS.get(process.name, {}))],
        cwd=ROOT,
        env=process.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        what = f"{process.name} cannot describe itself: {' '.join(ended.stderr.strip().splitlines()[-1:])}"
        raise StepFailed(what, f"Start it alone to see why: python -m infra.serve {application}")
    document: Document = json.loads(ended.stdout)
    return document


def release(text: str, path: Path = RELEASED) -> None:
    """Make a document the promise; raises PromiseBroken when it takes back what was promised before."""
    taken_back = broken(json.loads(path.read_text()), json.loads(text)) if path.exists() else []
    if taken_back:
        advice = "Serve the change under another path; or, if nobody relies on the old one, delete the file first."
        raise PromiseBroken(f"{path.name} promises otherwise: {'; '.join(taken_back)}", advice)
    path.write_text(text)


def merge(documents: Iterable[tuple[str, Document]]) -> Document:
    """One document of several, by name; operations for services only, and those for probes, stay inside."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Maison",
            "version": "1",
            "description": "The suite of a luxury house's boutiques: profile, appointments, feedback, recommend.",
        },
        "paths": {},
        "components": {
            "headers": {},
            "responses": {},
            "schemas": {},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
    for name, document in documents:
        known = merged["components"]["schemas"]
        document = _renamed(name, document, known)  # noqa: PLW2901 - the same document under clear names
        paths = _outside(name, document)
        for shared in ("headers", "responses"):  # the same in all of them
            merged["components"][shared].update(document["components"].get(shared, {}))
        known.update({schema: document["components"]["schemas"][schema] for schema in _used(document, paths)})
        for path, operations in paths.items():
            claimed = merged["paths"].setdefault(path, {})
            for method, operation in operations.items():
                if method in claimed:
                    other = claimed[method]["x-service"]
                    what = f"{method.upper()} {path} is served by {other} and by {name}"
                    raise PathClaimedTwice(what, "Give one of them another path.")
                claimed[method] = operation
    return merged


def _through_the_gateway(merged: Document) -> Document:
    """Add what the gateway says on every answer that goes out, and for a service that does not answer in time."""
    components = merged["components"]
    answers = components["responses"]
    answers["TooLate"] = {**answers["Unavailable"], **_LATE, "headers": {**answers["Unavailable"]["headers"]}}
    components["headers"] |= _LIMITS
    operations = [operation for path in merged["paths"].values() for operation in path.values()]
    for operation in operations:
        if operation["x-service"] != "gateway":
            operation["responses"]["504"] = {"$ref": "#/components/responses/TooLate"}
    for answer in [*answers.values(), *(one for operation in operations for one in operation["responses"].values())]:
        if "$ref" not in answer:
            answer.setdefault("headers", {}).update(
                {limit: {"$ref": f"#/components/headers/{limit}"} for limit in _LIMITS}
            )
    return merged


def _outside(name: str, document: Document) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            probe = path in {"/healthz", "/readyz", "/metrics"}
            if operation.get("x-service", name) == name and operation.get("x-roles") != ["service"] and not probe:
                found.setdefault(path, {})[method] = {**operation, "x-service": name}
    return found


def _renamed(name: str, document: Document, known: Document) -> Document:
    """Two services may call two different things alike: the later one gets its service's name in front."""
    schemas = document.get("components", {}).get("schemas", {})
    different = {schema for schema in schemas if known.get(schema, schemas[schema]) != schemas[schema]}
    # What refers to a renamed schema is another thing too, even if it reads the same.
    while (
        more := {schema for schema in schemas if schema in known and _references(schemas[schema]) & different}
        - different
    ):
        different |= more
    clashing = {schema: f"{name.capitalize()}{schema}" for schema in different}
    if not clashing:
        return {**document, "components": {**document["components"], "schemas": schemas}}

    def rename(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: _target(value, clashing) if key == "$ref" else rename(value) for key, value in part.items()}
        return [rename(item) for item in part] if isinstance(part, list) else part

    renamed: Document = rename({**document, "components": {}})
    renamed["components"] = {
        **document["components"],
        "schemas": {clashing.get(schema, schema): rename(content) for schema, content in schemas.items()},
    }
    return renamed


def _target(reference: str, clashing: dict[str, str]) -> str:
    schema = reference.removeprefix(_SCHEMAS)
    return f"{_SCHEMAS}{clashing.get(schema, schema)}" if reference.startswith(_SCHEMAS) else reference


def _references(part: Any) -> set[str]:
    """The names of all schemas that a part of a document refers to, anywhere in it."""
    if isinstance(part, dict):
        reference = str(part.get("$ref", ""))
        own = {reference.removeprefix(_SCHEMAS)} if reference.startswith(_SCHEMAS) else set()
        return own.union(*(_references(value) for value in part.values()))
    return set().union(*(_references(item) for item in part)) if isinstance(part, list) else set()


def _used(document: Document, paths: Document) -> set[str]:
    schemas = document["components"]["schemas"]
    found: set[str] = set()
    waiting = _references([paths, document["components"].get("responses", {})])
    while waiting:
        found |= waiting
        waiting = set().union(*(_references(schemas[schema]) for schema in waiting)) - found
    return found
