"""How a client's names come in."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from infra.wire import Form
from services.profile.clients import models


def _name(value: str) -> str:
    tidied = models.tidy(value)
    if not models.is_writable(tidied):
        raise PydanticCustomError("name_unwritable", "A name needs letters and may not hold control characters.")
    return tidied


# Characters are counted as code points: a rare character outside the BMP is one.
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_name)]
Salutation = Annotated[str, Field(min_length=1, max_length=20), AfterValidator(_name)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]


class NamesForm(Form):
    """A client's names and how she is addressed. `display_name` is never taken apart; the parts are optional."""

    display_name: Name
    family_name: Name | None = None
    given_name: Name | None = None
    salutation: Salutation | None = None
    language: Language = "zh"


class CorrectionForm(Form):
    """Corrections: what is left out stays, null takes away."""

    # No null here: a client always has a name to be shown by, and a language to be spoken to in.
    display_name: Name = ""
    family_name: Name | None = None
    given_name: Name | None = None
    salutation: Salutation | None = None
    language: Language = ""
