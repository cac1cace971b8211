"""The door: limits, token, right, signature; then the request is streamed on, or goes to the gateway's own routes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.forward.actions import CallerLeft, Incoming, Upstreams
from gateway.forward.rules import (
    OWN,
    SAFE,
    AnswerTooLate,
    Header,
    Operation,
    ServiceAway,
    Table,
    declared_length,
    has_body,
    inbound,
    is_inside,
)
from gateway.identity.actions.exchange import Exchange, Verified
from infra import problems
from infra.app import Kit
from infra.identity import Caller, Role
from infra.refusal import BadRequest, MethodNotAllowed, NotPermitted, Refusal, Unauthenticated
from infra.telemetry import metrics, traceparent

BEARER = b"bearer "
# RFC 9110 has statuses of its own for these two; the kinds of refusals do not.
STATUS: Mapping[type[Refusal], HTTPStatus] = {
    AnswerTooLate: HTTPStatus.GATEWAY_TIMEOUT,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
}


class Meter(Protocol):
    """Counts what is asked."""

    def measure(self, *, address: str, path: str, caller: Caller | None) -> tuple[list[Header], Refusal | None]:
        """The RateLimit headers of this request, and the refusal when it is one too many."""


class SignatureCheck(Protocol):
    """Checks the signature of a till's write."""

    async def __call__(
        self, *, caller: Caller, method: str, target: str, headers: Mapping[bytes, bytes], body: bytes, now: datetime
    ) -> None:
        """Raise a refusal unless it is right."""


@dataclass(frozen=True)
class Behind:
    """What the door opens on, and what it asks before."""

    kit: Kit
    exchange: Exchange
    table: Table
    upstreams: Upstreams
    meter: Meter
    signed: SignatureCheck


class Door:
    """Decides about one request after the other; answers every no as a problem document."""

    def __init__(self, app: ASGIApp, *, behind: Behind) -> None:
        self._app = app
        self._behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(self._behind, scope, receive, send)
        try:
            own = await passage.proceed()
        except CallerLeft:
            return
        except Refusal as refusal:
            await passage.refuse(refusal)
            return
        if own is not None:
            await self._app(own, receive, passage.send)


class _Passage:
    """One request on its way through the door."""

    def __init__(self, behind: Behind, scope: Scope, receive: Receive, send: Send) -> None:
        self._behind = behind
        self._scope = scope
        self._receive = receive
        self._send = send
        self._limits: list[Header] = []
        self._state = scope.setdefault("state", {})
        self._now = behind.kit.clock()

    async def send(self, message: Message) -> None:
        """Send, with the RateLimit headers."""
        if message["type"] == "http.response.start" and self._limits:
            message = {**message, "headers": [*message.get("headers", []), *self._limits]}
        await self._send(message)

    async def proceed(self) -> Scope | None:
        """Pass the request on; or answer the scope with which it goes to the gateway's own routes."""
        if is_inside(self._scope["path"]):
            # Near callers only, says the threshold; which inner token is right, the route itself.
            return self._scope
        method, raw_path = self._scope["method"], _raw_path(self._scope)
        address = (self._scope.get("client") or ("", 0))[0]
        match = self._behind.table.find(method, raw_path)
        verified = self._verified()
        caller = verified.caller if verified is not None else None
        self._limits, exceeded = self._behind.meter.measure(address=address, path=self._scope["path"], caller=caller)
        if exceeded is not None:
            raise exceeded
        if match is None:
            return self._own(verified)
        if match.operation is None:
            self._limits.append((b"allow", ", ".join(match.allowed).encode()))
            raise MethodNotAllowed
        self._scope["route"] = match.operation
        self._state["caller"] = caller
        if match.operation.roles is not None:
            if caller is None:
                raise Unauthenticated
            if caller.role not in match.operation.roles:
                raise NotPermitted
        await self._forward(match.operation, verified, raw_path)
        return None

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with the refusal's problem document."""
        languages = [value for name, value in self._scope["headers"] if name == b"accept-language"]
        response = problems.answer(
            refusal,
            accept_language=languages[0].decode("latin-1") if languages else "",
            status=STATUS.get(type(refusal)),
        )
        await response(self._scope, self._receive, self.send)

    def _verified(self) -> Verified | None:
        found = [value for name, value in self._scope["headers"] if name == b"authorization"]
        # Two are none: whoever reads the other one would see another caller.
        if len(found) != 1 or found[0][: len(BEARER)].lower() != BEARER or not found[0].isascii():
            return None
        try:
            return self._behind.exchange.verify(found[0][len(BEARER) :].strip().decode("ascii"), now=self._now)
        except Unauthenticated:
            return None

    def _own(self, verified: Verified | None) -> Scope:
        # The gateway's own routes are called like any service's: with an inner token, for `gateway`.
        headers = [(name, value) for name, value in self._scope["headers"] if name != b"authorization"]
        if verified is not None:
            headers.append((b"authorization", b"Bearer " + self._behind.exchange.inner(verified, OWN).encode()))
            self._state["session_id"] = verified.session_id
        else:
            basic = [value for name, value in self._scope["headers"] if name == b"authorization"]
            self._state["basic"] = basic[0] if basic else None
        # In the same scope: whoever stands outside reads the route and the caller there for the log.
        self._scope["headers"] = headers
        return self._scope

    async def _forward(self, operation: Operation, verified: Verified | None, raw_path: bytes) -> None:
        outside = self._scope["headers"]
        declared, expected = declared_length(outside), has_body(outside)
        incoming = Incoming(self._receive, limit=operation.body_limit, declared=declared, expected=expected)
        query = self._scope.get("query_string", b"")
        if not query.isascii():
            raise BadRequest
        target = (raw_path + (b"?" + query if query else b"")).decode("latin-1")
        body = None
        if verified is not None and verified.caller.role is Role.POS and operation.method not in SAFE:
            body = await incoming.whole()
            await self._behind.signed(
                caller=verified.caller,
                method=operation.method,
                target=target,
                headers=dict(outside),
                body=body,
                now=self._now,
            )
        headers = inbound(outside, operation)
        if verified is not None:
            inner = self._behind.exchange.inner(verified, operation.service)
            headers.append((b"authorization", b"Bearer " + inner.encode()))
        if trace := traceparent():
            headers.append((b"traceparent", trace.encode()))
        began, outcome = time.perf_counter(), "cut-off"
        try:
            await self._behind.upstreams.pass_on(
                operation.service,
                operation.method,
                target,
                headers=headers,
                incoming=incoming,
                body=body,
                is_repeatable=operation.is_repeatable(headers),
                send=self.send,
            )
            outcome = "answered"
        except (AnswerTooLate, ServiceAway) as refusal:
            outcome = refusal.slug
            raise
        finally:
            metrics.FORWARDED.labels(operation.service, outcome).observe(time.perf_counter() - began)


def _raw_path(scope: Scope) -> bytes:
    raw: bytes | None = scope.get("raw_path")
    return raw if raw is not None else scope["path"].encode()
