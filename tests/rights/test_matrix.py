"""Every route, asked by everybody: who may, who may not, and what the refused get to see."""

import importlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from gateway.app import merged
from infra.identity import Permission
from infra.problems import MEDIA_TYPE, URN
from infra.refusal import REGISTRY
from tests.asking import BRAND
from tests.rights.asking import Ask, asked
from tests.rights.asks import every
from tests.rights.house import House
from tests.rights.matrix import COLUMNS, INSIDE, NAMES, REFUSED, SERVICES, STATUS, Cell, signs_of, table
from tests.rights.state import settled, told

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

TABLES = {name: table(name) for name in NAMES}
ASKS: Mapping[str, Mapping[str, Ask]] = {
    name: {**every.asks(name), **importlib.import_module(f"tests.rights.asks.{name}").ASKS} for name in NAMES
}
CELLS = [cell for one in TABLES.values() for cell in one.cells()]


def declared(house: House, name: str) -> dict[str, Permission]:
    """Every operation that an app serves, documented or not, and whom it says it opens to."""
    found: dict[str, Permission] = {}
    for route in iter_route_contexts(house.app(name).routes):
        permission = getattr(route.route, "permission", None)
        assert isinstance(permission, Permission), route.path
        found |= {f"{method} {route.path}": permission for method in route.methods or ()}
    return found


@cache
def documented() -> frozenset[tuple[str, str]]:
    """The service and operation of everything in the merged document."""
    paths = merged()["paths"].items()
    return frozenset(
        (one["x-service"], f"{method.upper()} {path}") for path, methods in paths for method, one in methods.items()
    )


def ask_of(cell: Cell) -> Ask:
    """How a cell is asked."""
    return ASKS[cell.service].get(cell.operation, Ask())


def fault(house: House, cell: Cell, answer: httpx.Response) -> str | None:
    """What is wrong with an answer, None if it is what the table says."""
    ask, body = ask_of(cell), answer.text
    if (status := STATUS.get(cell.sign)) is not None:
        return _of_refusal(house, answer, status)
    if not answer.is_success:
        slug = answer.json().get("type", "").removeprefix(URN) if answer.content else ""
        return None if cell.sign == "+" and slug in ask.also else f"{answer.status_code} {slug} instead of a yes"
    if ask.shows and (house.ids[ask.shows] in body) is (cell.sign == "o"):
        return f"{ask.shows} {'may not be' if cell.sign == 'o' else 'is not'} in the answer"
    if ask.words and (house.ids[ask.words] in body) is not (cell.sign == "+"):
        return f"{ask.words} {'is not' if cell.sign == '+' else 'may not be'} in the answer"
    return None


def _of_refusal(house: House, answer: httpx.Response, status: int) -> str | None:
    if answer.status_code != status:
        return f"{answer.status_code} instead of {status}"
    if answer.headers["content-type"] != MEDIA_TYPE:
        return "no problem document"
    if str(answer.json()["type"]).removeprefix(URN) not in REGISTRY:
        return "a problem of no registered type"
    leaked = [secret for secret in house.secrets if secret in answer.text]
    return f"leaks {leaked}" if leaked else None


async def wrong(house: House, cells: Iterable[Cell], *, fresh: bool = False, door: bool = False) -> list[str]:
    """Ask every cell; what is not as the table says."""
    found = []
    for cell in cells:
        answer = await asked(house, cell, ask_of(cell), fresh=fresh, door=door)
        if (what := fault(house, cell, answer)) is not None:
            found.append(f"{cell.service}: {cell.operation} by {cell.column} ({COLUMNS[cell.column][0]}): {what}")
    return found


def mutating(sign: str, column: str | None = None) -> list[Cell]:
    """The cells of routes that change something, of one kind."""
    return [
        cell
        for cell in CELLS
        if not cell.is_safe
        and (cell.sign in REFUSED) is (sign in REFUSED)
        and (column is None or (cell.column == column))
    ]


async def test_every_operation_has_a_row_and_every_row_an_operation(house: House) -> None:
    for name in NAMES:
        assert set(TABLES[name].rows) == set(declared(house, name)), name
    assert documented() <= {(cell.service, cell.operation) for cell in CELLS}


async def test_every_ask_is_of_an_operation() -> None:
    for name in NAMES:
        assert set(ASKS[name]) <= set(TABLES[name].rows), name


async def test_the_tables_and_the_declared_roles_agree(house: House) -> None:
    disagreeing = []
    for name in NAMES:
        permissions = declared(house, name)
        for cell in TABLES[name].cells():
            possible = signs_of(cell, permissions[cell.operation].roles)
            if cell.sign not in possible:
                disagreeing.append((*cell, possible))
    assert disagreeing == []


async def test_whoever_is_refused_learns_nothing_and_changes_nothing(house: House) -> None:
    await settled(house)
    before = await told(house)
    assert await wrong(house, [cell for cell in CELLS if cell.sign in REFUSED]) == []
    assert await told(house) == before


async def test_whoever_may_look_sees_what_is_hers_to_see(house: House) -> None:
    assert await wrong(house, [cell for cell in CELLS if cell.is_safe and cell.sign not in REFUSED]) == []


async def test_the_door_lets_nobody_further_than_the_services_do(house: House) -> None:
    await settled(house)
    before = await told(house)
    outside, inside = [], []
    for cell in CELLS:
        if cell.service not in SERVICES or cell.operation in {*table("every").rows, *TABLES["gateway"].rows}:
            continue  # the gateway has the same of its own
        if (cell.service, cell.operation) not in documented():
            inside.append(cell)
        elif cell.column in INSIDE and TABLES[cell.service].rows[cell.operation]["no"] == "-":
            outside.append(cell._replace(sign="-"))  # what they show inside is no token outside
        elif (cell.is_safe and cell.sign != "x") or cell.sign in set("-!."):
            outside.append(cell)  # that the door knows every route's roles is asked in tests/gateway/test_document.py
    for cell in inside:
        # What services say among themselves is nowhere outside; at most another method of that path is.
        answer = await asked(house, cell, ask_of(cell), door=True)
        assert answer.status_code in {404, 405}, cell
    assert await wrong(house, [cell for cell in outside if cell.sign in REFUSED], door=True) == []
    assert await told(house) == before
    assert await wrong(house, [cell for cell in outside if cell.sign not in REFUSED], door=True) == []


async def test_another_brand_changes_its_own_things_only(house: House) -> None:
    await settled(house)
    before = await told(house, brand=BRAND)
    own = [cell for cell in mutating("+", "ob") if TABLES[cell.service].rows[cell.operation]["no"] == "-"]
    assert await wrong(house, own, fresh=True) == []
    assert await told(house, brand=BRAND) == before


async def test_whoever_may_change_something_can(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    # What moves the clock, or empties tables and fills them again, comes last.
    cells = sorted(mutating("+"), key=lambda cell: cell.operation.endswith(("/no-show", "/replay")))
    assert await wrong(house, cells, fresh=True) == []
    signs = Counter(cell.sign for cell in CELLS)
    operations = len({(cell.service, cell.operation) for cell in CELLS})
    with capsys.disabled():
        print(f"\n{operations} operations x {len(COLUMNS)} callers = {len(CELLS)} cells: {json.dumps(signs)}")  # noqa: T201
