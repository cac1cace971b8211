"""Rows, forms and facts for the tests of recommend, and a house with the other services around it."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.identity import Caller, Role, Verifier
from infra.problems import MEDIA_TYPE, URN
from services.recommend.taste import queries
from tests.asking import BRAND, once, tell, until
from tests.conftest import Start
from tests.running import Running, Throwaway

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


def codes(answer: httpx.Response, of: str = "items") -> list[str]:
    """The pieces of an answer, in order."""
    assert answer.status_code in {200, 201}, answer.text
    return [item["piece_code"] for item in answer.json()[of]]


@dataclass
class Profile:
    """As much of profile as recommend asks: whether somebody may see a client now."""

    verifier: Verifier
    lets: set[Caller] = field(default_factory=lambda: {HEADQUARTERS, ADVISOR, MANAGER})
    asked: list[tuple[UUID, dict[str, Any]]] = field(default_factory=list)
    away: bool = False

    def app(self) -> Starlette:
        """The service."""
        return Starlette(routes=[Route("/v1/clients/{client_id:uuid}/looks", self.look, methods=["POST"])])

    async def look(self, request: Request) -> Response:
        """Answer her card, or that there is no such client for the person asked about."""
        service = self.verifier.verify(request.headers["authorization"].removeprefix("Bearer "))
        assert (service.subject, service.role) == ("recommend", Role.SERVICE)
        if self.away:
            return Response(status_code=503)
        client_id, form = request.path_params["client_id"], await request.json()
        self.asked.append((client_id, form))
        if (form["subject"], service.brand_id) in {(one.subject, one.brand_id) for one in self.lets}:
            return JSONResponse({"client_id": str(client_id)})
        return JSONResponse({"type": f"{URN}client-unknown", "status": 404}, 404, media_type=MEDIA_TYPE)


@dataclass
class House:
    """Recommend with a catalogue, and what it asks profile."""

    recommend: Running
    profile: Profile

    async def tell(self, kind: str, data: dict[str, Any], **envelope: Any) -> None:
        """Another service announces a fact, and recommend takes it."""
        await tell(self.recommend, kind, data, **envelope)
        assert await self.recommend.rows("select reason from parked_fact") == []

    async def bought(self, *pieces: str, **changed: Any) -> None:
        """A till reported a purchase."""
        await self.tell("profile.purchase-recorded.v1", purchase(*pieces, **changed))

    async def allows(self, client: UUID = HER_ID, *, granted: bool = True, **envelope: Any) -> None:
        """A client decided whether what we know of her may choose for her."""
        word = "given" if granted else "withdrawn"
        data = {"client_id": str(client), "purpose": "personalisation"}
        await self.tell(f"profile.consent-{word}.v1", data, **envelope)

    async def merged(self, merged: UUID, into: UUID = HER_ID) -> UUID:
        """Two clients turned out to be one; the id of the merge."""
        merge_id = uuid4()
        data = {"client_id": str(into), "merged_client_id": str(merged), "merge_id": str(merge_id)}
        await self.tell("profile.identities-merged.v1", data)
        return merge_id

    async def separated(self, merge_id: UUID, merged: UUID, into: UUID = HER_ID) -> None:
        """They are two after all."""
        ids = {"client_id": into, "merged_client_id": merged, "merge_id": merge_id, "known_as_client_id": HER_ID}
        data = {name: str(one) for name, one in ids.items()}
        await self.tell("profile.identities-separated.v1", data)

    async def agreed(self, word: str = "confirmed", *, appointment_id: UUID | None = None, **changed: Any) -> UUID:
        """A visit was confirmed, moved or cancelled."""
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
        """The recommendations for a client, asked for once recommend has found that what it knows is fresh."""

        async def is_current() -> bool:
            return queries.is_current(self.recommend.kit.database)

        # On a machine that stands still for a second, a measurement runs out of time: nothing is personal meanwhile.
        await until(is_current)
        return await self.recommended_now(by, client, **query)

    async def recommended_now(self, by: Caller = HEADQUARTERS, client: UUID = HER_ID, **query: Any) -> dict[str, Any]:
        """The recommendations for a client, fresh or not."""
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


async def opened(running: Start, server: Throwaway, **options: Any) -> House:
    """Start recommend with eighteen pieces, all of them at one boutique and the first six at the other."""
    profile = Profile(Verifier("profile", server.keys / "inner-jwks.json"))
    transports = {"profile": httpx.ASGITransport(profile.app())}
    house = House(await running("recommend", transports=transports, **options), profile)
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
