"""Refusals: the expected "no", with a kind and a sentence in two languages, and no HTTP number."""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of no it is. `infra.problems` alone maps a kind to an HTTP status."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    CONFLICT = "conflict"
    INVALID = "invalid"
    STALE = "stale"
    PRECONDITION_MISSING = "precondition-missing"
    GONE = "gone"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    TOO_MANY = "too-many"
    UNAVAILABLE = "unavailable"


REGISTRY: dict[str, type["Refusal"]] = {}


class Refusal(Exception):
    """An expected no. Subclasses name the situation and register their slug.

    `detail` may add a sentence for this occurrence; it never repeats what the caller sent. `extra` becomes members
    of the problem document (RFC 9457), such as the alternatives of a taken slot. `retry_after` is in seconds.
    """

    kind: ClassVar[Kind]
    slug: ClassVar[str]
    en: ClassVar[str]
    zh: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Register the slug; two refusals may not share one."""
        super().__init_subclass__()
        other = REGISTRY.setdefault(cls.slug, cls)
        if other is not cls and other.__qualname__ != cls.__qualname__:
            msg = f"problem type {cls.slug} is registered twice: {other.__qualname__} and {cls.__qualname__}"
            raise TypeError(msg)

    def __init__(self, detail: str | None = None, *, retry_after: int | None = None, **extra: object) -> None:
        super().__init__(self.slug)
        self.detail = detail
        self.retry_after = retry_after
        self.extra = extra


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
    en = (
        "The request could not be read. Check the encoding of its body and headers; a cursor goes back as it came, to"
        " the list it came from."
    )
    zh = "无法读取该请求，请检查请求体和请求头的编码；翻页游标须原样用于其所属列表。"


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


class BodyTooSlow(Refusal):
    """The body did not arrive in time."""

    kind = Kind.TOO_SLOW
    slug = "body-too-slow"
    en = "The request body did not arrive in time. Please send it again."
    zh = "请求体传输超时，请重新发送。"


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
