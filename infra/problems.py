"""Problem documents (RFC 9457): the one place where a refusal meets an HTTP status."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from infra.refusal import Kind, Refusal
from infra.telemetry import trace_id

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
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
}


class Malformed(Refusal):
    """The request does not have the form the documentation gives."""

    kind = Kind.MALFORMED
    slug = "malformed"
    en = "The request is not in the documented form. See `errors` for the fields to correct."
    zh = "请求格式不正确，请按 errors 中列出的字段修改。"


class BadRequest(Refusal):
    """The request cannot be read at all."""

    kind = Kind.INVALID
    slug = "bad-request"
    en = "The request could not be read. Check the encoding of its body and headers."
    zh = "无法读取该请求，请检查请求体和请求头的编码。"


class Unauthenticated(Refusal):
    """No token, or one that is not valid."""

    kind = Kind.UNAUTHENTICATED
    slug = "unauthenticated"
    en = "Please sign in again: no valid token came with the request."
    zh = "请重新登录：请求未携带有效的令牌。"


class NotPermitted(Refusal):
    """The caller's role does not open this route."""

    kind = Kind.FORBIDDEN
    slug = "not-permitted"
    en = "Your role does not allow this. Ask your manager if you need it."
    zh = "您的角色无权执行此操作，如有需要请联系主管。"


class NotFound(Refusal):
    """It does not exist, or not for this caller."""

    kind = Kind.ABSENT
    slug = "not-found"
    en = "This does not exist, or you may not see it."
    zh = "内容不存在，或您无权查看。"


class MethodNotAllowed(Refusal):
    """The route exists, the method does not."""

    kind = Kind.INVALID
    slug = "method-not-allowed"
    en = "This address does not offer that method. See the Allow header."
    zh = "该地址不支持此请求方法，请参见 Allow 响应头。"


class BodyTooLarge(Refusal):
    """The body is larger than the route accepts."""

    kind = Kind.TOO_LARGE
    slug = "body-too-large"
    en = "The request body is too large. Send smaller batches."
    zh = "请求体过大，请分批发送。"


class UnsupportedMediaType(Refusal):
    """The body is not JSON."""

    kind = Kind.INVALID
    slug = "unsupported-media-type"
    en = "Send the body as application/json."
    zh = "请以 application/json 格式发送请求体。"


class Unavailable(Refusal):
    """Something the answer needs is not there just now."""

    kind = Kind.UNAVAILABLE
    slug = "unavailable"
    en = "The service is briefly unavailable. Please try again in a moment."
    zh = "服务暂时不可用，请稍后再试。"


class Fault(Refusal):
    """A defect on our side; registered so that even a 500 has a type. Never raised: answered."""

    kind = Kind.UNAVAILABLE
    slug = "fault"
    en = "Something went wrong on our side. It has been recorded; please quote the trace id if you report it."
    zh = "系统内部出现错误，问题已记录；如需反馈请提供 trace id。"


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
    refusal = BY_STATUS.get(exc.status_code, BadRequest)()
    return answer(
        refusal,
        accept_language=request.headers.get("accept-language", ""),
        status=exc.status_code,
        headers=exc.headers,
    )


def _pointer(error: Mapping[str, Any]) -> str:
    """Where in the request, without what the caller wrote: a name that no schema knows is left out."""
    parts = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return "/" + "/".join(str(part) if isinstance(part, int) or _NAME.match(part) else "*" for part in parts)


def of_validation(request: Request, exc: RequestValidationError) -> JSONResponse:
    """Malformed input: where and which rule, never the value."""
    errors = [{"pointer": _pointer(error), "code": error["type"]} for error in exc.errors()]
    return of_request(request, Malformed(errors=errors[:50]))
