"""Keys change while callers go on asking: through the door, between services, into sealed columns. Nobody notices."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from gateway.identity.models.tokens import LIFETIME, OuterKeys
from infra import keys
from infra.files import LOOK
from infra.identity import Caller, Role, Signer
from infra.ids import new_id
from infra.keys import AHEAD, OVERLAP, Kind, rotate
from tests.asking import BRAND, once, until
from tests.rights.asks.recommend import piece
from tests.rights.house import House, opened
from tests.running import Throwaway

pytestmark = pytest.mark.timeout(240)

CALLERS = 4
HOUSES = itertools.count(1)
STEP = timedelta(minutes=4)  # less than half of a token's life, after which each caller renews hers
HEADQUARTERS = Caller("hq", Role.HEADQUARTERS, BRAND)
AT_THE_SAME_MOMENT = dict.fromkeys(Kind, timedelta(0))


@dataclass
class Load:
    """Callers who never stop asking, each with an outer token that she renews in time."""

    house: House
    known: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    rounds: list[int] = field(default_factory=lambda: [0] * CALLERS)
    signed_by: set[str] = field(default_factory=set)
    stop: bool = False

    async def caller(self, number: int) -> None:
        """Register somebody, read her back, ask what to show her: three services and two sealed columns."""
        client, token, until_at = self.house.gateway.client(), "", self.house.clock()
        for count in itertools.count():
            if self.stop:
                return
            if until_at - self.house.clock() < LIFETIME / 2:
                session_id, until_at = new_id(), self.house.clock() + LIFETIME
                token = self.house.gateway.exchange.keys.sign(
                    HEADQUARTERS, session_id=session_id, now=self.house.clock()
                )
                self.signed_by.add(jwt.get_unverified_header(token)["kid"])
            headers = {**once(), "Authorization": f"Bearer {token}"}
            phone = f"+86138{number}{count % 10**7:07d}"
            made = await client.post("/v1/clients", json={"display_name": "韩雪", "phone": phone}, headers=headers)
            self._count("register", made, 201)
            if made.status_code == 201:
                client_id = made.json()["client_id"]
                self.known.append(client_id)
                read = await client.get(f"/v1/clients/{self.known[count % len(self.known)]}", headers=headers)
                self._count("read", read, 200)
                shown = await client.get(f"/v1/clients/{client_id}/recommendations", headers=headers)
                self._count("recommend", shown, 200)
            self.rounds[number] += 1

    def _count(self, what: str, answer: httpx.Response, status: int) -> None:
        well = answer.status_code == status
        self.answers["well" if well else f"{what} {answer.status_code} {answer.text[:100]}"] += 1

    async def everybody(self) -> None:
        """Wait until every caller has gone once round, whatever happens."""
        seen = list(self.rounds)

        async def round_about() -> bool:
            return all(now > before for now, before in zip(self.rounds, seen, strict=True))

        await until(round_about, seconds=60)


@asynccontextmanager
async def under_load(postgres: Throwaway, folder: Path) -> AsyncIterator[Load]:
    keys.create(folder)
    # Other keys than those of the run's other tests, and so databases of other names.
    async with opened(replace(postgres, keys=folder, count=100_000 * next(HOUSES))) as house:
        house.callers["hq"] = HEADQUARTERS
        await house.made("recommend", "hq", "PUT", "/v1/pieces/batch", {"pieces": [piece("RING-1")]})
        load = Load(house)
        callers = [asyncio.create_task(load.caller(number)) for number in range(CALLERS)]
        try:
            yield load
        finally:
            load.stop = True
            await asyncio.gather(*callers)


async def ended(send: Callable[[], Any]) -> tuple[datetime, datetime]:
    """Ask until the answer is 401: when the last request that was answered began, and when the first no was heard."""
    last = datetime.now(UTC)
    async with asyncio.timeout(30):
        while True:
            began = datetime.now(UTC)
            answer: httpx.Response = await send()
            if answer.status_code == 401:
                return last, datetime.now(UTC)
            assert answer.status_code == 200, answer.text
            last = began


def copied(folder: Path, to: Path) -> Path:
    """The gateway's key file as somebody has taken it away."""
    (to / "taken.json").write_text((folder / "gateway.json").read_text())
    return to / "taken.json"


async def test_signing_keys_inside_rotate_twice_and_one_is_stolen(postgres: Throwaway, tmp_path: Path) -> None:
    async with under_load(postgres, tmp_path / "keys") as load:
        await load.everybody()
        profile = load.house.services["profile"]
        for at_once in (False, False, True):
            taken = Signer.load(copied(tmp_path / "keys", tmp_path))

            async def asks(signer: Signer = taken) -> httpx.Response:
                token = signer.sign(HEADQUARTERS, audience="profile")
                return await profile.client().get("/v1/segment-policy", headers={"Authorization": f"Bearer {token}"})

            assert (await asks()).status_code == 200
            # As if it had been asked for that long ago, so that the older keys end in four seconds.
            now = datetime.now(UTC) if at_once else datetime.now(UTC) - OVERLAP + timedelta(seconds=4)
            told = rotate(tmp_path / "keys", now=now, kinds=[Kind.SIGNING], ahead=AT_THE_SAME_MOMENT, at_once=at_once)
            ends_at = told[0].ends_at
            assert ends_at is not None
            last_yes, first_no = await ended(asks)
            # Never before its time, and nothing that began a look after it.
            assert first_no >= ends_at
            assert last_yes < ends_at + timedelta(seconds=LOOK)
            await load.everybody()
    report(load)


async def test_signing_keys_of_the_door_rotate_twice(postgres: Throwaway, tmp_path: Path) -> None:
    async with under_load(postgres, tmp_path / "keys") as load:
        clock, gateway = load.house.clock, load.house.gateway
        for _ in range(2):
            await load.everybody()
            taken = OuterKeys.load(copied(tmp_path / "keys", tmp_path), issuer=gateway.exchange.keys.issuer)
            [told] = rotate(tmp_path / "keys", now=clock(), kinds=[Kind.OUTER])
            assert told.ends_at == clock() + AHEAD[Kind.OUTER] + OVERLAP

            async def published() -> list[str]:
                answer = await gateway.client().get("/.well-known/jwks.json")
                return [key["kid"] for key in answer.json()["keys"]]

            async def asks(taken: OuterKeys = taken) -> httpx.Response:
                token = taken.sign(HEADQUARTERS, session_id=new_id(), now=clock())
                return await gateway.client(token).get("/v1/accounts")

            async def announced(kid: str = told.name) -> bool:
                return kid in await published()

            # Published for longer than anybody keeps the published keys, before it signs.
            await until(announced)
            assert told.name not in load.signed_by
            while clock() < told.ends_at - STEP:
                clock.now += STEP
                await load.everybody()
                assert (await asks()).status_code == 200
            assert told.name in load.signed_by
            clock.now = told.ends_at
            assert (await asks()).status_code == 401
            assert taken.current not in await published()
    report(load)


async def test_field_keys_rotate_twice_and_everything_sealed_before_still_opens(
    postgres: Throwaway, tmp_path: Path
) -> None:
    async with under_load(postgres, tmp_path / "keys") as load:
        profile = load.house.services["profile"]

        async def versions() -> list[int]:
            rows = await profile.rows(
                "select distinct get_byte(value, 1) * 256 + get_byte(value, 2) as v from identity"
            )
            return sorted(row["v"] for row in rows)

        for version in (1, 2, 3):

            async def used(version: int = version) -> bool:
                return version in await versions()

            await until(used)
            await load.everybody()
            if version < 3:
                rotate(tmp_path / "keys", now=datetime.now(UTC), kinds=[Kind.FIELDS], ahead=AT_THE_SAME_MOMENT)
        assert await versions() == [1, 2, 3]
        first = (await profile.client(HEADQUARTERS).get(f"/v1/clients/{load.known[0]}")).json()
        assert first["identities"][0]["value"].startswith("+86138")
    report(load)


def report(load: Load) -> None:
    """Every answer was the one that was asked for."""
    assert set(load.answers) == {"well"}, json.dumps(load.answers, ensure_ascii=False, indent=1)
