"""The life of appointments in any order: of one by the rules alone, of several through HTTP on the real database."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from infra.identity import Caller
from infra.refusal import Refusal
from services.appointments.availability.rules import Actor
from services.appointments.bookings.actions.expiry import expire_overdue
from services.appointments.bookings.rules.life import (
    ARRIVAL,
    CancellationNotice,
    Status,
    Step,
    judge_arrival,
    judge_no_show,
    step,
)
from services.appointments.bookings.rules.policy import LEAD, approve_until
from tests.appointments.build import House, at, client, house
from tests.asking import once, problem
from tests.running import Running, Throwaway, start

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTICE = CancellationNotice(DAY)
OVER = {Status.COMPLETED, Status.CANCELLED, Status.REFUSED, Status.NO_SHOW, Status.EXPIRED}
ACTORS = st.sampled_from(Actor)


class OneLife(RuleBasedStateMachine):
    """One appointment, to which anything may be tried at any time; what may never be is kept by the test itself."""

    @initialize(ahead=st.integers(1, 96))
    def hold(self, *, ahead: int) -> None:
        self.now = at("2030-01-07 09:00")
        self.starts_at = self.now + ahead * HOUR
        self.status = Status.HELD
        self.due: datetime | None = self.now + timedelta(minutes=5)
        self.walked = [Status.HELD]
        self.arrived_at: datetime | None = None
        self.moved_by_her: list[timedelta] = []

    @contextmanager
    def tried(self, wanted: Step) -> Iterator[Callable[[], None]]:
        """Try a step; a refusal leaves everything as it was."""
        before = (self.status, self.due, self.starts_at, self.arrived_at)

        def take() -> None:
            self.status = step(self.status, wanted)
            self.walked.append(self.status)

        try:
            yield take
        except Refusal:
            self.status, self.due, self.starts_at, self.arrived_at = before
            while self.walked[-1] is not self.status:
                self.walked.pop()

    @rule(hours=st.integers(1, 30))
    def time_passes(self, *, hours: int) -> None:
        self.now += hours * HOUR
        if self.due is not None and self.due <= self.now:
            self.status, self.due = step(self.status, Step.EXPIRE), None
            self.walked.append(self.status)

    @rule()
    def confirm(self) -> None:
        with self.tried(Step.CONFIRM) as take:
            take()
            self.due = None

    @rule()
    def request(self) -> None:
        with self.tried(Step.REQUEST) as take:
            self.due = approve_until(DAY, now=self.now, starts_at=self.starts_at)
            take()

    @rule(agrees=st.booleans())
    def decide(self, *, agrees: bool) -> None:
        with self.tried(Step.APPROVE if agrees else Step.REFUSE) as take:
            take()
            self.due = None

    @rule(actor=ACTORS)
    def cancel(self, *, actor: Actor) -> None:
        with self.tried(Step.CANCEL) as take:
            NOTICE.judge(status=self.status, starts_at=self.starts_at, now=self.now, actor=actor)
            take()
            self.due = None

    @rule(actor=ACTORS, later=st.integers(-48, 48))
    def move(self, *, actor: Actor, later: int) -> None:
        with self.tried(Step.MOVE) as take:
            NOTICE.judge(status=self.status, starts_at=self.starts_at, now=self.now, actor=actor)
            ahead, was = self.starts_at - self.now, self.status
            if self.status is Status.PENDING:
                until = approve_until(DAY, now=self.now, starts_at=self.starts_at + later * HOUR)
                self.due = min(until, self.due or until)
            take()
            self.starts_at += later * HOUR
            if actor is Actor.CLIENT and was is Status.CONFIRMED:
                self.moved_by_her.append(ahead)

    @rule()
    def propose(self) -> None:
        with self.tried(Step.PROPOSE) as take:
            take()

    @rule()
    def check_in(self) -> None:
        with self.tried(Step.CHECK_IN) as take:
            judge_arrival(starts_at=self.starts_at, ends_at=self.starts_at + HOUR, now=self.now)
            take()
            self.arrived_at = self.now

    @rule()
    def complete(self) -> None:
        with self.tried(Step.COMPLETE) as take:
            take()

    @rule()
    def miss(self) -> None:
        with self.tried(Step.RECORD_NO_SHOW) as take:
            judge_no_show(starts_at=self.starts_at, now=self.now)
            take()

    @invariant()
    def what_is_over_is_over(self) -> None:
        ended = [status for status in self.walked if status in OVER]
        assert ended in ([], [self.walked[-1]])

    @invariant()
    def only_what_runs_out_has_a_deadline_and_a_request_two_hours_before_its_start(self) -> None:
        assert (self.due is not None) == (self.status in {Status.HELD, Status.PENDING})
        if self.status is Status.PENDING and self.due is not None:
            assert self.due <= self.starts_at - LEAD

    @invariant()
    def nobody_is_received_who_was_not_agreed_and_did_not_come(self) -> None:
        if Status.CHECKED_IN in self.walked:
            assert Status.CONFIRMED in self.walked
            assert self.arrived_at is not None
            assert self.starts_at - ARRIVAL <= self.arrived_at < self.starts_at + HOUR + ARRIVAL
        if self.status is Status.COMPLETED:
            assert Status.CHECKED_IN in self.walked
        if self.status is Status.NO_SHOW:
            assert self.now >= self.starts_at
        if self.status is Status.REFUSED:
            assert Status.PENDING in self.walked

    @invariant()
    def she_gave_notice_of_each_move_of_hers(self) -> None:
        assert all(ahead >= DAY for ahead in self.moved_by_her)


TestOneLife = OneLife.TestCase

SLOTS = st.integers(0, 17)  # half hours from ten in the morning
LIVE = {"held", "pending", "confirmed", "checked-in"}
OVERLAPS = (
    "select 1 from occupation a join occupation b on a.resource_id = b.resource_id and a.during && b.during"
    " and a.ctid <> b.ctid"
)


@dataclass
class Kept:
    """An appointment as the test knows it."""

    appointment_id: str
    her: Caller
    slot: int
    status: str
    due: datetime | None
    proposal_id: str | None = None
    proposed: int | None = None


class ManyLives(RuleBasedStateMachine):
    """Appointments of one advisor in one room: whoever is refused is refused because somebody else is there."""

    postgres: Throwaway
    needs_approval: bool

    @initialize()
    def open_the_house(self) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.place: House = self.runner.run(self._furnish())
        self.kept: list[Kept] = []

    async def _furnish(self) -> House:
        log_url = await self.postgres.database("maison_log")
        self.stack.push_async_callback(self.postgres.drop, log_url)

        async def started(name: str, **options: Any) -> Running:
            return await self.stack.enter_async_context(start(self.postgres, name, log_url=log_url, **options))

        return await house(started, cancel_notice_minutes=0, notice_minutes=0, needs_approval=self.needs_approval)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.stack.aclose())
            self.runner.close()

    def _local(self, slot: int) -> str:
        return f"2030-01-08 {10 + slot // 2}:{30 * (slot % 2):02}"

    def _is_free(self, slot: int, *, besides: Kept | None = None) -> bool:
        taken = [
            one
            for kept in self.kept
            if kept is not besides and kept.status in LIVE
            for one in (kept.slot, kept.proposed)
            if one is not None
        ]
        return all(abs(slot - one) >= 2 for one in taken)

    def _pick(self, index: int) -> Kept | None:
        return self.kept[index % len(self.kept)] if self.kept else None

    def _step(self, kept: Kept, name: str, *, by_house: bool = False, **body: Any) -> httpx.Response:
        http = self.place.manager() if by_house else self.place.by(kept.her)
        return self.runner.run(self.place.tries(http, kept.appointment_id, name, **body))

    @rule(slot=SLOTS)
    def hold(self, slot: int) -> None:
        her = client()
        answer = self.runner.run(self.place.asks(her, self._local(slot)))
        if self._is_free(slot):
            assert answer.status_code == 201, answer.text
            due = datetime.fromisoformat(answer.json()["expires_at"])
            self.kept.append(Kept(answer.json()["appointment_id"], her, slot, "held", due))
        else:
            assert problem(answer) == "slot-taken"

    @rule(index=st.integers(0, 20))
    def confirm(self, index: int) -> None:
        if (kept := self._pick(index)) is None:
            return
        answer = self._step(kept, "confirm")
        if kept.status == "held":
            assert answer.status_code == 200, answer.text
            kept.status = "pending" if self.needs_approval else "confirmed"
            kept.due = datetime.fromisoformat(answer.json()["expires_at"]) if self.needs_approval else None
        else:
            assert problem(answer) in {"appointment-step-not-possible", "hold-expired"}

    @rule(index=st.integers(0, 20), agrees=st.booleans())
    def decide(self, *, index: int, agrees: bool) -> None:
        if (kept := self._pick(index)) is None:
            return
        answer = self._step(kept, *(["approve"] if agrees else ["refuse"]), by_house=True, **_reason(agrees=agrees))
        if kept.status == "pending":
            assert answer.status_code == 200, answer.text
            kept.status, kept.due = "confirmed" if agrees else "refused", None
        else:
            assert problem(answer) in {"appointment-step-not-possible", "request-unanswered"}

    @rule(index=st.integers(0, 20), slot=SLOTS)
    def move(self, index: int, slot: int) -> None:
        if (kept := self._pick(index)) is None:
            return
        starts_at = at(self._local(slot)).isoformat()
        answer = self._step(kept, "move", by_house=True, starts_at=starts_at, agreed_by="telephone")
        if kept.status not in {"pending", "confirmed"}:
            assert problem(answer) == "appointment-step-not-possible"
        elif kept.proposal_id is not None:
            assert problem(answer) == "proposal-stands"
        elif self._is_free(slot, besides=kept):
            assert answer.status_code == 200, answer.text
            kept.slot = slot
        else:
            assert problem(answer) == "slot-taken"

    @rule(index=st.integers(0, 20), slot=SLOTS)
    def propose(self, index: int, slot: int) -> None:
        if (kept := self._pick(index)) is None:
            return
        http = self.place.manager()
        headers = {"If-Match": "*", **once()}
        path = f"/v1/appointments/{kept.appointment_id}/proposals"
        body = {"starts_at": at(self._local(slot)).isoformat()}
        answer = self.runner.run(http.post(path, json=body, headers=headers))
        if kept.status != "confirmed":
            assert problem(answer) == "appointment-step-not-possible"
        elif kept.proposal_id is not None:
            assert problem(answer) == "proposal-stands"
        elif self._is_free(slot, besides=kept):
            assert answer.status_code == 201, answer.text
            kept.proposal_id, kept.proposed = answer.json()["proposal_id"], slot
        else:
            assert problem(answer) == "slot-taken"

    @rule(index=st.integers(0, 20), accepts=st.booleans())
    def answer(self, *, index: int, accepts: bool) -> None:
        kept = self._pick(index)
        if kept is None or kept.proposal_id is None:
            return
        path = f"/v1/proposals/{kept.proposal_id}/{'accept' if accepts else 'decline'}"
        answer = self.runner.run(self.place.by(kept.her).post(path))
        assert answer.status_code == 200, answer.text
        if accepts and kept.proposed is not None:
            kept.slot = kept.proposed
        kept.proposal_id = kept.proposed = None

    @rule(index=st.integers(0, 20))
    def cancel(self, index: int) -> None:
        if (kept := self._pick(index)) is None:
            return
        answer = self._step(kept, "cancel", by_house=True)
        if kept.status in {"held", "pending", "confirmed"}:
            assert answer.status_code == 200, answer.text
            kept.status, kept.due, kept.proposal_id, kept.proposed = "cancelled", None, None, None
        else:
            assert problem(answer) == "appointment-step-not-possible"

    @rule(minutes=st.sampled_from([2, 6]))
    def time_passes(self, minutes: int) -> None:
        self.place.clock.advance(minutes=minutes)
        now = self.place.clock.now
        self.runner.run(expire_overdue(self.place.running.kit.database, now=now))
        for kept in self.kept:
            if kept.status in {"held", "pending"} and kept.due is not None and kept.due <= now:
                kept.status, kept.due = "expired", None

    @invariant()
    def nobody_is_in_two_places_and_everything_stands_as_it_was_left(self) -> None:
        if not hasattr(self, "place"):
            return
        rows = self.runner.run(self.place.running.rows("select appointment_id, status, starts_at from appointment"))
        there = {str(row["appointment_id"]): (row["status"], row["starts_at"]) for row in rows}
        assert there == {one.appointment_id: (one.status, at(self._local(one.slot))) for one in self.kept}
        assert self.runner.run(self.place.running.rows(OVERLAPS)) == []
        taken = self.runner.run(self.place.running.rows("select distinct appointment_id from occupation"))
        live = {one.appointment_id for one in self.kept if one.status in LIVE}
        proposals = {one.proposal_id for one in self.kept if one.proposal_id and one.proposed != one.slot}
        assert {str(row["appointment_id"]) for row in taken} == live | proposals


def _reason(*, agrees: bool) -> dict[str, str]:
    return {} if agrees else {"reason": "当日已满"}


@pytest.mark.parametrize("needs_approval", [False, True])
def test_many_lives_through_http(postgres: Throwaway, *, needs_approval: bool) -> None:
    machine = type("Machine", (ManyLives,), {"postgres": postgres, "needs_approval": needs_approval})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=4,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # To make a failure smaller takes a new house each time: the steps as they were are enough.
            phases=[Phase.explicit, Phase.generate],
        ),
    )
