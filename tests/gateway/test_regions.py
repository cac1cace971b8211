"""What the gateway follows: which boutiques a region has."""

from uuid import UUID

from gateway.identity.reactions import BoutiqueOpened
from infra.identity import Role
from infra.ids import new_id
from tests.asking import BRAND, tell, until
from tests.gateway.build import Gateway, Upstream, document, operation
from tests.gateway.conftest import Behind, Start


async def _opened(running: Gateway, *, boutique_id: UUID, region_id: UUID, brand: str = BRAND) -> None:
    data = {"boutique_id": str(boutique_id), "region_id": str(region_id), "code": "SH-1"}
    await tell(running, BoutiqueOpened.type, data, about=f"boutique:{boutique_id}", brand=brand)


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
    await _opened(running, boutique_id=first, region_id=region_id)
    await until(lambda: sees(first))
    await _opened(running, boutique_id=second, region_id=region_id)
    await _opened(running, boutique_id=new_id(), region_id=new_id())
    await _opened(running, boutique_id=new_id(), region_id=region_id, brand="aurore")
    await until(lambda: sees(first, second))
    # Reorganised: the first boutique now lies elsewhere.
    await _opened(running, boutique_id=first, region_id=new_id())
    await until(lambda: sees(second))
