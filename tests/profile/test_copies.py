"""A copy of a client's data: whole or not at all, of all her records, for her or whoever may hand it to her."""

import asyncio
import io
import json
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.identity import Role
from infra.problems import URN
from tests.asking import Clock, once, problem
from tests.conftest import Start
from tests.profile.build import bought, client_of, recognised, registered, someone
from tests.running import Running

PEERS = ("appointments", "feedback", "recommend", "gateway")
MANY = 10_000


@dataclass
class Peers:
    """The other services: each tells one row, or does what the test wants of it."""

    asked: dict[str, list[str]] = field(default_factory=dict)
    away: str = ""
    silent: str = ""
    broken: str = ""
    refusing: str = ""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def transports(self) -> dict[str, httpx.AsyncBaseTransport]:
        """The ways to all of them."""
        return {name: httpx.MockTransport(self._of(name)) for name in PEERS}

    def _of(self, name: str) -> Any:
        async def answer(request: httpx.Request) -> httpx.Response:
            assert request.url.path == "/internal/copies"
            self.begun.set()
            self.asked[name] = json.loads(request.content)["client_ids"]
            if name == self.away:
                raise httpx.ConnectError("nobody listens")
            if name == self.silent:
                raise httpx.ReadTimeout("no answer")
            if name == self.refusing:
                return httpx.Response(403, json={"type": f"{URN}not-permitted"})
            await self.may_answer.wait()
            return httpx.Response(200, content=self._lines(name))

        return answer

    async def _lines(self, name: str) -> AsyncIterator[bytes]:
        head = {"table": "thing", "zh": "事", "en": "Thing", "fields": [{"name": "of", "zh": "谁", "en": "Whose"}]}
        yield json.dumps({"part": head}).encode() + b"\n"
        # U+2028 ends a line for some, and not here.
        yield json.dumps({"row": {"of": f"{name}\u2028<b>"}}).encode() + b"\n"
        if name != self.broken:
            yield json.dumps({"end": {"thing": 1}}).encode() + b"\n"


async def _started(profile: Running, client_id: str, kind: str = "copy") -> str:
    asked = await profile.client(client_of(client_id)).post("/v1/me/data-requests", json={"kind": kind}, headers=once())
    request_id: str = asked.json()["request_id"]
    answer = await profile.client(someone(Role.PRIVACY)).post(
        f"/v1/data-requests/{request_id}/start", headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text
    return request_id


async def _fetched(profile: Running, client_id: str, request_id: str) -> httpx.Response:
    return await profile.client(client_of(client_id)).get(f"/v1/me/data-requests/{request_id}/copy")


def _tables(answer: httpx.Response, service: str = "profile") -> dict[str, list[dict[str, Any]]]:
    assert answer.status_code == 200, answer.text
    part = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read(f"{service}.json"))
    return {table["table"]: table["rows"] for table in part["tables"]}


async def _status(profile: Running, request_id: str) -> tuple[str, int]:
    [row] = await profile.rows("select status from data_request where request_id::text = $1", request_id)
    return str(row["status"]), len(await profile.rows("select from data_copy"))


async def test_a_copy_that_is_not_whole_is_not_delivered_and_can_be_fetched_later(running: Start) -> None:
    peers = Peers()
    profile = await running("profile", transports=peers.transports())
    client_id = await registered(profile)
    request_id = await _started(profile, client_id)
    for wrong, name in zip(("away", "silent", "broken", "refusing"), PEERS, strict=True):
        setattr(peers, wrong, name)
        answer = await _fetched(profile, client_id, request_id)
        assert (answer.status_code, problem(answer)) == (503, "copy-incomplete"), (wrong, name)
        assert answer.headers["retry-after"] == "5"
        setattr(peers, wrong, "")
    assert await _status(profile, request_id) == ("running", 0)
    looks = (await profile.client(client_of(client_id)).get("/v1/me/access-log")).json()["items"]
    assert [one["seen"] for one in looks] == []
    whole = await _fetched(profile, client_id, request_id)
    assert [row["of"] for row in _tables(whole, "gateway")["thing"]] == ["gateway\u2028<b>"]
    assert "gateway\u2028&lt;b&gt;" in zipfile.ZipFile(io.BytesIO(whole.content)).read("your-data.html").decode()
    assert await _status(profile, request_id) == ("done", 1)


async def test_all_records_that_are_she_are_in_it_and_nobody_who_was_taken_for_her(running: Start) -> None:
    peers = Peers()
    profile = await running("profile", transports=peers.transports())
    kept, joined, other = [await bought(profile, f"C-{uuid4()}") for _ in range(3)]
    boss = profile.client(someone())
    merges = {}
    for merged in (joined, other):
        form = {"other_client_id": merged, "dry_run": False}
        answer = await boss.post(f"/v1/clients/{kept}/merges", json=form, headers=once())
        assert answer.status_code == 201, answer.text
        merges[merged] = answer.json()["merge_id"]
    assert (await boss.delete(f"/v1/clients/{kept}/merges/{merges[other]}")).status_code in {200, 204}
    await boss.post(f"/v1/clients/{other}/notes", json={"words": "另一位客户的备注"}, headers=once())
    answer = await _fetched(profile, joined, await _started(profile, joined))
    hers = _tables(answer)
    assert {row["client_id"] for row in hers["client"]} == {kept, joined}
    assert len(hers["purchase"]) == 2
    assert len(hers["client_merge"]) == 1
    assert all(set(ids) == {kept, joined} for ids in peers.asked.values())
    assert set(peers.asked) == set(PEERS)
    everything = b"".join(
        zipfile.ZipFile(io.BytesIO(answer.content)).read(name) for name in ("profile.json", "your-data.html")
    ).decode()
    assert other not in everything
    assert "另一位客户的备注" not in everything


async def test_it_is_for_requests_that_were_started_and_for_fifteen_days(running: Start) -> None:
    clock = Clock(datetime(2026, 5, 20, 6, 0, tzinfo=UTC))
    profile = await running("profile", transports=Peers().transports(), clock=clock)
    client_id = await registered(profile)
    wrong = await _started(profile, client_id, "correct")
    assert problem(await _fetched(profile, client_id, wrong)) == "copy-not-ready"
    request_id = await _started(profile, client_id, "access")
    officer = profile.client(someone(Role.PRIVACY))
    assert (await officer.get(f"/v1/data-requests/{request_id}/copy")).status_code == 200
    clock.advance(days=15)
    assert (await _fetched(profile, client_id, request_id)).status_code == 200
    clock.advance(minutes=1)
    assert problem(await _fetched(profile, client_id, request_id)) == "copy-closed"
    receipts = (await officer.get(f"/v1/data-requests/{request_id}/copies", params={"limit": 1})).json()
    assert receipts["items"][0]["delivered_to"] == "client"
    assert receipts["items"][0]["counts"]["recommend"] == {"thing": 1}
    more = {"cursor": receipts["next_cursor"]}
    [first] = (await officer.get(f"/v1/data-requests/{request_id}/copies", params=more)).json()["items"]
    assert first["delivered_to"] == someone(Role.PRIVACY).subject
    assert (await officer.get(f"/v1/data-requests/{uuid4()}/copies")).status_code == 404


async def test_a_childs_copy_is_handed_to_her_guardian(running: Start) -> None:
    profile = await running("profile", transports=Peers().transports())
    born = {"calendar": "solar", "year": datetime.now(UTC).year - 9, "month": 1, "day": 1}
    child = await registered(profile, birthday=born)
    request_id = await _started(profile, child)
    assert problem(await _fetched(profile, child, request_id)) == "guardian-collects"
    handed = await profile.client(someone(Role.PRIVACY)).get(f"/v1/data-requests/{request_id}/copy")
    assert [row["birthday"]["month"] for row in _tables(handed)["client"]] == [1]


async def test_whoever_is_erased_or_joined_while_it_is_made_gets_none(running: Start) -> None:
    peers = Peers()
    peers.may_answer.clear()
    profile = await running("profile", transports=peers.transports())
    client_id, other = await registered(profile), await registered(profile)
    request_id = await _started(profile, client_id)
    waiting = asyncio.create_task(_fetched(profile, client_id, request_id))
    await peers.begun.wait()
    form = {"other_client_id": other, "dry_run": False}
    joined = await profile.client(someone()).post(f"/v1/clients/{client_id}/merges", json=form, headers=once())
    assert joined.status_code == 201, joined.text
    peers.may_answer.set()
    assert problem(await waiting) == "copy-incomplete"
    peers.may_answer.clear()
    peers.begun.clear()
    waiting = asyncio.create_task(_fetched(profile, client_id, request_id))
    await peers.begun.wait()
    # Making a copy holds up no erasing.
    await _started(profile, client_id, "erase")
    peers.may_answer.set()
    assert (await waiting).status_code == 404
    assert await profile.rows("select from data_copy") == []


async def test_a_gift_tells_her_the_piece_and_not_what_it_cost(running: Start) -> None:
    profile = await running("profile", transports=Peers().transports())
    client_id, giver = await recognised(profile, f"o-{uuid4()}"), f"C-{uuid4()}"
    giver_id = await bought(profile, giver)
    await profile.rows("update purchase_line set recipient_id = $1, serial = 'GIFT-1' returning 1", client_id)
    [line] = _tables(await _fetched(profile, client_id, await _started(profile, client_id)))["purchase_line"]
    assert (line["is_gift_to_you"], line["serial"], line["piece_code"]) == (True, "GIFT-1", "RING-1")
    assert (line["purchase_id"], line["unit_minor"], line["net_minor"], line["description"]) == (None,) * 4
    [hers] = _tables(await _fetched(profile, giver_id, await _started(profile, giver_id)))["purchase_line"]
    assert (hers["is_gift"], hers["is_gift_to_you"], hers["unit_minor"]) == (True, False, 100_000)


async def test_ten_thousand_contacts_are_copied_without_being_held_in_memory(
    running: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = await running("profile", transports=Peers().transports())
    client_id = await registered(profile)
    request_id = await _started(profile, client_id)
    await _fetched(profile, client_id, request_id)
    await profile.rows(
        "insert into touchpoint (brand_id, touchpoint_id, event_id, client_id, kind, occurred_at, subject_id, details)"
        " select 'lumiere', gen_random_uuid(), gen_random_uuid(), $1, 'purchase', now() - n * interval '1 minute',"
        " gen_random_uuid(), jsonb_build_object('currency', 'CNY', 'net_minor', n) from generate_series(1, $2::int) n"
        " returning 1",
        client_id,
        MANY,
    )
    tracemalloc.start()
    try:
        answer = await _fetched(profile, client_id, request_id)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    zipped = len(answer.content) / 1e6
    written = len(zipfile.ZipFile(io.BytesIO(answer.content)).read("profile.json")) / 1e6
    assert len(_tables(answer)["touchpoint"]) == MANY
    # The test's own client holds the zip, twice; nobody holds what is in it.
    assert most / 1e6 < 2 * zipped + written / 2
    with capsys.disabled():
        print(f"\n{MANY} rows: {written:.1f} MB of JSON, {zipped:.1f} MB zipped, {most / 1e6:.1f} MB of memory")  # noqa: T201
