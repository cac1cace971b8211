"""Visits that the boutique approves: asked for, kept meanwhile, agreed to, refused, or left unanswered."""

from datetime import datetime, timedelta
from typing import Any

from infra.identity import Role
from infra.ids import new_id
from services.appointments.bookings.actions.expiry import expire_overdue
from tests.appointments import build
from tests.appointments.build import House, at, client, house, said, staff
from tests.asking import problem
from tests.conftest import Start


async def asked_for(place: House, local: str = "2030-01-09 11:00", **given: Any) -> dict[str, Any]:
    """A visit that a client has asked for."""
    her = client()
    held = await place.hold(her, local, **given)
    return await place.step(place.by(her), held["appointment_id"], "confirm")


async def told(place: House, kind: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in await place.running.facts(f"appointments.{kind}.v1")]


async def test_what_is_asked_for_keeps_its_time_until_a_manager_agrees(running: Start) -> None:
    place = await house(running, needs_approval=True)
    pending = await asked_for(place)
    assert (pending["status"], pending["confirmed_at"]) == ("pending", None)
    assert datetime.fromisoformat(pending["expires_at"]) == place.clock.now + timedelta(days=1)
    [fact] = await told(place, "requested")
    assert (fact["because"], fact["expires_at"]) == ("experience", pending["expires_at"])
    # Long after the minutes of a hold nobody else gets it.
    place.clock.advance(hours=3)
    assert problem(await place.asks(local="2030-01-09 11:00")) == "slot-taken"
    agreed = await place.step(place.manager(), pending["appointment_id"], "approve")
    assert (agreed["status"], agreed["expires_at"], agreed["decided_by"]) == ("confirmed", None, "manager")
    [confirmed] = await told(place, "confirmed")
    assert confirmed["made_by"] == "manager"
    kinds = await place.running.rows("select distinct kind, expires_at from occupation")
    assert kinds == [{"kind": "visit", "expires_at": None}]


async def test_a_refusal_names_its_reason_to_her_and_frees_the_time(running: Start) -> None:
    place = await house(running, needs_approval=True)
    her = client()
    held = await place.hold(her, "2030-01-09 11:00")
    await place.step(place.by(her), held["appointment_id"], "confirm")
    refused = await place.step(place.manager(), held["appointment_id"], "refuse", reason="当日贵宾厅有活动")
    assert refused["status"] == "refused"
    read = said(await place.by(her).get(f"/v1/appointments/{held['appointment_id']}"))
    assert read["words"]["refusal_reason"] == "当日贵宾厅有活动"
    assert await place.running.rows("select 1 from occupation") == []
    [fact] = await told(place, "refused")
    assert fact["unanswered"] is False
    assert "活动" not in str(fact)
    kept = await place.running.rows("select refusal_reason from appointment")
    assert "活动".encode() not in kept[0]["refusal_reason"]


async def test_what_nobody_answers_expires_two_hours_before_its_start_and_she_is_told(running: Start) -> None:
    place = await house(running, needs_approval=True)
    pending = await asked_for(place, "2030-01-07 18:00")
    assert datetime.fromisoformat(pending["expires_at"]) == at("2030-01-07 16:00")
    place.clock.now = at("2030-01-07 16:00")
    late = await place.tries(place.manager(), pending["appointment_id"], "approve")
    assert problem(late) == "request-unanswered"
    await expire_overdue(place.running.kit.database, now=place.clock.now)
    read = said(await place.manager().get(f"/v1/appointments/{pending['appointment_id']}"))
    assert read["status"] == "expired"
    [fact] = await told(place, "refused")
    assert (fact["unanswered"], fact["made_by"]) == (True, "service")
    assert await place.running.rows("select 1 from occupation") == []
    assert problem(await place.tries(place.manager(), pending["appointment_id"], "refuse", reason="太晚了")) == (
        "request-unanswered"
    )


async def test_what_begins_too_soon_to_be_approved_is_not_asked_for(running: Start) -> None:
    place = await house(running, needs_approval=True, notice_minutes=0)
    her = client()
    held = await place.hold(her, "2030-01-07 11:00")
    refused = await place.tries(place.by(her), held["appointment_id"], "confirm")
    assert problem(refused) == "too-soon-to-approve"


async def test_only_a_manager_or_who_receives_her_approves(running: Start) -> None:
    place = await house(running, advisors=2, needs_approval=True)
    pending = await asked_for(place, advisor_id=place.advisor_ids[0])
    colleague = place.by(staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[1]))
    assert problem(await place.tries(colleague, pending["appointment_id"], "approve")) == "not-permitted"
    stranger = place.by(staff(Role.MANAGER, str(new_id())))
    assert problem(await place.tries(stranger, pending["appointment_id"], "approve")) == "not-found"
    hers = place.by(staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0]))
    assert (await place.step(hers, pending["appointment_id"], "approve"))["decided_by"] == "advisor"


async def test_who_may_approve_agrees_at_once_and_client_service_asks(running: Start) -> None:
    place = await house(running, needs_approval=True)
    form = place.form("2030-01-09 11:00", client_id=str(new_id()))
    by_manager = await build.post(place.manager(), "/v1/appointments", form)
    assert (await place.step(place.manager(), by_manager["appointment_id"], "confirm"))["status"] == "confirmed"
    service = place.by(staff(Role.CLIENT_SERVICE))
    form = place.form("2030-01-09 15:00", client_id=str(new_id()))
    by_service = await build.post(service, "/v1/appointments", form)
    assert (await place.step(service, by_service["appointment_id"], "confirm"))["status"] == "pending"


async def test_she_moves_and_gives_up_what_she_asked_for_without_notice(running: Start) -> None:
    place = await house(running, needs_approval=True)
    her = client()
    held = await place.hold(her, "2030-01-08 11:00")
    await place.step(place.by(her), held["appointment_id"], "confirm")
    place.clock.advance(hours=1)
    target = at("2030-01-08 15:00").isoformat()
    moved = await place.step(place.by(her), held["appointment_id"], "move", starts_at=target)
    assert (moved["status"], moved["starts_at"]) == ("pending", "2030-01-08T07:00:00Z")
    assert [one["starts_at"] for one in await told(place, "requested")] == ["2030-01-08T03:00:00Z", moved["starts_at"]]
    assert await told(place, "moved") == []
    # It is due when it was.
    assert datetime.fromisoformat(moved["expires_at"]) == at("2030-01-08 09:00")
    rows = await place.running.rows("select distinct kind, expires_at from occupation")
    assert rows == [{"kind": "hold", "expires_at": at("2030-01-08 09:00")}]
    gone = await place.step(place.by(her), held["appointment_id"], "cancel")
    assert gone["status"] == "cancelled"
    assert await place.running.rows("select 1 from occupation") == []


async def test_what_the_boutique_approved_is_moved_by_the_boutique(running: Start) -> None:
    place = await house(running, needs_approval=True)
    her = client()
    held = await place.hold(her, "2030-01-10 11:00")
    await place.step(place.by(her), held["appointment_id"], "confirm")
    await place.step(place.manager(), held["appointment_id"], "approve")
    target = at("2030-01-11 15:00").isoformat()
    refused = await place.tries(place.by(her), held["appointment_id"], "move", starts_at=target)
    assert problem(refused) == "move-needs-boutique"
    moved = await place.step(place.manager(), held["appointment_id"], "move", starts_at=target, agreed_by="telephone")
    assert (moved["status"], moved["agreed_by"]) == ("confirmed", "telephone")


async def test_two_requests_for_one_time_cannot_both_stand(running: Start) -> None:
    place = await house(running, needs_approval=True)
    await asked_for(place)
    place.clock.advance(minutes=6)
    assert problem(await place.asks(local="2030-01-09 11:30")) == "slot-taken"
    overlapping = await place.running.rows(
        "select 1 from occupation a join occupation b on a.resource_id = b.resource_id and a.during && b.during"
        " and a.ctid <> b.ctid"
    )
    assert overlapping == []
