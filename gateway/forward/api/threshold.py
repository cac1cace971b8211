"""The outermost step: where a request really comes from, what it may not claim, and what every answer carries."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.forward.rules import HERE, Header, Network, is_inside, lies_in, read_address
from infra import problems
from infra.refusal import NotFound

# Only we say these; from outside they are a lie or a hostile trace.
NEVER_IN = frozenset({b"traceparent", b"tracestate", b"baggage", b"forwarded", b"cookie", b"x-real-ip"})
NEVER_IN_PREFIXES = (b"x-forwarded-", b"x-user-", b"x-maison-")

STRICT = b"default-src 'none'; frame-ancestors 'none'"
# A page that a service made without a policy of its own, such as a survey: its style and its form work, scripts do not.
PAGE = (
    b"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none';"
    b" frame-ancestors 'none'"
)
ALLOWED_METHODS = b"GET, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS = b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Accept-Language"
# They say how the house is: for whoever runs the suite, not for the world.
INSIDE_ONLY = frozenset({"/readyz", "/metrics"})
EXPOSED_HEADERS = b"ETag, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed"


class Threshold:
    """Cleans what comes in, answers CORS preflights, completes what goes out."""

    def __init__(self, app: ASGIApp, *, origins: frozenset[str], proxies: Sequence[Network], secure: bool) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._proxies = proxies
        self._fixed: list[Header] = [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
        ]
        if secure:
            self._fixed.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: list[Header] = scope["headers"]
        found = dict(headers)
        origin = found.get(b"origin")
        crossing = origin if origin is not None and origin in self._origins else None
        if crossing is not None and scope["method"] == "OPTIONS" and b"access-control-request-method" in found:
            await _preflight(crossing, send)
            return
        inside = {
            **scope,
            "client": self._client(scope, headers),
            "headers": [(name, value) for name, value in headers if _believed(name)],
        }

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._completed(message.get("headers", []), crossing)}
            await send(message)

        stays_inside = scope["path"] in INSIDE_ONLY or is_inside(scope["path"])
        if stays_inside and not self._is_near(scope, inside["client"][0], headers):
            await problems.answer(NotFound())(inside, receive, completed)
            return
        await self._app(inside, receive, completed)

    def _completed(self, headers: Sequence[Header], crossing: bytes | None) -> list[Header]:
        sent = list(headers)
        said = {name.lower(): value for name, value in sent}
        page = said.get(b"content-type", b"").startswith(b"text/html")
        for name, value in [
            *self._fixed,
            (b"content-security-policy", PAGE if page else STRICT),
            # What we answer is about somebody, unless the route says that it may be kept.
            (b"cache-control", b"no-store"),
        ]:
            if name not in said:
                sent.append((name, value))
        if self._origins:
            sent.append((b"vary", b"Origin"))
        if crossing is not None:
            sent += [(b"access-control-allow-origin", crossing), (b"access-control-expose-headers", EXPOSED_HEADERS)]
        return sent

    def _client(self, scope: Scope, headers: Sequence[Header]) -> tuple[str, int]:
        address, port = _peer(scope)
        if not self._proxies or not self._is_proxy(address):
            return address, port
        # Each proxy appends whom it saw: the last address that is not a proxy of ours is the caller.
        said = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        for hop in reversed([part.strip() for part in said.split(",") if part.strip()]):
            if not self._is_proxy(hop):
                return (address if read_address(hop) is None else hop), 0
        return address, port

    def _is_proxy(self, address: str) -> bool:
        return lies_in(self._proxies, read_address(address))

    def _is_near(self, scope: Scope, caller: str, headers: Sequence[Header]) -> bool:
        # Passed on by a proxy that is not one of ours: whom it speaks for is not known.
        if any(name == b"x-forwarded-for" for name, _ in headers) and not self._is_proxy(_peer(scope)[0]):
            return False
        return lies_in((*HERE, *self._proxies), read_address(caller))


def _believed(name: bytes) -> bool:
    return name not in NEVER_IN and not name.startswith(NEVER_IN_PREFIXES)


def _peer(scope: Scope) -> tuple[str, int]:
    """The address and port of whoever has connected."""
    return scope.get("client") or ("", 0)


async def _preflight(origin: bytes, send: Send) -> None:
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", ALLOWED_METHODS),
        (b"access-control-allow-headers", ALLOWED_HEADERS),
        (b"access-control-max-age", b"600"),
        (b"vary", b"Origin"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
