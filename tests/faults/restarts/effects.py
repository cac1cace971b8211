"""What a load left behind, held against what it was told: nothing lost, nothing twice, one fact each."""

from collections import Counter
from dataclasses import dataclass

from tests.faults.restarts.house import House
from tests.faults.restarts.load import Outcome


@dataclass(frozen=True)
class Kept:
    """Where one kind of thing lies: its service, the column that holds its mark, and the fact that tells of it."""

    service: str
    query: str
    fact: str | None = None


KINDS = {
    "client": Kept("profile", "select display_name as mark from client", "profile.client-registered.v1"),
    "room": Kept("appointments", "select name_en as mark from room"),
    "work order": Kept("feedback", "select client_id::text as mark from work_order", "feedback.work-order-opened.v1"),
    "partner": Kept("gateway", "select name as mark from partner"),
}


@dataclass(frozen=True)
class Effects:
    """The findings of one kind: each number but the first two should be zero."""

    kind: str
    acknowledged: int
    rows: int
    lost: int  # acknowledged, and not there
    doubled: int
    facts_missing: int  # of what is there
    facts_doubled: int

    @property
    def are_right(self) -> bool:
        """Whether nothing is lost and nothing stands twice."""
        return self.lost == self.doubled == self.facts_missing == self.facts_doubled == 0

    def __str__(self) -> str:
        """One line for a person."""
        return (
            f"{self.kind}: {self.acknowledged} acknowledged, {self.rows} there, {self.lost} lost, {self.doubled} twice;"
            f" facts: {self.facts_missing} missing, {self.facts_doubled} twice"
        )


async def effects(house: House, outcomes: list[Outcome]) -> list[Effects]:
    """Compare, when every fact has arrived in the log."""
    await house.settled()
    return [await _of(house, kind, kept, outcomes) for kind, kept in KINDS.items()]


async def _of(house: House, kind: str, kept: Kept, outcomes: list[Outcome]) -> Effects:
    mine = {outcome.ask.mark: outcome.is_good for outcome in outcomes if outcome.ask.kind == kind}
    kept_rows = [row["mark"] for row in await house.rows(kept.service, kept.query)]
    there = Counter(mark for mark in kept_rows if mark in mine)
    acknowledged = {mark for mark, is_good in mine.items() if is_good}
    in_outbox = in_log = len(kept_rows)
    if kept.fact is not None:
        told = f"select count(*) as n from outbox where type = '{kept.fact}'"  # noqa: S608 - our own constants
        [outbox] = await house.rows(kept.service, told)
        logged = f"select count(*) as n from fact where envelope ->> 'type' = '{kept.fact}'"  # noqa: S608
        [log] = await house.rows("log", logged)
        in_outbox, in_log = outbox["n"], log["n"]
    rows = sum(there.values())
    return Effects(
        kind=kind,
        acknowledged=len(acknowledged),
        rows=rows,
        lost=len(acknowledged - there.keys()),
        doubled=rows - len(there),
        facts_missing=max(0, len(kept_rows) - min(in_outbox, in_log)),
        facts_doubled=max(0, max(in_outbox, in_log) - len(kept_rows)),
    )
