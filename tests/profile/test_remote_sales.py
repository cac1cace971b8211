"""Sales by chat: every step that is drawn, and none that is not."""

import asyncio
import itertools
from typing import Any

import httpx
import pytest

from infra.identity import Caller
from services.profile.purchases.rules.remote import NEEDS, NEXT, Status, Step, StepNotPossible, after, next_steps
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.build import BOUTIQUE, advisor, own, registered, someone

FORM = {"boutique_id": str(BOUTIQUE), "piece_code": "RING-1", "price_minor": 100_000, "currency": "CNY"}
LINK = {"step": "send-link", "link": "https://pay.example/abc"}
SHIP = {"step": "ship", "courier": "SF", "tracking": "SF1234567890"}


async def _reserved(profile: Any, client_id: str, *, by: Caller | None = None) -> httpx.Response:
    at = f"/v1/clients/{client_id}/remote-sales"
    answer: httpx.Response = await profile.client(by or someone()).post(at, json=FORM, headers=once())
    return answer


async def _step(profile: Any, sale_id: str, form: dict[str, str], *, match: str = "*", by: Caller | None = None) -> Any:
    at = f"/v1/remote-sales/{sale_id}/steps"
    return await profile.client(by or someone()).post(at, json=form, headers={"If-Match": match})


async def test_a_piece_is_reserved_paid_by_a_link_couriered_and_received(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    assert problem(await _reserved(profile, client_id, by=advisor())) == "client-unknown"
    await own(profile, client_id)
    sale = (await _reserved(profile, client_id, by=advisor())).json()
    assert (sale["status"], sale["next_steps"]) == ("reserved", ["send-link", "cancel"])
    for form, status in (
        (LINK, "link-sent"),
        (LINK, "link-sent"),
        ({"step": "pay"}, "paid"),
        (SHIP, "shipped"),
        ({"step": "receive"}, "received"),
    ):
        done = await _step(profile, sale["remote_sale_id"], form, by=advisor())
        assert (done.status_code, done.json()["status"]) == (200, status)
    [seen] = (await profile.client(advisor()).get(f"/v1/clients/{client_id}/remote-sales")).json()["items"]
    assert (seen["link"], seen["courier"], seen["tracking"]) == (LINK["link"], "SF", "SF1234567890")
    # What leads to her is sealed.
    [row] = await profile.rows("select link, tracking from remote_sale")
    assert b"pay.example" not in row["link"]
    assert b"SF123" not in row["tracking"]


@pytest.mark.parametrize(
    ("form", "status", "slug"),
    [
        ({"step": "ship", "courier": "SF", "tracking": "1"}, 409, "step-not-possible"),
        ({"step": "send-link"}, 400, "step-incomplete"),
        ({"step": "send-link", "link": "javascript:alert(1)"}, 422, "malformed"),
        ({"step": "reserve"}, 422, "malformed"),
    ],
)
async def test_a_step_that_does_not_follow_changes_nothing(
    running: Start, form: dict[str, str], status: int, slug: str
) -> None:
    profile = await running("profile")
    sale = await _reserved(profile, await registered(profile))
    answer = await _step(profile, sale.json()["remote_sale_id"], form)
    assert (answer.status_code, problem(answer)) == (status, slug)
    assert await profile.rows("select status, version from remote_sale") == [{"status": "reserved", "version": 1}]


async def test_of_two_steps_at_once_one_is_taken(running: Start) -> None:
    profile = await running("profile")
    sale = await _reserved(profile, await registered(profile))
    sale_id, match = sale.json()["remote_sale_id"], sale.headers["etag"]
    steps = [_step(profile, sale_id, form, match=match) for form in (LINK, {"step": "cancel"})]
    assert sorted(answer.status_code for answer in await asyncio.gather(*steps)) == [200, 412]


def test_every_pair_not_drawn_is_refused() -> None:
    for status, step in itertools.product(Status, Step):
        if (status, step) in NEXT:
            assert after(status, step) is NEXT[status, step]
            assert step in next_steps(status)
        else:
            assert step not in next_steps(status)
            with pytest.raises(StepNotPossible):
                after(status, step)
    assert set(NEEDS) <= set(Step)
