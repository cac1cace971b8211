"""Which methods an address offers, and that a path spelled out is nobody's id."""

import httpx
import pytest
from fastapi import FastAPI

from infra.app import refuse, router
from infra.identity import public
from infra.paths import Paths

routes = router()


@routes.get("/pieces/{code}")
@public
async def piece(code: str) -> dict[str, str]:
    """One piece."""
    return {"code": code}


@routes.patch("/pieces/{code}")
@public
async def change(code: str) -> dict[str, str]:
    """Change one."""
    return {"code": code}


@routes.post("/pieces/batch")
@public
async def batch() -> dict[str, str]:
    """Several at once."""
    return {}


@pytest.fixture
def caller() -> httpx.AsyncClient:
    app = FastAPI()
    app.state.paths = Paths(routes.routes)
    app.include_router(routes)
    refuse(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pieces")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/pieces/7", "GET, PATCH"),
        ("GET", "/v1/pieces/batch", "POST"),
        ("PATCH", "/v1/pieces/batch", "POST"),
        ("PUT", "/v1/pieces/batch", "POST"),
    ],
)
async def test_a_405_lists_every_method_of_the_address(
    caller: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await caller.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_what_an_address_offers_is_served(caller: httpx.AsyncClient) -> None:
    assert (await caller.get("/v1/pieces/7")).json() == {"code": "7"}
    assert (await caller.post("/v1/pieces/batch")).status_code == 200
