"""Refusals: the expected "no" of a rule, with a kind and a sentence in two languages, and no HTTP number."""

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
