"""What a new OpenAPI document takes back of what a released one promised. Whatever is only added passes.

A request that was right must stay right, and an answer may say nothing that its reader was not told of.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Part = Mapping[str, Any]
Pairs = frozenset[tuple[str, str]]

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
EQUAL = (
    "pattern",
    "format",
    "multipleOf",
    "uniqueItems",
    "allOf",
    "not",
)  # what a change of these takes away cannot be reckoned
PUBLIC = ["public"]
_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", type(None): "null"}


def broken(released: Part, new: Part) -> list[str]:
    """Every promise of the released document that the new one breaks, as sentences that name the place."""
    return sorted(set(_Comparison(released, new).everything()))


class _Comparison:
    def __init__(self, released: Part, new: Part) -> None:
        self._old, self._new = released, new

    def everything(self) -> Iterator[str]:
        for path, methods in self._old["paths"].items():
            for method, old in methods.items():
                name = f"{method.upper()} {path}"
                new = self._new["paths"].get(path, {}).get(method)
                if new is None:
                    yield f"{name}: removed"
                else:
                    yield from self._operation(name, old, new)

    def _operation(self, at: str, old: Part, new: Part) -> Iterator[str]:
        before, now = old.get("x-roles", PUBLIC), new.get("x-roles", PUBLIC)
        if before == PUBLIC != now:
            yield f"{at}: no longer public"
        elif now != PUBLIC:
            yield from (f"{at}: closed to {role}" for role in before if role not in now)
        if new.get("x-max-body", 0) < old.get("x-max-body", 0):
            yield f"{at}: takes a smaller body"
        yield from self._parameters(at, old, new)
        yield from self._request(at, old, new)
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{at}: status {status} removed"
            else:
                yield from self._answer(f"{at} {status}", answer, new["responses"][status])

    def _parameters(self, at: str, old: Part, new: Part) -> Iterator[str]:
        before, now = self._named(self._old, old), self._named(self._new, new)
        for key, parameter in before.items():
            where = f"{at} {key[0]} {key[1]}"
            if key not in now:
                yield f"{where}: parameter removed"
            else:
                yield from self._asked(where, parameter.get("schema", {}), now[key].get("schema", {}))
        for key, parameter in now.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{at} {key[0]} {key[1]}: newly required"

    def _named(self, document: Part, operation: Part) -> dict[tuple[str, str], Part]:
        found = (_resolved(document, one)[0] for one in operation.get("parameters", ()))
        # Names of headers have no case.
        return {(one["in"], one["name"].lower() if one["in"] == "header" else one["name"]): one for one in found}

    def _request(self, at: str, old: Part, new: Part) -> Iterator[str]:
        before, now = old.get("requestBody"), new.get("requestBody")
        if now is not None and now.get("required") and not (before or {}).get("required"):
            yield f"{at} body: newly required"
        if before is None:
            return
        if now is None:
            yield f"{at} body: no longer taken"
            return
        for kind, content in before["content"].items():
            if kind not in now["content"]:
                yield f"{at} body: {kind} no longer taken"
            else:
                yield from self._asked(f"{at} body", content.get("schema", {}), now["content"][kind].get("schema", {}))

    def _answer(self, at: str, old: Part, new: Part) -> Iterator[str]:
        before, now = _resolved(self._old, old)[0], _resolved(self._new, new)[0]
        for kind, content in before.get("content", {}).items():
            if kind not in now.get("content", {}):
                yield f"{at}: no longer answers {kind}"
            else:
                yield from self._said(at, content.get("schema", {}), now["content"][kind].get("schema", {}))
        for name, header in before.get("headers", {}).items():
            other = now.get("headers", {}).get(name)
            if other is None:
                yield f"{at}: header {name} removed"
                continue
            header_before, header_now = _resolved(self._old, header)[0], _resolved(self._new, other)[0]
            if header_before.get("required") and not header_now.get("required"):
                yield f"{at}: header {name} no longer promised"
            yield from self._said(f"{at} {name}", header_before.get("schema", {}), header_now.get("schema", {}))

    def _asked(self, at: str, old: Part, new: Part, seen: Pairs = frozenset()) -> Iterator[str]:
        """What was allowed to be sent and is not any more."""
        (old, old_ref), (new, new_ref) = _resolved(self._old, old), _resolved(self._new, new)
        if (old_ref, new_ref) in seen:
            return
        if old_ref and new_ref:
            seen |= {(old_ref, new_ref)}
        if _alternatives(old) or _alternatives(new):
            for branch in _alternatives(old) or [old]:
                tries = [list(self._asked(at, branch, other, seen)) for other in _alternatives(new) or [new]]
                # With several to choose from, the nearest one tells best what is missing.
                yield from min(tries, key=len)
            return
        if gone := _types(old) - _types(new):
            yield f"{at}: {_listed(gone)} no longer taken"
            return
        yield from self._narrowed(at, old, new)
        fields, now = old.get("properties", {}), new.get("properties", {})
        yield from (f"{at}.{name}: field removed" for name in fields if name not in now)
        yield from (
            f"{at}.{name}: newly required" for name in new.get("required", ()) if name not in old.get("required", ())
        )
        if new.get("additionalProperties") is False and old.get("additionalProperties", True) is not False:
            yield f"{at}: further fields no longer taken"
        for name, before, after in _inner(old, new):
            yield from self._asked(f"{at}{name}", before, after, seen)

    def _narrowed(self, at: str, old: Part, new: Part) -> Iterator[str]:
        allowed, taken = _values(new), _values(old)
        if allowed is not None and (taken is None or (gone := taken - allowed)):
            yield f"{at}: {'any value' if taken is None else _listed(gone)} no longer taken"
        for words, tighter in ((UPPER, _less), (LOWER, _more)):
            for word in words:
                if word in new and (word not in old or tighter(new[word], old[word])):
                    yield f"{at}: {word} {old.get(word, 'without limit')} -> {new[word]}"
        if set(new.get("patternProperties", ())) != set(old.get("patternProperties", ())):
            yield f"{at}: names of its fields changed"
        for word in EQUAL:
            if word in new and new[word] != old.get(word):
                yield f"{at}: {word} {old.get(word, 'any')} -> {new[word]}"

    def _said(self, at: str, old: Part, new: Part, seen: Pairs = frozenset()) -> Iterator[str]:
        """What was promised to be answered and is not any more, or is now answered against the promise."""
        (old, old_ref), (new, new_ref) = _resolved(self._old, old), _resolved(self._new, new)
        if (old_ref, new_ref) in seen:
            return
        if old_ref and new_ref:
            seen |= {(old_ref, new_ref)}
        if _alternatives(old) or _alternatives(new):
            for branch in _alternatives(new) or [new]:
                tries = [list(self._said(at, other, branch, seen)) for other in _alternatives(old) or [old]]
                yield from min(tries, key=len)
            return
        if foreign := _types(new) - _types(old):
            yield f"{at}: may now be {_listed(foreign)}"
            return
        closed, values = _values(old), _values(new)
        if closed is not None and (values is None or (more := values - closed)):
            yield f"{at}: may now be {'any value' if values is None else _listed(more)}"
        if "format" in old and old["format"] != new.get("format"):
            yield f"{at}: format {old['format']} -> {new.get('format', 'any')}"
        fields, now = old.get("properties", {}), new.get("properties", {})
        yield from (f"{at}.{name}: field removed" for name in fields if name not in now)
        yield from (
            f"{at}.{name}: no longer promised"
            for name in old.get("required", ())
            if name in now and name not in new.get("required", ())
        )
        for name, before, after in _inner(old, new):
            yield from self._said(f"{at}{name}", before, after, seen)


def _resolved(document: Part, part: Part) -> tuple[Part, str]:
    """A part with its references followed, and the last of them. What stands beside a reference adds to it."""
    reference = ""
    while "$ref" in part:
        reference = part["$ref"]
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part = {**found, **{name: value for name, value in part.items() if name != "$ref"}}
    return part, reference


def _alternatives(schema: Part) -> list[Part]:
    found: list[Part] = schema.get("anyOf") or schema.get("oneOf") or []
    return found


def _types(schema: Part) -> frozenset[str]:
    kinds = schema.get("type", ())
    named = {kinds} if isinstance(kinds, str) else set(kinds)
    if not named:
        closed = [schema["const"]] if "const" in schema else schema.get("enum", ())
        named = {_KINDS.get(type(value), "object") for value in closed}
    return frozenset(named | ({"integer"} if "number" in named else set())) if named else TYPES


def _values(schema: Part) -> frozenset[str] | None:
    """The closed set of values a schema allows, each as it is written; None where it is not closed."""
    if "const" in schema:
        return frozenset({repr(schema["const"])})
    return frozenset(repr(value) for value in schema["enum"]) if "enum" in schema else None


def _inner(old: Part, new: Part) -> Iterator[tuple[str, Part, Part]]:
    """The schemas inside, where both have them, with what to call them."""
    for name, schema in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield f".{name}", schema, new["properties"][name]
    for word, name in (("items", "[]"), ("additionalProperties", ".*"), ("propertyNames", ".*")):
        if isinstance(old.get(word), Mapping) and isinstance(new.get(word), Mapping):
            yield name, old[word], new[word]
    for pattern, schema in old.get("patternProperties", {}).items():
        if pattern in new.get("patternProperties", {}):
            yield ".*", schema, new["patternProperties"][pattern]


def _less(new: float, old: float) -> bool:
    return new < old


def _more(new: float, old: float) -> bool:
    return new > old


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
