"""Receipts read page by page."""

import pytest

from infra.identity import Role
from infra.wire import cursor
from tests.asking import problem
from tests.conftest import Start
from tests.profile.build import bought, client_of, of_till, receipt, someone


async def test_purchases_come_in_pages_the_latest_first(running: Start) -> None:
    profile = await running("profile")
    days = [receipt(f"R-{day}", customer="C-1", purchased_at=f"2026-03-{day:02d}T00:00:00Z") for day in range(1, 8)]
    await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": days})
    mine = profile.client(client_of(await of_till(profile, "C-1")))
    seen: list[str] = []
    behind: dict[str, str] = {}
    for _ in range(3):
        page = (await mine.get("/v1/me/purchases", params={"limit": "3"} | behind)).json()
        seen += [one["receipt"] for one in page["items"]]
        behind = {"cursor": page["next_cursor"]}
    assert seen == [f"R-{day}" for day in range(7, 0, -1)]
    assert behind == {"cursor": None}
    assert (await mine.get("/v1/me/purchases", params={"cursor": "made-up"})).status_code == 400


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon"])
async def test_a_page_behind_an_impossible_moment_is_refused(running: Start, at: str) -> None:
    profile = await running("profile")
    client_id = await bought(profile, "C-1")
    headquarters = profile.client(someone())
    for route, of in (("purchases", f"purchases:{client_id}"), ("timeline", f"timeline:{client_id}:[]")):
        good, bad = cursor("2026-03-01T00:00:00Z", client_id, of=of), cursor(at, client_id, of=of)
        path = f"/v1/clients/{client_id}/{route}"
        assert (await headquarters.get(path, params={"cursor": good})).status_code == 200
        refused = await headquarters.get(path, params={"cursor": bad})
        assert (refused.status_code, problem(refused)) == (400, "bad-request")
