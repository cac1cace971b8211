"""A fact as its publisher says it, the slice a consumer reads of it, and how it is handed to a reaction."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

_TYPE = re.compile(r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9]\d*$")


class Fact(BaseModel):
    """Something that happened, announced to the whole house. Ids and plain facts only, nothing personal.

    `type` is `<service>.<past-tense>.v1`; `aggregate` names the id field whose thing this fact is about.
    Order is promised between the facts of one aggregate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    aggregate: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Hold a fact to its declaration when it is defined, not when it first happens."""
        super().__pydantic_init_subclass__(**kwargs)
        if not _TYPE.match(cls.type):
            raise TypeError(f"{cls.__qualname__}.type must read <service>.<past-tense>.v1")
        if cls.aggregate not in cls.model_fields or not cls.aggregate.endswith("_id"):
            raise TypeError(f"{cls.__qualname__}.aggregate must name one of its id fields")

    def about(self) -> str:
        """The aggregate's key: `appointment:<uuid>` for `aggregate = "appointment_id"`."""
        return f"{self.aggregate.removesuffix('_id')}:{getattr(self, self.aggregate)}"


class Slice(BaseModel):
    """What one consumer reads of a fact. Fields it does not name may come and go."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Hold a slice to its declaration when it is defined."""
        super().__pydantic_init_subclass__(**kwargs)
        if not _TYPE.match(cls.type):
            raise TypeError(f"{cls.__qualname__}.type must read <service>.<past-tense>.v1")


S = TypeVar("S", bound=Slice)


@dataclass(frozen=True, slots=True)
class Delivered(Generic[S]):
    """One fact on its way into a reaction: the slice, and what the envelope says around it."""

    event_id: UUID
    position: int
    brand_id: str
    occurred_at: datetime
    aggregate: str
    sequence: int
    traceparent: str | None
    fact: S
