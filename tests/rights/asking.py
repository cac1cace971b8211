"""One operation on the wire: what stands in its path, its query and its body."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.rights.house import House
from tests.rights.matrix import Cell

Fresh = Callable[[House], Awaitable[Mapping[str, str]]]
Sent = Callable[[House, str], Awaitable[Mapping[str, Any]]]

_NAME = re.compile(r"\{([a-z_0-9]+)\}")


@dataclass(frozen=True)
class Ask:
    """How to ask. `{name}` in path, query and body is one of the house's ids.

    `fresh` makes an object that this cell may change; its ids go before the house's. `shows` names what an answer
    about the object holds, `words` what is protected in it. `also` are refusals that only a permitted caller gets.
    `sent` says the rest of a request that needs more than that, `named` which id stands for a name here.
    """

    body: object = None
    query: Mapping[str, str] | None = None
    fresh: Fresh | None = None
    shows: str = ""
    words: str = ""
    also: frozenset[str] = frozenset()
    sent: Sent | None = None
    named: Mapping[str, str] | None = None


def filled(part: Any, ids: Mapping[str, str]) -> Any:
    """A path, query or body with the ids in it."""
    if isinstance(part, str):
        return _NAME.sub(lambda found: ids[found[1]], part)
    if isinstance(part, Mapping):
        return {name: filled(value, ids) for name, value in part.items()}
    return [filled(one, ids) for one in part] if isinstance(part, list | tuple) else part


async def asked(house: House, cell: Cell, ask: Ask, *, fresh: bool = False, door: bool = False) -> httpx.Response:
    """Ask for one cell, at the service's own port or at the gateway's door."""
    made = await ask.fresh(house) if fresh and ask.fresh else {}
    ids = {**house.ids, "n": str(house.number()), **made}
    ids |= {name: ids[other] for name, other in (ask.named or {}).items()}
    more = dict(await ask.sent(house, cell.column)) if ask.sent else {}
    if ask.body is not None:
        more["content"] = json.dumps(filled(ask.body, ids))
        more["headers"] = {"Content-Type": "application/json", **more.get("headers", {})}
    if ask.query is not None:
        more["params"] = filled(ask.query, ids)
    service = "gateway" if door else cell.service
    path = filled(cell.operation.partition(" ")[2], ids)
    return await house.ask(service, cell.column, cell.method, path, **more)
