"""Everybody reckoned anew, by several instances at once and by a policy that changes meanwhile."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg

from infra.database import Database
from services.profile.segments import actions
from tests.asking import BRAND, until
from tests.conftest import Start
from tests.profile import retail
from tests.profile.relationship import as_role
from tests.profile.retail import Sale
from tests.profile.test_segments import policy

CLIENTS = 2_300  # more than two batches


async def test_two_instances_reckon_everybody_once_and_so_does_a_new_policy(running: Start) -> None:
    profile, now = await running("profile"), datetime.now(UTC)
    sold = [Sale(f"C{number}", f"R{number}", now - timedelta(days=5), 2_000_00) for number in range(CLIENTS)]
    await retail.filled(profile, sold)
    connection = await asyncpg.connect(profile.settings.database_url)
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        await connection.execute(
            "insert into client_segment (brand_id, client_id, review_on)"
            " select brand_id, client_id, current_date - (hashtext(client_id::text) & 7) - 1 from client"
        )
    finally:
        await connection.close()
    others = [Database(profile.settings.database_url, name=f"other-{number}") for number in range(2)]

    async def reckoned(times: int) -> None:
        """Wait until there are so many facts of each of them, and no other."""

        async def so() -> bool:
            await asyncio.gather(*(actions.review_due(one, now=datetime.now(UTC)) for one in others))
            facts = await profile.facts("profile.segment-changed.v1")
            counted = Counter(fact["data"]["client_id"] for fact in facts)
            assert max(counted.values()) <= times
            return Counter(counted.values()) == {times: CLIENTS}

        await until(so)

    try:
        await reckoned(1)
        await reckoned(1)  # nothing is left to say
        form = policy(rates=[{"currency": "GBP", "effective_on": "2000-01-01", "rate": "10"}])
        put = await as_role(profile).put("/v1/segment-policy", json=form, headers={"If-Match": "*"})
        assert put.status_code == 200, put.text
        await reckoned(2)
    finally:
        for one in others:
            await one.dispose()
