"""Wire models of what is written with a visit."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from infra.wire import WORDS, Code, Form, View

Answer = Annotated[str, Field(min_length=1, max_length=500, pattern=WORDS)]
# By the codes of the experience's questions, of which there are at most three.
Answers = Annotated[dict[Code, Answer], Field(min_length=1, max_length=3)]
Link = Annotated[str, StringConstraints(min_length=9, max_length=500, pattern=r"^https://[A-Za-z0-9][\x21-\x7e]*$")]
Carat = Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False, strict=True)]
RingSize = Annotated[str, Field(pattern=r"^[0-9]{1,2}(\.[0-9])?$|^[A-Z]½?$", max_length=4)]
Engraving = Annotated[str, Field(min_length=1, max_length=40, pattern=WORDS)]


class Configuration(Form):
    """What is to be made to order. Codes are the house's own; a ring's size is in its system's number or letter."""

    style: Code | None = None
    metal: Code | None = None
    ring_size: RingSize | None = None
    carat: Carat | None = None
    colour: Code | None = None
    clarity: Code | None = None
    cut: Code | None = None
    engraving: Engraving | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("must say something of the piece to be made")
        return self


class Words(View):
    """What was written, opened. `refusal_reason` is the boutique's."""

    requests: str | None
    configuration: Configuration | None
    answers: dict[str, str] | None
    link: str | None
    refusal_reason: str | None
