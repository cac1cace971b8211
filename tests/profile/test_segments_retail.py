"""Segments to the cent, for every client of a shop, against what its raw receipts come to by themselves."""

import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from services.profile.segments import queries
from services.profile.segments.queries import report
from services.profile.segments.rules import Lifecycle, Segment
from tests.asking import BRAND
from tests.conftest import Start
from tests.profile import retail
from tests.profile.relationship import as_role
from tests.profile.retail import Sale
from tests.profile.test_segments import policy

RATES = [(date(1900, 1, 1), "1.5"), (date(2010, 12, 7), "1.6123456789"), (date(2011, 6, 1), "0.3333333333")]


def dates(sold: list[Sale], count: int) -> list[date]:
    """Days of chance from before the first receipt to a year after the last one, the same in every run."""
    first, last = min(one.day for one in sold), max(one.day for one in sold)
    chance = random.Random(50)
    return [first + timedelta(days=chance.randrange(-5, (last - first).days + 400)) for _ in range(count)]


def placed(cents: int) -> Segment:
    if cents >= 50_000_00:
        return Segment.VIC
    if cents >= 5_000_00:
        return Segment.CORE
    return Segment.POTENTIAL if cents >= 1_000_00 else Segment.OCCASIONAL


def stage(days: set[date], as_of: date) -> Lifecycle:
    """Written down anew: by the days on which she bought, with the default limits of 240, 365 and 90 days."""
    before = sorted(day for day in days if day <= as_of)
    if not before:
        return Lifecycle.NEWCOMER
    quiet = (as_of - before[-1]).days
    if quiet > 240:
        return Lifecycle.LAPSED if quiet > 365 else Lifecycle.LAPSING
    returns = [b for a, b in pairwise(before) if (b - a).days > 365]
    return Lifecycle.BACK if returns and (as_of - returns[-1]).days < 90 else Lifecycle.ACTIVE


@pytest.mark.parametrize("count", [pytest.param(50, id="50 days")])
@pytest.mark.parametrize("file", [retail.EXCERPT, retail.whole()], ids=["excerpt", "whole"])
async def test_every_clients_spend_is_right_to_the_cent_on_fifty_days_of_chance(
    running: Start, file: Path | None, count: int
) -> None:
    if file is None:
        pytest.skip("RETAIL_DATA does not name the folder with the whole export; its first 5,000 lines are tested")
    profile, sold = await running("profile"), retail.sales(file)
    ids = await retail.filled(profile, sold)
    rates = [{"currency": "GBP", "effective_on": day.isoformat(), "rate": rate} for day, rate in RATES]
    put = await as_role(profile).put("/v1/segment-policy", json=policy(rates=rates), headers={"If-Match": '"0"'})
    assert put.status_code == httpx.codes.OK, put.text
    hers: dict[str, list[Sale]] = defaultdict(list)
    for one in sold:
        hers[one.customer].append(one)
    bought = {customer: {one.day for one in hers[customer] if one.net_minor > 0} for customer in ids}
    for as_of in dates(sold, count):
        async with profile.kit.database.snapshot(BRAND) as tx:
            setting = await queries.policy(tx)
            found = await queries.standings(tx, list(ids.values()), setting, as_of)
            shares = await report.shares(tx, setting, as_of, boutiques=None, within=timedelta(minutes=5))
        counted: Counter[Segment] = Counter()
        for customer, client_id in ids.items():
            cents, standing = retail.spend(hers[customer], as_of, RATES), found[client_id]
            has_bought = any(one.day <= as_of for one in hers[customer])
            assert standing.spend_minor == cents
            assert standing.reckoned is (placed(cents) if has_bought else Segment.NEWCOMER)
            assert standing.lifecycle is stage(bought[customer], as_of)
            if standing.receipts:
                counted[standing.reckoned] += 1
        # The report's statement and the rules say the same.
        assert {one.segment: one.clients for one in shares.segments} == counted
