"""Asking the four processes, and remembering every answer."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from infra.identity import Caller, Role, Signer
from tests.faults.rivals.heard import LOOK, Answer, Ask
from tests.faults.rivals.house import BRAND, House
from tests.faults.rivals.operations import Pool, drawn

CLIENTS = 32  # at once
PATIENCE = 60  # seconds for one answer
# Whoever hears one of these looks again.
CHANGED = frozenset({"appointment-step-not-possible", "hold-expired", "request-unanswered", "stale"})


class Asking:
    """A way to each process. They are asked in turn."""

    def __init__(self, house: House, http: aiohttp.ClientSession) -> None:
        self._house = house
        self._http = http
        self._signer = Signer.load(house.keys / "gateway.json")
        self._turn = itertools.cycle(house.addresses)

    async def ask(self, ask: Ask) -> Answer:
        """Ask at the request's moment; the answer is remembered in the house."""
        if ask.at is not None:
            await asyncio.sleep((ask.at - datetime.now(UTC)).total_seconds())
        method, path, body, headers = self._request(ask)
        address = next(self._turn)
        began = datetime.now(UTC)
        try:
            async with self._http.request(method, address + path, json=body, headers=headers) as heard:
                status, said = heard.status, await heard.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as fault:
            status, said = 0, {"type": type(fault).__name__}
        answer = Answer(ask, began, datetime.now(UTC), status, said)
        self._house.heard.append(answer)
        return answer

    async def all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Ask all of them at the same time."""
        return await asyncio.gather(*(self.ask(ask) for ask in asks))

    def _token(self, client_id: UUID | None) -> str:
        """Of a client, or of the boutique's manager."""
        caller = (
            Caller("manager", Role.MANAGER, BRAND, boutique_ids=frozenset({self._house.boutique_id}))
            if client_id is None
            else Caller(f"client:{client_id}", Role.CLIENT, BRAND, client_id=client_id)
        )
        return self._signer.sign(caller, audience="appointments")

    def _request(self, ask: Ask) -> tuple[str, str, dict[str, Any] | None, dict[str, str]]:
        headers = {"Authorization": f"Bearer {self._token(ask.client_id)}", "If-Match": ask.tag}
        wanted = {
            "starts_at": ask.starts_at.isoformat() if ask.starts_at else None,
            "advisor_id": str(ask.advisor_id) if ask.advisor_id else None,
        }
        path = f"/v1/appointments/{ask.appointment_id}"
        if ask.operation == LOOK:
            return "GET", path, None, headers
        if ask.appointment_id is not None:
            return "POST", f"{path}/{ask.operation}", wanted if ask.starts_at else None, headers
        form = {"boutique_id": str(self._house.boutique_id), "experience_id": str(ask.experience_id), **wanted}
        return "POST", "/v1/appointments", form, headers | {"Idempotency-Key": str(uuid4())}


@asynccontextmanager
async def asking(house: House) -> AsyncIterator[Asking]:
    """A way to ask, until the block ends."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        yield Asking(house, http)


async def crowd(house: House, *, operations: int, seed: int) -> None:
    """So many random operations by thirty-two clients at once, each the next one when it has its answer."""
    pool, left = Pool(house, random.Random(seed)), itertools.count(operations, -1)

    async def one(way: Asking) -> None:
        while next(left) > 0:
            answer = await way.ask(drawn(pool))
            pool.hear(answer)
            if answer.slug in CHANGED and answer.ask.appointment_id in pool.live:
                pool.hear(await way.ask(Ask(LOOK, None, answer.ask.appointment_id)))

    async with asking(house) as way:
        await asyncio.gather(*(one(way) for _ in range(CLIENTS)))
