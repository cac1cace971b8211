"""Which services there are, and how a parked fact of one of them is named outside."""

import re
from typing import Literal, get_args

OWN = "gateway"
Service = Literal["profile", "appointments", "feedback", "recommend", "gateway"]
NAMES: tuple[str, ...] = get_args(Service)
# Ids are numbers of a service's own; with its name in front they are the house's.
PARKED_ID = re.compile(rf"^({'|'.join(NAMES)})-([1-9][0-9]{{0,17}})$")


def public_id(service: str, number: int) -> str:
    """The id of a service's parked fact as the outside knows it."""
    return f"{service}-{number}"


def read_id(value: str) -> tuple[str, int] | None:
    """The service and its own number, None for what is no such id."""
    match = PARKED_ID.match(value)
    return (match[1], int(match[2])) if match is not None else None
