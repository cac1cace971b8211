"""What the gateway follows: which boutiques a region has."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gateway.identity.reactions import BoutiqueOpened
from infra.eventlog.port import Entry, Envelope
from infra.eventlog.postgres import PostgresLog
from infra.identity import Role
from infra.ids import new_id
from tests.gateway.build import BRAND, Upstream, document, operation, until
from tests.gateway.conftest import Behind, Start

SAMPLE = Path(__file__).parents[1] / "contracts" / "facts" / f"{BoutiqueOpened.type}.json"


def _opened(number: int, *, boutique_id: UUID, region_id: UUID, brand_id: str = BRAND) -> Entry:
    made: dict[str, Any] = {
        "id": new_id(),
        "source": "maison/appointments",
        "type": BoutiqueOpened.type,
        "subject": str(boutique_id),
        "time": "2026-03-01T09:30:00Z",
        "partitionkey": f"boutique:{boutique_id}",
        "sequence": f"{number:020}",
        "brandid": brand_id,
        "data": {"boutique_id": str(boutique_id), "region_id": str(region_id), "code": "SH-1"},
    }
    return Entry(number, Envelope.model_validate(made))


async def test_a_regional_manager_sees_the_boutiques_her_region_has_now(gateway: Start, behind: Behind) -> None:
    upstream = Upstream()
    running = await gateway(
        document=document({"/v1/boutiques": {"get": operation("appointments", "regional")}}),
        appointments_url=await behind(upstream),
    )
    region_id, first, second = new_id(), new_id(), new_id()
    # One token for all of it: the boutiques are looked up, not written into it.
    caller = running.client(running.token(Role.REGIONAL, region_id=region_id))

    async def sees(*boutiques: UUID) -> bool:
        assert (await caller.get("/v1/boutiques")).status_code == 200
        return running.inner("appointments", upstream.seen[-1].header("authorization")).boutique_ids == set(boutiques)

    assert await sees()
    log = PostgresLog(running.settings.log_url)
    try:
        await log.append("maison/appointments", 1, [_opened(1, boutique_id=first, region_id=region_id)])
        await until(lambda: sees(first))
        await log.append(
            "maison/appointments",
            1,
            [
                _opened(2, boutique_id=second, region_id=region_id),
                _opened(3, boutique_id=new_id(), region_id=new_id()),
                _opened(4, boutique_id=new_id(), region_id=region_id, brand_id="aurore"),
            ],
        )
        await until(lambda: sees(first, second))
        # Reorganised: the first boutique now lies elsewhere.
        await log.append("maison/appointments", 1, [_opened(5, boutique_id=first, region_id=new_id())])
        await until(lambda: sees(second))
    finally:
        await log.dispose()


def test_the_slice_fits_the_published_fact() -> None:
    if not SAMPLE.exists():
        pytest.skip(f"{SAMPLE.name} is not published yet")
    BoutiqueOpened.model_validate(json.loads(SAMPLE.read_text()))
