"""What the tests of segments, books and messages start from; every argument has a default."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx

from infra.identity import Caller, Role
from tests.asking import BRAND, once
from tests.running import Running

_numbers = count(1)


def caller(role: Role = Role.HEADQUARTERS, *, brand_id: str = BRAND, **fields: Any) -> Caller:
    """Somebody of the house."""
    return Caller(subject=str(fields.pop("subject", role.value)), role=role, brand_id=brand_id, **fields)


def as_service(profile: Running, name: str = "feedback", *, brand_id: str = BRAND) -> httpx.AsyncClient:
    """A peer service."""
    return profile.client(caller(Role.SERVICE, subject=name, brand_id=brand_id), issuer=name)


def as_role(profile: Running, role: Role = Role.HEADQUARTERS, **fields: Any) -> httpx.AsyncClient:
    """A person or a till."""
    return profile.client(caller(role, **fields))


async def registered(profile: Running, *, till_number: str | None = None, brand_id: str = BRAND) -> UUID:
    """A client, known to the till by her number."""
    number = next(_numbers)
    form = {
        "display_name": f"Client {number}",
        "pos_ids": [{"system": "till", "value": till_number or f"T{number}"}],
    }
    made = await as_role(profile, brand_id=brand_id).post("/v1/clients", json=form, headers=once())
    assert made.status_code == httpx.codes.CREATED, made.text
    return UUID(made.json()["client_id"])


async def bought(
    profile: Running,
    till_number: str,
    net_minor: int = 6_000_00,
    *,
    currency: str = "USD",
    ago: timedelta = timedelta(days=10),
    brand_id: str = BRAND,
) -> None:
    """A receipt of one line, negative for a return."""
    number = next(_numbers)
    form = {
        "pos": "till",
        "receipt": f"R{number}",
        "store_code": "SH-01",
        "purchased_at": (datetime.now(UTC) - ago).isoformat(),
        "currency": currency,
        "customer": {"system": "till", "value": till_number},
        "lines": [
            {
                "line": 1,
                "piece_code": "RING-1",
                "quantity": 1 if net_minor >= 0 else -1,
                "unit_price_minor": abs(net_minor),
            }
        ],
    }
    kept = await as_role(profile, Role.POS, brand_id=brand_id).post("/v1/purchases", json=form)
    assert kept.status_code == httpx.codes.CREATED, kept.text


async def owned(
    profile: Running, client_id: UUID, *, advisor_id: UUID | None = None, boutique_id: UUID | None = None
) -> tuple[UUID, UUID]:
    """Put her into a book; answers advisor and boutique."""
    advisor_id, boutique_id = advisor_id or uuid4(), boutique_id or uuid4()
    # By a service: it may be ahead of the fact that the advisor joined.
    assigned = await as_service(profile).put(
        f"/v1/clients/{client_id}/owner",
        json={"advisor_id": str(advisor_id), "boutique_id": str(boutique_id)},
        headers={"If-Match": "*"},
    )
    assert assigned.status_code == httpx.codes.OK, assigned.text
    return advisor_id, boutique_id


async def consented(profile: Running, client_id: UUID, purpose: str = "survey", *, granted: bool = True) -> None:
    """Her word on a purpose."""
    said = await as_role(profile, Role.CLIENT, client_id=client_id).put(
        "/v1/me/consents", json={"consents": [{"purpose": purpose, "granted": granted, "notice_version": "1"}]}
    )
    assert said.status_code == httpx.codes.OK, said.text


async def restricted(profile: Running, client_id: UUID) -> None:
    """At her wish her data is not used."""
    officer = as_role(profile, Role.PRIVACY)
    asked = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": "restrict"}, headers=once())
    for step in ("verify", "start"):
        at = f"/v1/data-requests/{asked.json()['request_id']}/{step}"
        assert (await officer.post(at, headers={"If-Match": "*", **once()})).is_success
