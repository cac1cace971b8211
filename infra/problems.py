"""Problem documents (RFC 9457): the one place where a refusal meets an HTTP status."""

import re
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from infra.refusal import (
    BadRequest,
    BodyTooLarge,
    Kind,
    Malformed,
    MethodNotAllowed,
    NotFound,
    NotPermitted,
    Refusal,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from infra.telemetry import metrics, trace_id

MEDIA_TYPE = "application/problem+json"
URN = "urn:maison:problem:"
_NAME = re.compile(r"^[a-z][a-z_]{0,39}$")  # a field of ours

STATUS: Mapping[Kind, int] = {
    Kind.MALFORMED: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.ABSENT: 404,
    Kind.CONFLICT: 409,
    Kind.INVALID: 400,
    Kind.STALE: 412,
    Kind.PRECONDITION_MISSING: 428,
    Kind.GONE: 410,
    Kind.TOO_LARGE: 413,
    Kind.TOO_SLOW: 408,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
}


class Problem(BaseModel):
    """The body of every answer with a status of 400 or more."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str | None = None
    trace_id: str | None = None


# What Starlette and FastAPI raise on their own, as our types.
BY_STATUS: Mapping[int, type[Refusal]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: NotPermitted,
    404: NotFound,
    405: MethodNotAllowed,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
    503: Unavailable,
}


def language(accept_language: str) -> str:
    """`zh` or `en`: whichever of the two the header prefers, Chinese when it says nothing."""
    best, weight = "zh", 0.0
    for part in accept_language.lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            q = float(parameters.partition("q=")[2] or 1)
        except ValueError:
            continue
        if tag[:2] in {"zh", "en"} and q > weight:
            best, weight = tag[:2], q
    return best


def answer(
    refusal: Refusal, *, accept_language: str = "", status: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The problem document of a refusal, in the language the caller asked for."""
    metrics.REFUSALS.labels(refusal.slug).inc()
    status = status or STATUS[refusal.kind]
    lang = language(accept_language)
    body: dict[str, object] = {
        "type": URN + refusal.slug,
        "title": refusal.en if lang == "en" else refusal.zh,
        "status": status,
    }
    if refusal.detail:
        body["detail"] = refusal.detail
    if trace := trace_id():
        body["trace_id"] = trace
    body.update(refusal.extra)
    sent = dict(headers or {})
    sent["Content-Language"] = "en" if lang == "en" else "zh-CN"
    if refusal.retry_after is not None:
        sent["Retry-After"] = str(refusal.retry_after)
    elif refusal.kind is Kind.UNAVAILABLE and status == STATUS[Kind.UNAVAILABLE]:
        sent["Retry-After"] = "1"
    if status == STATUS[Kind.UNAUTHENTICATED]:
        sent["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=status, headers=sent, media_type=MEDIA_TYPE)


def of_request(request: Request, refusal: Refusal, *, status: int | None = None) -> JSONResponse:
    """`answer` in the language of this request."""
    return answer(refusal, accept_language=request.headers.get("accept-language", ""), status=status)


def of_http_exception(request: Request, exc: HTTPException) -> JSONResponse:
    """Starlette's own answers (404, 405, 413...) as problem documents."""
    refusal, headers = BY_STATUS.get(exc.status_code, BadRequest)(), exc.headers
    paths = getattr(request.app.state, "paths", None)
    if isinstance(refusal, MethodNotAllowed) and paths is not None:
        # Starlette names the methods of the first route only that has this path.
        headers = {**(headers or {}), "Allow": paths.offered(request.url.path)}
    return answer(
        refusal,
        accept_language=request.headers.get("accept-language", ""),
        status=exc.status_code,
        headers=headers,
    )


def _pointer(error: Mapping[str, Any]) -> str:
    """Where in the request, without what the caller wrote: a name that no schema knows is left out."""
    parts = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return "/" + "/".join(str(part) if isinstance(part, int) or _NAME.match(part) else "*" for part in parts)


def malformed(errors: Iterable[Mapping[str, Any]]) -> Malformed:
    """What pydantic found: where and which rule, never the value."""
    found = [{"pointer": _pointer(error), "code": error["type"]} for error in errors]
    # A tuple whose items are refused is too short for pydantic besides: it counts those that are left.
    inside = {above for one in found for above in accumulate(one["pointer"].split("/")[:-1], "{}/{}".format)}
    return Malformed(errors=[one for one in found if one["code"] != "too_short" or one["pointer"] not in inside][:50])


def of_validation(request: Request, exc: RequestValidationError) -> JSONResponse:
    """Malformed input as a problem document."""
    return of_request(request, malformed(exc.errors()))
