"""One booking seen from the door to the last follower: what hangs together in its trace, and what is linked to it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gateway.app import build
from infra.identity import OPERATOR, Caller, Role
from infra.telemetry.traces import is_sampled
from tests.appointments.build import house, staff
from tests.asking import BRAND, once, until
from tests.gateway.build import Gateway, gateway_settings, served
from tests.infra.telemetry.receiver import Receiver, Seen, receiver
from tests.profile import build as people
from tests.running import Running, Throwaway, start

CALLERS_OWN = "00-" + "c" * 32 + "-" + "d" * 16 + "-01"


@dataclass
class Suite:
    """Door, appointments and profile in one process, their spans going to one collector."""

    gateway: Gateway
    appointments: Running
    profile: Running
    manager: Caller
    form: dict[str, Any]
    client_id: str


@asynccontextmanager
async def suite(postgres: Throwaway, received: Receiver, *, ratio: float) -> AsyncIterator[Suite]:
    log_url = await postgres.database("maison_log")
    database_url = await postgres.database("maison_gateway")
    async with AsyncExitStack() as stack:

        async def running(name: str, **options: Any) -> Running:
            # Their own ratio is 0: what they record was begun at the door.
            seen: dict[str, Any] = {"otlp_endpoint": received.address, "trace_ratio": 0.0}
            return await stack.enter_async_context(start(postgres, name, log_url=log_url, **seen, **options))

        profile = await running("profile")
        furnished = await house(running, transports={"profile": profile.transport})
        addresses = {
            f"{one.name}_url": await stack.enter_async_context(served(one.app)) for one in (profile, furnished.running)
        }
        made = gateway_settings(
            database_url=database_url,
            log_url=log_url,
            keys=postgres.keys,
            otlp_endpoint=received.address,
            trace_ratio=ratio,
            **addresses,
        )
        gateway = Gateway(build(made, clock=furnished.clock), made, furnished.clock)
        stack.push_async_callback(gateway.stop)
        await gateway.life.enter_async_context(gateway.app.router.lifespan_context(gateway.app))
        yield Suite(
            gateway,
            furnished.running,
            profile,
            staff(Role.MANAGER, furnished.boutique_id),
            furnished.form(),
            await people.registered(profile),
        )
    await postgres.drop(log_url)
    await postgres.drop(database_url)


async def book(suite: Suite) -> None:
    """Book for a client, which appointments asks profile about, and confirm it; wait until profile knows."""
    token = suite.gateway.token(Role.MANAGER, subject="m", boutique_ids=suite.manager.boutique_ids)
    door = suite.gateway.client(token)
    door.headers["traceparent"] = CALLERS_OWN
    held = await door.post("/v1/appointments", json=suite.form | {"client_id": suite.client_id}, headers=once())
    assert held.status_code == 201, held.text
    confirmed = await door.post(f"/v1/appointments/{held.json()['appointment_id']}/confirm", headers={"If-Match": "*"})
    assert confirmed.status_code == 200, confirmed.text

    async def known() -> bool:
        return bool(await suite.profile.rows("select from presence"))

    await until(known)


def one(spans: list[Seen], service: str, name: str) -> Seen:
    [found] = [seen for seen in spans if (seen.service, seen.span.name) == (service, name)]
    return found


async def test_a_booking_is_one_trace_from_the_door_to_the_fact_and_its_followers_are_linked(
    postgres: Throwaway,
) -> None:
    with receiver() as received:
        async with suite(postgres, received, ratio=1.0) as running:
            await people.own(running.profile, running.client_id, boutique_id=UUID(running.form["boutique_id"]))
            await book(running)
            [fact] = await running.appointments.rows(
                "select traceparent from outbox where type = 'appointments.confirmed.v1'"
            )
            operator = running.profile.client(Caller(OPERATOR, Role.OPERATOR, BRAND), issuer=OPERATOR)
            replayed = await operator.post("/internal/log/replay")
            assert replayed.status_code == 200, replayed.text
    spans = received.spans

    # Door, service and peer hang together.
    for name in ("POST /v1/appointments", "POST /v1/appointments/{appointment_id}/confirm"):
        door, service = one(spans, "gateway", name), one(spans, "appointments", name)
        assert door.parent_id == ""
        assert door.trace_id != CALLERS_OWN[3:35]
        assert (service.trace_id, service.parent_id) == (door.trace_id, door.span_id)
    call = one(spans, "appointments", "call profile")
    asked = one(spans, "profile", "POST /v1/clients/{client_id}/looks")
    assert call.parent_id == one(spans, "appointments", "POST /v1/appointments").span_id
    assert (asked.trace_id, asked.parent_id) == (call.trace_id, call.span_id)

    # The fact carries the place in the trace where it was recorded.
    confirm = one(spans, "appointments", "POST /v1/appointments/{appointment_id}/confirm")
    assert fact["traceparent"].startswith(f"00-{confirm.trace_id}-{confirm.span_id}-")
    assert is_sampled(fact["traceparent"])

    # Whoever took it did so in a trace of its own, linked to that place; so did the replay.
    linked = [seen for seen in spans if (confirm.trace_id, confirm.span_id) in seen.links]
    # Appointments hears itself, for what she is to be told.
    assert sorted(seen.service for seen in linked) == ["appointments", "profile", "profile"]
    assert {seen.span.name for seen in linked} == {"follow appointments", "follow profile"}
    assert all(seen.parent_id == "" for seen in linked)
    assert len({confirm.trace_id, *(seen.trace_id for seen in linked)}) == 4


async def test_what_is_not_sampled_at_the_door_is_recorded_nowhere(postgres: Throwaway) -> None:
    with receiver() as received:
        async with suite(postgres, received, ratio=0.0) as running:
            await people.own(running.profile, running.client_id, boutique_id=UUID(running.form["boutique_id"]))
            await book(running)
            facts = await running.appointments.rows("select traceparent from outbox")
    assert facts
    assert not any(is_sampled(fact["traceparent"]) for fact in facts)
    assert received.spans == []
    # Nor does each request's line go to the collector; it stands in the process's own log.
    assert "request" not in {record.body.string_value for record in received.logs}
