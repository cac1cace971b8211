"""What may pass: which operation a request means, which headers go in and out, and the refusals of the way."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.identity import Role
from infra.refusal import Kind, Refusal

OWN = "gateway"
BODY_LIMIT = 1024 * 1024  # bytes, where an operation names no other
LARGEST_BODY = 64 * 1024 * 1024  # bytes: no operation may name more
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = frozenset({"get", "put", "post", "delete", "patch"})

# Only these come in from outside. Whatever says who somebody is, whence he comes or which trace this is, we say.
PASSED_IN = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"content-encoding",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-unmodified-since",
        b"prefer",
        b"range",
    }
)
# Of one connection only (RFC 9110, 7.6.1), or said by our own server.
KEPT_INSIDE = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"server",
        b"date",
        b"traceparent",
        b"tracestate",
    }
)
# What the one who runs the suite asks this process itself, with a token of his own that the door does not exchange.
INSIDE = "/internal/"
# A service must not read another path than we did: no encoded separators, dots or NUL, and no dot segments.
_AMBIGUOUS = re.compile(rb"%2f|%5c|%2e|%00|\\|//|/\.{1,2}(/|$)", re.IGNORECASE)

Header = tuple[bytes, bytes]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# This machine and networks that the internet does not route to. (Python's `is_private` knows more, such as examples.)
HERE = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


class ServiceAway(Refusal):
    """The service that owns the route does not answer."""

    kind = Kind.UNAVAILABLE
    slug = "service-away"
    en = "This part of the house is briefly away. Please try again in a moment; the rest goes on."
    zh = "该服务暂时不可用，请稍后再试；其他功能不受影响。"


class AnswerTooLate(Refusal):
    """The service took the request and did not answer in time: whether it took effect is not known."""

    kind = Kind.UNAVAILABLE
    slug = "answer-too-late"
    en = "The answer took too long. It may have taken effect: repeat it with the same Idempotency-Key."
    zh = "响应超时，操作可能已生效；请使用相同的 Idempotency-Key 重试。"


@dataclass(frozen=True)
class Operation:
    """One operation behind the door. `path` is the route's template; `roles` is None for a public one."""

    service: str
    method: str
    path: str
    roles: frozenset[Role] | None
    body_limit: int = BODY_LIMIT
    headers: frozenset[bytes] = frozenset()
    is_idempotent: bool = False  # it takes effect once per Idempotency-Key

    def is_repeatable(self, headers: Iterable[Header]) -> bool:
        """Whether a request that may have taken effect can be sent once more without harm.

        A key alone does not make it so: not every operation looks at it.
        """
        return self.method in SAFE or (self.is_idempotent and any(name == b"idempotency-key" for name, _ in headers))


@dataclass
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    operations: dict[str, Operation] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """What is found at a path: the operation, or only the methods it offers instead."""

    operation: Operation | None
    allowed: tuple[str, ...]


class Table:
    """All operations that are passed on, found by path segments."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for segment in operation.path.split("/")[1:]:
                if segment.startswith("{") and segment.endswith("}"):
                    node.parameter = node = node.parameter or _Node()
                else:
                    node = node.literals.setdefault(segment, _Node())
            other = node.operations.setdefault(operation.method, operation)
            if other is not operation:
                msg = f"two operations answer {operation.method} {operation.path}"
                raise ValueError(msg)

    def find(self, method: str, raw_path: bytes) -> Match | None:
        """The match at a path as it stands on the wire, None where nothing is.

        A path that is spelled out goes before a parameter, whatever the method (OpenAPI 3.1, Paths Object).
        """
        if _AMBIGUOUS.search(raw_path) or not raw_path.isascii():
            return None
        leaf = next(iter(_leaves(self._root, raw_path.decode("ascii").split("/")[1:])), None)
        if leaf is None:
            return None
        operation = leaf.operations.get(method)
        return Match(operation, () if operation is not None else tuple(sorted(leaf.operations)))


def _leaves(node: _Node, segments: list[str]) -> Iterable[_Node]:
    if not segments:
        if node.operations:
            yield node
        return
    first, rest = segments[0], segments[1:]
    if (literal := node.literals.get(first)) is not None:
        yield from _leaves(literal, rest)
    if node.parameter is not None and first:
        yield from _leaves(node.parameter, rest)


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """The operations of a merged document that are passed on, with who may call them and how large a body may be."""
    return [
        _operation(path, method, described)
        for path, methods in document.get("paths", {}).items()
        for method, described in methods.items()
        if method in METHODS and described["x-service"] != OWN
    ]


def _operation(path: str, method: str, described: Mapping[str, Any]) -> Operation:
    named = described["x-roles"]
    parameters = described.get("parameters", ())
    return Operation(
        service=described["x-service"],
        method=method.upper(),
        path=path,
        roles=None if named == ["public"] else frozenset(Role(role) for role in named),
        body_limit=min(int(described.get("x-max-body", BODY_LIMIT)), LARGEST_BODY),
        headers=frozenset(one["name"].lower().encode() for one in parameters if one.get("in") == "header"),
        is_idempotent=bool(described.get("x-idempotent")),
    )


def inbound(headers: Iterable[Header], operation: Operation) -> list[Header]:
    """The headers that a service gets to see of those that came from outside."""
    return [(name, value) for name, value in headers if name in PASSED_IN or name in operation.headers]


def outbound(headers: Iterable[Header]) -> list[Header]:
    """The headers of a service's answer that go out."""
    lower = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in lower if name == b"connection" for token in value.split(b",")}
    return [(name, value) for name, value in lower if name not in KEPT_INSIDE and name not in named]


def read_address(text: str) -> Address | None:
    """An IP address, None for what is none; an IPv4 address that comes in IPv6 clothes is the IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def lies_in(networks: Iterable[Network], address: Address | None) -> bool:
    """Whether the address belongs to one of these networks."""
    return address is not None and any(address in network for network in networks)


def is_inside(path: str) -> bool:
    """Whether a path leads to this process's own operations, which are no part of the API."""
    return path.startswith(INSIDE)


def declared_length(headers: Iterable[Header]) -> int | None:
    """The Content-Length, if there is one that is a number."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def has_body(headers: Iterable[Header]) -> bool:
    """Whether the request announces a body."""
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)
