"""Rows, forms and facts for the tests of recommend, and a house that the other services speak to."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from infra.eventlog.port import Entry, Envelope
from infra.identity import Caller, Role
from infra.problems import MEDIA_TYPE, URN
from infra.refusal import REGISTRY
from tests.conftest import Start
from tests.running import Running

BRAND = "lumiere"
BOUTIQUE, OTHER_BOUTIQUE = UUID(int=0xB001), UUID(int=0xB002)
ADVISOR_ID, OTHER_ADVISOR_ID = UUID(int=0xA001), UUID(int=0xA002)
HER_ID = UUID(int=0xC001)

HEADQUARTERS = Caller("hq", Role.HEADQUARTERS, BRAND)
TILL = Caller("till", Role.POS, BRAND)
ADVISOR = Caller("lin", Role.ADVISOR, BRAND, advisor_id=ADVISOR_ID, boutique_ids=frozenset({BOUTIQUE}))
OTHER_ADVISOR = Caller("mo", Role.ADVISOR, BRAND, advisor_id=OTHER_ADVISOR_ID, boutique_ids=frozenset({OTHER_BOUTIQUE}))
MANAGER = Caller("wen", Role.MANAGER, BRAND, boutique_ids=frozenset({BOUTIQUE}))
RIVAL = Caller("rival", Role.HEADQUARTERS, "ombre")
HER = Caller("her", Role.CLIENT, BRAND, client_id=HER_ID)
PEER = Caller("appointments", Role.SERVICE, BRAND)

CATEGORIES, COLLECTIONS = ("ring", "necklace", "watch"), ("aube", "jade-moon", "seine")
# Two pieces of each kind: what a choice may show of one kind at most.
CODES = [f"{c}-{k}-{n}".upper() for c, k, n in itertools.product(COLLECTIONS, CATEGORIES, (1, 2))]


def piece(code: str, **changed: Any) -> dict[str, Any]:
    """One piece of `PUT /pieces/batch`; its kind is read off its code."""
    collection, _, rest = code.lower().rpartition("-")[0].rpartition("-")
    return {
        "piece_code": code,
        "category": rest,
        "collection": collection,
        "name_zh": f"{collection}系列{rest}{code[-1]}",
        "name_en": f"The {collection} {rest} {code[-1]}",
        "price_minor": 1_000_00 + CODES.index(code) * 500_00 if code in CODES else 900_00,
        "currency": "CNY",
    } | changed


def stock(code: str, *, quantity: int = 1, boutique: UUID = BOUTIQUE) -> dict[str, Any]:
    """One quantity of `PUT /stock/batch`."""
    return {"boutique_id": str(boutique), "piece_code": code, "quantity": quantity}


def purchase(
    *codes: str,
    client: UUID | None = HER_ID,
    purchase_id: UUID | None = None,
    quantity: int = 1,
    at: datetime | None = None,
    net_minor: int = 100_00,
) -> dict[str, Any]:
    """A purchase, or a return when the quantity is negative."""
    return {
        "purchase_id": str(purchase_id or uuid4()),
        "client_id": str(client) if client else None,
        "boutique_id": str(BOUTIQUE),
        "purchased_at": (at or datetime.now(UTC) - timedelta(days=30)).isoformat(),
        "currency": "CNY",
        "net_minor": net_minor * len(codes),
        "line_count": len(codes),
        "lines": [{"piece_code": code, "quantity": quantity, "net_minor": net_minor} for code in codes],
    }


def visit(
    appointment_id: UUID,
    *,
    client: UUID = HER_ID,
    boutique: UUID = BOUTIQUE,
    starts_in: timedelta = timedelta(hours=3),
    asked: str | None = None,
) -> dict[str, Any]:
    """What appointments says of a visit when it is agreed, moved or given up."""
    starts_at = datetime.now(UTC) + starts_in
    return {
        "appointment_id": str(appointment_id),
        "client_id": str(client),
        "boutique_id": str(boutique),
        "advisor_id": str(ADVISOR_ID),
        "room_id": None,
        "experience_id": str(uuid4()),
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
        "piece_code": asked,
    }


async def until(look: Callable[[], Awaitable[bool]], *, within: float = 10.0) -> None:
    """Wait until it is so; TimeoutError when it is not in time."""
    async with asyncio.timeout(within):
        while not await look():  # noqa: ASYNC110 - what is awaited happens in PostgreSQL
            await asyncio.sleep(0.01)


def once() -> dict[str, str]:
    """The header of a creating request."""
    return {"Idempotency-Key": str(uuid4())}


def codes(answer: httpx.Response, of: str = "items") -> list[str]:
    """The pieces of an answer, in order."""
    assert answer.status_code in {200, 201}, answer.text
    return [item["piece_code"] for item in answer.json()[of]]


def problem(answer: httpx.Response) -> str:
    """The slug of a problem document, which it must be."""
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    assert answer.json()["status"] == answer.status_code
    slug = str(answer.json()["type"]).removeprefix(URN)
    assert slug in REGISTRY
    return slug


@dataclass
class House:
    """Recommend with a catalogue, and the log that other services speak into."""

    recommend: Running
    told: Counter[str] = field(default_factory=Counter)

    async def append(
        self, kind: str, data: dict[str, Any], *, brand: str = BRAND, at: datetime | None = None
    ) -> Envelope:
        """A fact on the log, as its own service announces it."""
        source = kind.partition(".")[0]
        self.told[source] += 1
        about = str(next(iter(data.values())))
        envelope = Envelope(
            id=uuid4(),
            source=f"maison/{source}",
            type=kind,
            subject=about,
            time=at or datetime.now(UTC),
            partitionkey=f"test:{about}",
            sequence=f"{self.told[source]:020}",
            brandid=brand,
            data=data,
        )
        await self.recommend.kit.log.append(source, 1, [Entry(self.told[source], envelope)])
        return envelope

    async def tell(self, kind: str, data: dict[str, Any], **envelope: Any) -> None:
        """Append a fact, and wait until recommend has taken it."""
        told = await self.append(kind, data, **envelope)
        [position] = [
            one.position for one in await self.recommend.kit.log.read(0, 10_000) if one.envelope.id == told.id
        ]

        async def taken() -> bool:
            [cursor] = await self.recommend.rows("select position from follower_cursor where follower = 'recommend'")
            return bool(cursor["position"] >= position)

        await until(taken)
        assert await self.recommend.rows("select reason from parked_fact") == []

    async def bought(self, *pieces: str, **changed: Any) -> None:
        """A till reported a purchase."""
        await self.tell("profile.purchase-recorded.v1", purchase(*pieces, **changed))

    async def allows(self, client: UUID = HER_ID, *, granted: bool = True, **envelope: Any) -> None:
        """A client decided whether what we know of her may choose for her."""
        word = "given" if granted else "withdrawn"
        data = {"client_id": str(client), "purpose": "personalisation"}
        await self.tell(f"profile.consent-{word}.v1", data, **envelope)

    async def merged(self, merged: UUID, into: UUID = HER_ID) -> None:
        """Two clients turned out to be one."""
        data = {"client_id": str(into), "merged_client_id": str(merged), "merge_id": str(uuid4())}
        await self.tell("profile.identities-merged.v1", data)

    async def owned(self, *, advisor: UUID = ADVISOR_ID, boutique: UUID = BOUTIQUE, client: UUID = HER_ID) -> None:
        """She came into an advisor's book."""
        data = {"client_id": str(client), "advisor_id": str(advisor), "boutique_id": str(boutique)}
        await self.tell("profile.owner-assigned.v1", data)

    async def agreed(self, word: str = "confirmed", *, appointment_id: UUID | None = None, **changed: Any) -> UUID:
        """A visit was confirmed, moved, cancelled or let expire."""
        appointment_id = appointment_id or uuid4()
        await self.tell(f"appointments.{word}.v1", visit(appointment_id, **changed))
        return appointment_id

    async def couples(self, one: str, other: str, *, people: int = 3) -> None:
        """Some people have both pieces."""
        for _ in range(people):
            await self.bought(one, other, client=uuid4())

    async def stocked(self, pieces: Iterable[str], *, boutique: UUID = BOUTIQUE, quantity: int = 1) -> None:
        """What a boutique has."""
        form = {"stock": [stock(code, boutique=boutique, quantity=quantity) for code in pieces]}
        answer = await self.recommend.client(TILL).put("/v1/stock/batch", json=form)
        assert answer.status_code == 200, answer.text

    async def recommended(self, by: Caller = HEADQUARTERS, client: UUID = HER_ID, **query: Any) -> dict[str, Any]:
        """The recommendations for a client."""
        answer = await self.recommend.client(by).get(f"/v1/clients/{client}/recommendations", params=query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def prepared(self, appointment_id: UUID, by: Caller = ADVISOR) -> dict[str, Any] | None:
        """The assortment of a visit, as the preparation sheet gets it."""
        answer = await self.recommend.client(by).get("/v1/assortments", params={"appointment_id": str(appointment_id)})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items[0] if items else None


async def opened(running: Start, **options: Any) -> House:
    """Start recommend with eighteen pieces, all of them at one boutique and the first six at the other."""
    house = House(await running("recommend", **options))
    form = {"pieces": [piece(code) for code in CODES]}
    answer = await house.recommend.client(HEADQUARTERS).put("/v1/pieces/batch", json=form)
    assert answer.status_code == 200, answer.text
    await house.stocked(CODES)
    await house.stocked(CODES[:6], boutique=OTHER_BOUTIQUE)
    return house


def shown(assortment: dict[str, Any] | None) -> list[str]:
    """The pieces of an assortment, in order."""
    assert assortment is not None
    return [piece["piece_code"] for piece in assortment["pieces"]]


async def post(house: House, visit: UUID, by: Caller = ADVISOR) -> httpx.Response:
    """Ask for a visit to be prepared."""
    form = {"appointment_id": str(visit)}
    issuer = "appointments" if by is PEER else "gateway"
    return await house.recommend.client(by, issuer=issuer).post("/v1/assortments", json=form, headers=once())


async def patch(house: House, assortment: dict[str, Any], by: Caller = ADVISOR, **form: Any) -> httpx.Response:
    """Change an assortment as it was read."""
    headers = {"If-Match": f'"{assortment["version"]}"'}
    at = f"/v1/assortments/{assortment['assortment_id']}"
    return await house.recommend.client(by).patch(at, json=form, headers=headers)


async def ready(house: House, **visit: Any) -> tuple[UUID, dict[str, Any]]:
    """A visit, and what was prepared for it."""
    appointment_id = await house.agreed(**visit)
    assortment = await house.prepared(appointment_id)
    assert assortment is not None
    return appointment_id, assortment
