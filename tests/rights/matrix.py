"""How the tables of tests/rights/tables are read: who each column is, and what each sign means.

-  nobody is let in without a token (401)
x  the route is not for this role (403); exactly the roles that the route does not declare
!  the role may, but not this object (403)
.  for this caller there is no such thing (404)
o  answered (2xx), without the object the row is about: a list of her own things, the other brand's settings
~  answered (2xx) with the object, without the words that are protected in it
+  done (2xx), or refused for a reason that only a permitted caller can get
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from infra.identity import Role

# In the order they start: each asks only those before it.
SERVICES = ("profile", "recommend", "appointments", "feedback")
NAMES = (*SERVICES, "gateway")

# The client that the rows are about is owned by an advisor of the boutique Plaza, and is expected there today.
COLUMNS: Mapping[str, tuple[str, Role | None]] = {
    "no": ("nobody: no token at all", None),
    "cl": ("the client herself", Role.CLIENT),
    "c2": ("another client", Role.CLIENT),
    "ad": ("the advisor who owns her", Role.ADVISOR),
    "co": ("a colleague of that advisor: the client is present at her boutique", Role.ADVISOR),
    "st": ("an advisor of another boutique", Role.ADVISOR),
    "cs": ("client service", Role.CLIENT_SERVICE),
    "as": ("after-sales at the boutique", Role.AFTER_SALES),
    "a2": ("after-sales of another boutique", Role.AFTER_SALES),
    "ev": ("events at the boutique", Role.EVENTS),
    "e2": ("events of another boutique", Role.EVENTS),
    "ma": ("the boutique's manager", Role.MANAGER),
    "m2": ("the manager of another boutique", Role.MANAGER),
    "re": ("the manager of its region", Role.REGIONAL),
    "r2": ("the manager of another region", Role.REGIONAL),
    "hq": ("headquarters", Role.HEADQUARTERS),
    "pr": ("privacy", Role.PRIVACY),
    "gr": ("the group", Role.GROUP),
    "po": ("a till of the boutique", Role.POS),
    "pa": ("a partner system", Role.PARTNER),
    "sv": ("another service, speaking for itself", Role.SERVICE),
    "ob": ("headquarters of another brand", Role.HEADQUARTERS),
    "op": ("whoever runs the machine", Role.OPERATOR),
}
INSIDE = ("sv", "op")  # they do not come through the door
REFUSED = frozenset("-x!.")
STATUS = {"-": 401, "x": 403, "!": 403, ".": 404}


class Cell(NamedTuple):
    """One route asked by one caller, and what must come of it."""

    service: str
    operation: str  # such as `GET /v1/me`
    column: str
    sign: str

    @property
    def method(self) -> str:
        """The method."""
        return self.operation.partition(" ")[0]

    @property
    def is_safe(self) -> bool:
        """Whether asking changes nothing but the access log."""
        return self.method == "GET"


@dataclass(frozen=True)
class Table:
    """The rows of one service."""

    service: str
    rows: Mapping[str, Mapping[str, str]]

    def cells(self) -> Iterator[Cell]:
        """Every cell, row by row."""
        for operation, row in self.rows.items():
            for column, sign in row.items():
                yield Cell(self.service, operation, column, sign)


def table(service: str) -> Table:
    """The table of one service; AssertionError for one that is not written as it must be."""
    # What every service serves besides its own; the gateway's own table says it for the gateway.
    parts = ("every", service) if service in SERVICES else (service,)
    rows: dict[str, Mapping[str, str]] = {}
    for part in parts:
        head, *lines = importlib.import_module(f"tests.rights.tables.{part}").ROWS.strip("\n").splitlines()
        assert tuple(head.split()) == tuple(COLUMNS)
        for line in lines:
            method, path, *signs = line.split()
            operation = f"{method} {path}"
            assert operation not in rows, f"{operation} stands twice"
            assert len(signs) == len(COLUMNS), f"{operation} has {len(signs)} cells"
            assert set(signs) <= set("-x!.o~+"), f"{operation} has an unknown sign"
            rows[operation] = dict(zip(COLUMNS, signs, strict=True))
    return Table(service, rows)


def signs_of(cell: Cell, roles: frozenset[Role] | None) -> str:
    """The signs that a route's declared roles leave open to a cell; `roles` is None for a public route."""
    if roles is None:
        return "+"
    role = COLUMNS[cell.column][1]
    if role is None or not _is_read(cell):
        return "-"
    return "!.o~+" if role in roles else "x"


def _is_read(cell: Cell) -> bool:
    """Whether what the caller shows is a token there: the gateway reads outer ones, and inner ones at its inside."""
    if cell.service != "gateway":
        return True
    return (cell.column in INSIDE) is (" /internal/" in cell.operation)
