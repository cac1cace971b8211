"""What goes over the wire: strict forms in, views out, opaque cursors, entity tags."""

import base64
import binascii
import hashlib
import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

from infra.refusal import BadRequest, Kind, Refusal

Item = TypeVar("Item")

_DAY = re.compile(r"^\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"^[0-9]{1,18}$", re.ASCII)

# Bounds that the columns behind them have too, so that no input reaches PostgreSQL and fails there.
# A text that must be there has to say something: one character of it is not blank.
# Something besides white space. U+0085 is white space to pydantic, but not to JSON Schema: so it is named.
WORDS = r"[^\s\x85]"
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=WORDS)]
LongText = Annotated[str, Field(min_length=1, max_length=4000, pattern=WORDS)]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Minor = Annotated[int, Field(ge=-(10**15), le=10**15)]  # an amount in minor units of its currency
# Where the next page begins, as the last one said.
After = Annotated[str | None, Query(alias="cursor", max_length=1000)]
Limit = Annotated[int, Field(ge=1, le=100)]


def _spelled(value: object) -> object:
    """A moment or day that is written as one, or is one already."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("datetime_type", "A date of ISO 8601.")


# For a date or moment in a query, where forms do not see to it.
Spelled = BeforeValidator(_spelled)


def _counted(value: object) -> object:
    """A whole number that is written as a number; 7.0 is one too, to JSON Schema."""
    if isinstance(value, bool | str | bytes):
        raise PydanticCustomError("int_type", "A whole number.")
    return value


def _as_documented(part: Any) -> Any:
    """Take what the schema says and nothing like it: no 0 for false, no "7" for 7, no seconds of 1970 for a date."""
    if isinstance(part, list):
        return [_as_documented(one) for one in part]
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if kind == "bool":
        return {**part, "strict": True}
    if kind == "int":
        return no_info_before_validator_function(_counted, part)
    if kind in {"datetime", "date"}:
        return no_info_before_validator_function(_spelled, part)
    # A default may be a dictionary too, and is no schema.
    return {name: inner if name in {"metadata", "default"} else _as_documented(inner) for name, inner in part.items()}


class Form(BaseModel):
    """A request body: unknown fields are refused, and so is what would have to be converted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic's schema, which takes more than the JSON Schema it is documented by, narrowed to that."""
        narrowed: CoreSchema = _as_documented(handler(source))
        return narrowed


class View(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Page(View, Generic[Item]):
    """One page of a list; a null `next_cursor` is the only sign of the end."""

    items: list[Item]
    next_cursor: str | None = None


class Stale(Refusal):
    """Somebody changed it in between."""

    kind = Kind.STALE
    slug = "stale"
    en = "This has been changed by someone else meanwhile. Reload it and apply your change again."
    zh = "内容已被他人修改，请刷新后重新提交。"


class PreconditionMissing(Refusal):
    """A change must say which version it starts from."""

    kind = Kind.PRECONDITION_MISSING
    slug = "precondition-missing"
    en = "Send the ETag you read in an If-Match header, so that nobody's change is overwritten."
    zh = "请在 If-Match 请求头中携带读取到的 ETag，以免覆盖他人的修改。"


def cursor(*key: object, of: str) -> str:
    """An opaque cursor after the row with this sort key; `of` names the list and its filters."""
    packed = json.dumps([_digest(of), *[str(part) for part in key]])
    return base64.urlsafe_b64encode(packed.encode()).rstrip(b"=").decode()


def read_cursor(value: str | None, *, of: str, parts: int) -> list[str] | None:
    """The sort key inside a cursor; BadRequest when it belongs to another list or was made up."""
    if value is None:
        return None
    try:
        unpacked = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (binascii.Error, ValueError):
        raise BadRequest from None
    if not isinstance(unpacked, list) or len(unpacked) != parts + 1 or unpacked[0] != _digest(of):
        raise BadRequest
    if not all(isinstance(part, str) and part.isprintable() for part in unpacked):
        raise BadRequest  # PostgreSQL's text can hold neither NUL nor half a surrogate pair
    return [str(part) for part in unpacked[1:]]


def read_instant_cursor(value: str | None, *, of: str) -> tuple[datetime, UUID] | None:
    """The key inside a cursor that sorts by an instant and an id; BadRequest for a made-up one."""
    key = read_cursor(value, of=of, parts=2)
    if key is None:
        return None
    try:
        # asyncpg turns an instant into UTC, which must not lead out of the calendar.
        return datetime.fromisoformat(key[0]).astimezone(UTC), UUID(key[1])
    except (ValueError, OverflowError):
        raise BadRequest from None


def read_id_cursor(value: str | None, *, of: str) -> UUID | None:
    """The id inside a cursor that sorts by an id; BadRequest for a made-up one."""
    key = read_cursor(value, of=of, parts=1)
    try:
        return UUID(key[0]) if key is not None else None
    except ValueError:
        raise BadRequest from None


def read_number_cursor(value: str | None, *, of: str) -> int | None:
    """The number inside a cursor that sorts by one, as far as a bigint goes; BadRequest for a made-up one."""
    key = read_cursor(value, of=of, parts=1)
    if key is None:
        return None
    if not _NUMBER.match(key[0]):
        raise BadRequest
    return int(key[0])


def _digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:12]


def etag(version: int) -> str:
    """The entity tag of a row's version."""
    return f'"{version}"'


# A coroutine, although it does not wait: FastAPI would send it through a thread.
async def _required(if_match: Annotated[str | None, Header(alias="If-Match")] = None) -> str:
    if if_match is None:
        raise PreconditionMissing
    return if_match


# A route that changes a row takes this and calls `check_match(if_match, row.version)`.
IfMatch = Annotated[str, Depends(_required)]


def check_match(if_match: str, version: int) -> None:
    """Raise Stale unless the caller has seen this version (`*` matches any)."""
    if if_match.strip() not in {"*", etag(version)}:
        raise Stale
