"""Any history of merges and separations, over HTTP, against the simplest model of it: edges between records."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.profile.build import receipt, registered, someone
from tests.profile.test_merging import merge, separate
from tests.running import Running, Throwaway, start

RECORDS = 5
_MERGING = st.tuples(st.just("merge"), st.integers(0, RECORDS - 1), st.integers(0, RECORDS - 1))
_SEPARATING = st.tuples(st.just("separate"), st.integers(0, 20), st.just(0))
STEPS = st.lists(st.one_of(_MERGING, _MERGING, _SEPARATING), min_size=2, max_size=12)
# Every table in which a record has rows, but for those that only say what belongs together and who looked.
ROWS = {
    "client": "select to_jsonb(t)::text as said from client t",
    "identity": "select to_jsonb(t)::text as said from identity t",
    "purchase": "select to_jsonb(t)::text as said from purchase t",
    "consent": "select to_jsonb(t)::text as said from consent t",
}


@dataclass
class Model:
    """Each record and the one it was merged into, edge by edge."""

    edges: dict[str, tuple[str, str]] = field(default_factory=dict)
    never: set[frozenset[str]] = field(default_factory=set)

    def head(self, one: str) -> str:
        """The record that this one is read as."""
        parents = {merged: into for into, merged in self.edges.values()}
        while one in parents:
            one = parents[one]
        return one

    def family(self, one: str, records: list[str]) -> set[str]:
        """Everyone who is the same client."""
        return {other for other in records if self.head(other) == self.head(one)}

    def refusal(self, one: str, other: str, records: list[str]) -> str | None:
        """Why these two cannot be merged."""
        if self.head(one) == self.head(other):
            return "one-client-already"
        if self.head(other) != other:
            return "merged-elsewhere"
        mine, theirs = self.family(one, records), self.family(other, records)
        apart = any(frozenset({a, b}) in self.never for a in mine for b in theirs)
        return "never-merge" if apart else None


async def rows(profile: Running) -> dict[str, list[str]]:
    """What every record holds."""
    return {table: sorted(row["said"] for row in await profile.rows(asked)) for table, asked in ROWS.items()}


async def live(profile: Running, steps: list[tuple[str, int, int]]) -> None:
    """Take the steps, compare after each, and take everything back at the end."""
    door, model = profile.client(someone()), Model()
    records = [
        await registered(profile, pos_ids=[{"system": "till", "value": f"C-{number}"}]) for number in range(RECORDS)
    ]
    for number in range(RECORDS):
        sold = receipt(customer=f"C-{number}")
        assert (await profile.client(someone()).post("/v1/purchases", json=sold)).is_success
    before = await rows(profile)
    for kind, first, second in steps:
        if kind == "merge":
            one, other = records[first], records[second]
            answer = await merge(profile, one, other)
            expected = model.refusal(one, other, records)
            if expected is None:
                assert answer.status_code == 201, answer.text
                assert answer.json()["client_id"] == model.head(one)
                model.edges[answer.json()["merge_id"]] = (model.head(one), other)
            else:
                assert answer.json()["type"].endswith(expected)
        elif model.edges:
            await _take_out(profile, model, sorted(model.edges)[first % len(model.edges)])
        await _compare(door, model, records)
    while model.edges:
        await _take_out(profile, model, min(model.edges))
        await _compare(door, model, records)
    assert await rows(profile) == before
    assert await profile.rows("select from client_alias where client_id = any($1::uuid[])", records) == []


async def _take_out(profile: Running, model: Model, merge_id: str) -> None:
    into, merged = model.edges[merge_id]
    answer = await separate(profile, into, merge_id)
    assert answer.status_code == 200, answer.text
    del model.edges[merge_id]
    model.never.add(frozenset({into, merged}))


async def _compare(door: httpx.AsyncClient, model: Model, records: list[str]) -> None:
    for one in records:
        seen = (await door.get(f"/v1/clients/{one}")).json()
        assert seen["client_id"] == model.head(one)
        family = model.family(one, records)
        assert {seen["client_id"], *seen["merged_client_ids"]} == family
        bought = (await door.get(f"/v1/clients/{one}/purchases")).json()["items"]
        assert len(bought) == len(family)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all the histories: hypothesis calls its tests without one."""
    with asyncio.Runner() as one:
        yield one


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.timeout(300)
def test_whatever_is_merged_and_separated_every_row_is_home_in_the_end(
    postgres: Throwaway, runner: asyncio.Runner, steps: list[tuple[str, int, int]]
) -> None:
    async def lives() -> None:
        log_url = await postgres.database("maison_log")
        async with start(postgres, "profile", log_url=log_url) as profile:
            await live(profile, steps)
        await postgres.drop(log_url)

    runner.run(lives())
