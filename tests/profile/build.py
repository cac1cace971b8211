"""People, forms and facts for the tests of the client record: every argument defaulted."""

from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx

from infra.identity import Caller, Role
from tests.asking import BRAND, once
from tests.running import Running

BOUTIQUE = UUID("00000000-0000-7000-8000-00000000b001")
OTHER_BOUTIQUE = UUID("00000000-0000-7000-8000-00000000b002")
ADVISOR = UUID("00000000-0000-7000-8000-00000000a001")

_NUMBERS = count(1)


def client_of(client_id: str, *, brand_id: str = BRAND) -> Caller:
    """A client on her phone."""
    return Caller(f"client:{client_id}", Role.CLIENT, brand_id, client_id=UUID(client_id))


def advisor(
    advisor_id: UUID = ADVISOR, *, boutique_id: UUID = BOUTIQUE, brand_id: str = BRAND, role: Role = Role.ADVISOR
) -> Caller:
    """Someone who works at one boutique."""
    return Caller(f"{role}:{advisor_id}", role, brand_id, advisor_id=advisor_id, boutique_ids=frozenset({boutique_id}))


def someone(role: Role = Role.HEADQUARTERS, *, brand_id: str = BRAND) -> Caller:
    """Someone of the brand, without a boutique of her own."""
    return Caller(f"{role}:1", role, brand_id)


def gateway() -> Caller:
    """The gateway, speaking for itself."""
    return Caller("gateway", Role.SERVICE, BRAND)


def number() -> int:
    """A number nobody else in this run has."""
    return next(_NUMBERS)


def phone() -> str:
    """A mainland mobile number nobody else in this run has."""
    return f"+86139{number():08d}"


def names(display_name: str = "曾小贤", **more: Any) -> dict[str, Any]:
    """The body of `POST /clients`."""
    return {"display_name": display_name, **more}


def imported(external_ref: str | None = None, **more: Any) -> dict[str, Any]:
    """One client of `POST /clients/batch`."""
    return {"external_ref": external_ref or f"M{number():06d}", "display_name": "李若怡", **more}


def line(number: int = 1, **more: Any) -> dict[str, Any]:
    """One line of a receipt: a ring for 1,000.00."""
    return {"line": number, "piece_code": "RING-1", "quantity": 1, "unit_price_minor": 100_000, **more}


def receipt(
    name: str | None = None, lines: list[dict[str, Any]] | None = None, *, customer: str | None = None, **more: Any
) -> dict[str, Any]:
    """One receipt of the demo till."""
    return {
        "pos": "till",
        "receipt": name or f"R{number():06d}",
        "store_code": "SH-1",
        "purchased_at": "2026-03-01T12:00:00+08:00",
        "currency": "CNY",
        "customer": {"system": "till", "value": customer} if customer else None,
        "lines": [line()] if lines is None else lines,
        **more,
    }


async def registered(running: Running, *, by: Caller | None = None, **form: Any) -> str:
    """The id of a new client."""
    answer = await running.client(by or someone()).post("/v1/clients", json=names(**form), headers=once())
    assert answer.status_code == 201, answer.text
    client_id: str = answer.json()["client_id"]
    return client_id


async def recognised(running: Running, openid: str, *, unionid: str | None = None, appid: str = "wx1") -> str:
    """The id of whoever signs in through WeChat."""
    form = {"appid": appid, "openid": openid} | ({"unionid": unionid} if unionid else {})
    answer = await running.client(gateway()).post("/v1/clients/recognise", json=form)
    assert answer.status_code == 200, answer.text
    client_id: str = answer.json()["client_id"]
    return client_id


async def bought(running: Running, customer: str, *, receipts: int = 1) -> str:
    """The id of a client who the till says bought something."""
    body = {"receipts": [receipt(customer=customer) for _ in range(receipts)]}
    answer = await running.client(someone(Role.POS)).post("/v1/purchases/batch", json=body)
    assert answer.status_code == 207, answer.text
    return await of_till(running, customer)


async def of_till(running: Running, customer: str) -> str:
    """The id of a till's customer."""
    form = {"identities": [{"kind": "pos", "system": "till", "value": customer}]}
    answer = await running.client(someone(Role.POS)).post("/v1/clients/identify", json=form)
    client_id: str = answer.json()["items"][0]["client_id"]
    return client_id


async def gave_phone(running: Running, client_id: str, value: str, *, source: str = "wechat") -> httpx.Response:
    """The gateway's answer-seeking call after WeChat vouched for a phone."""
    form = {"kind": "phone", "value": value, "source": source}
    return await running.client(gateway()).post(f"/v1/clients/{client_id}/identities", json=form)


async def own(running: Running, client_id: str, *, advisor_id: UUID = ADVISOR, boutique_id: UUID = BOUTIQUE) -> None:
    """Put a client into an advisor's book."""
    answer = await running.client(gateway()).put(
        f"/v1/clients/{client_id}/owner",
        json={"advisor_id": str(advisor_id), "boutique_id": str(boutique_id)},
        headers={"If-Match": "*"},
    )
    assert answer.status_code == 200, answer.text


def visit(client_id: str, *, boutique_id: UUID = BOUTIQUE, starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    """What `appointments.confirmed` says."""
    return {
        "appointment_id": str(uuid4()),
        "client_id": client_id,
        "boutique_id": str(boutique_id),
        "advisor_id": str(ADVISOR),
        "room_id": None,
        "experience_id": str(uuid4()),
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "piece_code": None,
    }
