"""The bodies of pushes, XML or JSON, as one shape: texts, mappings and lists."""

import json
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from infra.wechat.errors import PushUnreadable

Fields = Mapping[str, object]

WRAPPERS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")


def read_body(body: bytes) -> Fields:
    """The fields of a push; its first character tells XML from JSON. Raises PushUnreadable.

    XML with a DTD or entities is refused. Keys are stripped: WeChat's own JSON has some with a leading space.
    """
    try:
        # Decoded first: a parser that chose the encoding itself could be shown another text than we looked at.
        text = body.decode("utf-8-sig").strip()
        value = _from_xml(fromstring(text, forbid_dtd=True)) if text.startswith("<") else _stripped(json.loads(text))
    except (ValueError, ParseError, DefusedXmlException, RecursionError):
        raise PushUnreadable from None
    if not isinstance(value, dict):
        raise PushUnreadable
    return value


def text_of(fields: Fields, name: str) -> str:
    """A field as text; a number as WeChat would have written it in XML; absent or nested: empty."""
    value = fields.get(name)
    if isinstance(value, bool):
        return ""
    return str(value) if isinstance(value, str | int) else ""


def items(fields: Fields) -> list[Fields]:
    """The items of a subscribe-message event.

    XML wraps them as <SubscribeMsgPopupEvent><List>; JSON has `List` at the top, an object for one and an array for
    several, or the wrapper's name with either inside. All of it is accepted.
    """
    found: list[Fields] = []
    for name in (*WRAPPERS, "List"):
        for value in _listed(fields.get(name)):
            inner = value.get("List") if "List" in value else value
            found.extend(_listed(inner))
    return found


def _listed(value: object) -> list[dict[str, object]]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, dict)]


def _from_xml(element: Element) -> str | dict[str, object]:
    if not len(element):
        return (element.text or "").strip()
    fields: dict[str, object] = {}
    for child in element:
        value = _from_xml(child)
        before = fields.get(child.tag)
        if before is None:
            fields[child.tag] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            fields[child.tag] = [before, value]
    return fields


def _stripped(value: object) -> object:
    if isinstance(value, dict):
        return {str(key).strip(): _stripped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stripped(inner) for inner in value]
    return value
