"""Leases: one holder at a time, on the database's clock."""

import asyncio
from datetime import timedelta

from infra.eventlog.lease import TTL, Lease
from tests.infra.eventlog.builders import rows, until
from tests.infra.eventlog.conftest import NewDatabase

_EXPIRE = "update lease set expires_at = clock_timestamp() - interval '1 ms' returning epoch"


async def test_of_many_rivals_one_holds(new_database: NewDatabase) -> None:
    leases = [Lease(new_database(), "lamp") for _ in range(8)]
    epochs = await asyncio.gather(*(lease.hold() for lease in leases))
    assert sorted(epochs, key=str) == [1] + [None] * 7


async def test_a_lease_that_ran_out_passes_on_with_a_higher_epoch_and_its_old_holder_notices(
    new_database: NewDatabase, service_url: str
) -> None:
    old, new = Lease(new_database(), "lamp"), Lease(new_database(), "lamp")
    assert await old.hold() == 1
    assert await new.hold() is None
    await rows(service_url, _EXPIRE)
    assert await new.hold() == 2
    await old.renew()
    assert old.epoch is None
    assert await old.hold() is None


async def test_a_late_renewal_holds_as_long_as_nobody_took_over(new_database: NewDatabase, service_url: str) -> None:
    lease, rival = Lease(new_database(), "lamp"), Lease(new_database(), "lamp")
    await lease.hold()
    await rows(service_url, _EXPIRE)
    await lease.renew()
    assert lease.epoch == 1
    assert await rival.hold() is None


async def test_a_released_lease_is_free_at_once(new_database: NewDatabase) -> None:
    old, new = Lease(new_database(), "lamp"), Lease(new_database(), "lamp")
    async with old.renewed():
        await old.hold()
    assert await new.hold() == 2


async def test_a_lease_that_cannot_be_released_is_not_believed_any_more(
    new_database: NewDatabase, service_url: str
) -> None:
    lease = Lease(new_database(), "lamp")
    async with lease.renewed():
        await lease.hold()
        await rows(service_url, "alter table lease rename to mislaid")
    await rows(service_url, "alter table mislaid rename to lease")
    assert lease.epoch is None


async def test_renewal_keeps_a_lease_beyond_its_time_and_silence_loses_it(new_database: NewDatabase) -> None:
    ttl = timedelta(seconds=0.3)
    kept, rival = Lease(new_database(), "kept", ttl=ttl), Lease(new_database(), "kept", ttl=ttl)
    silent, heir = Lease(new_database(), "silent", ttl=ttl), Lease(new_database(), "silent", ttl=ttl)
    await silent.hold()
    async with kept.renewed():
        await kept.hold()
        assert await until(heir.hold) == 2
        assert await rival.hold() is None
        assert kept.epoch == 1


def test_a_dead_holder_is_replaced_within_five_seconds() -> None:
    # Time to live, plus the longest pause between two looks of a rival.
    assert timedelta(seconds=5) > TTL + TTL / 6
