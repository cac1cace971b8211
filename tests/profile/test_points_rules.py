"""The ledger of points and what earns them: tables, and whatever the order of what comes in."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.profile.loyalty.rules import earning, ledger
from services.profile.loyalty.rules.earning import Policy
from services.profile.loyalty.rules.ledger import Entry, Ledger, NotEnoughPoints

JAN, FEB, MAR = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
POLICY = Policy(
    date(2026, 1, 1), 12, {"CNY": 100_00, "JPY": 2_000}, {"outlet": 50, "cafe": 0, "flagship": 200}, {"tried": 20}
)


def test_what_came_in_first_goes_first_and_what_expires_sooner_before_it() -> None:
    held = Ledger([Entry(1, 100, MAR), Entry(2, 50, FEB), Entry(3, 30), Entry(4, -70)])
    assert [(lot.number, lot.left) for lot in held.lots] == [(1, 80), (3, 30)]
    assert held.balance == 110
    assert held.next_expiry(JAN) == (MAR, 80)


def test_what_is_due_counts_no_more_before_it_is_swept() -> None:
    held = Ledger([Entry(1, 100, FEB), Entry(2, 40, MAR)])
    assert (held.balance, held.available(FEB), held.available(JAN)) == (140, 40, 140)
    assert [lot.number for lot in held.due(FEB)] == [1]


def test_a_return_takes_from_what_it_earned_then_from_others_and_then_is_owed() -> None:
    held = Ledger([Entry(1, 100, FEB), Entry(2, 40, MAR), Entry(3, -120), Entry(4, -40, lot=2)])
    assert (held.balance, held.debt) == (-20, 20)
    held.add(Entry(5, 50))
    assert (held.balance, held.debt, [lot.left for lot in held.lots]) == (30, 0, [30])


def test_each_record_of_one_person_loses_what_was_its_own() -> None:
    hers, merged = Ledger([Entry(1, 100, MAR)]), Ledger([Entry(2, 50, FEB)])
    assert ledger.spend({"hers": hers, "merged": merged}, 70) == {"merged": 50, "hers": 20}
    with pytest.raises(NotEnoughPoints) as refused:
        ledger.spend({"hers": hers, "merged": merged}, 151)
    assert refused.value.extra == {"balance": 150}


@pytest.mark.parametrize(
    ("net_minor", "currency", "store_type", "points"),
    [
        (12_345_67, "CNY", "boutique", 123),
        (12_345_67, "CNY", None, 123),
        (12_345_67, "CNY", "outlet", 61),
        (12_345_67, "CNY", "flagship", 246),
        (12_345_67, "CNY", "cafe", 0),
        (99_99, "CNY", "boutique", 0),
        (-12_345_67, "CNY", "boutique", -123),
        (5_999, "JPY", "boutique", 2),
        (12_345_67, "EUR", "boutique", 0),
    ],
)
def test_a_line_earns_by_its_currency_and_the_kind_of_store(
    net_minor: int, currency: str, store_type: str | None, points: int
) -> None:
    assert POLICY.for_spend(net_minor, currency, store_type, bought_on=JAN) == points
    assert POLICY.for_spend(net_minor, currency, store_type, bought_on=date(2025, 12, 31)) == 0
    assert Policy().for_spend(net_minor, currency, store_type, bought_on=JAN) == 0


def test_a_contact_earns_by_its_kind_and_nothing_before_there_were_points() -> None:
    assert POLICY.for_contact("tried", contact_on=JAN) == 20
    assert POLICY.for_contact("tried", contact_on=date(2025, 12, 31)) == 0
    assert POLICY.for_contact("door", contact_on=JAN) == 0


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (JAN, 1, FEB),
        (JAN, 12, date(2027, 1, 31)),
        (date(2024, 2, 29), 12, FEB.replace(year=2025)),
        (MAR, 9, date(2026, 12, 31)),
    ],
)
def test_points_count_for_so_many_months(day: date, months: int, after: date) -> None:
    assert earning.months_after(day, months) == after
    assert Policy(expiry_months=months).expires_on(day) == after
    assert Policy().expires_on(day) is None


@pytest.mark.parametrize(
    ("worth", "standing", "expired", "delta"),
    [
        (100, 0, 0, 100),
        (60, 100, 0, -40),
        (100, 60, 0, 40),
        (0, 100, 60, -40),
        (0, 60, 60, 0),
        (-50, 0, 0, -50),
        (0, -50, 0, 50),
    ],
)
def test_what_has_expired_is_not_taken_back_once_more(worth: int, standing: int, expired: int, delta: int) -> None:
    assert earning.change(worth=worth, standing=standing, expired=expired) == delta


@given(
    st.integers(1, 10**6), st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.randoms(use_true_random=False)
)
def test_parts_that_come_back_take_what_the_whole_had_earned_in_whatever_order(
    base: int, parts: list[int], chance: object
) -> None:
    sold, standing = sum(parts), base
    back = 0
    chance.shuffle(parts)  # type: ignore[attr-defined]
    for part in parts:
        back -= part
        worth = earning.due(base, sold_minor=sold, back_minor=back)
        assert 0 <= worth <= standing
        standing += earning.change(worth=worth, standing=standing, expired=0)
        assert standing == worth == base * (sold + back) // sold
    assert standing == 0


class Points(RuleBasedStateMachine):
    """One person of two records: points come, go, come back and expire, while the days pass."""

    @initialize()
    def begin(self) -> None:
        self.today = date(2026, 1, 1)
        self.entries: dict[str, list[Entry]] = {"hers": [], "merged": []}
        self.number = 0
        self.earned: list[tuple[str, Entry]] = []
        self.expired: dict[int, int] = {}
        self.reversed: set[int] = set()

    def _held(self) -> dict[str, Ledger]:
        return {whose: Ledger(entries) for whose, entries in self.entries.items()}

    def _enter(self, whose: str, points: int, expires_on: date | None = None, lot: int | None = None) -> Entry:
        self.number += 1
        entry = Entry(self.number, points, expires_on, lot)
        self.entries[whose].append(entry)
        return entry

    @rule(whose=st.sampled_from(["hers", "merged"]), points=st.integers(1, 100), days=st.none() | st.integers(1, 40))
    def earn(self, whose: str, points: int, days: int | None) -> None:
        expires_on = self.today + timedelta(days=days) if days else None
        self.earned.append((whose, self._enter(whose, points, expires_on)))

    @rule(points=st.integers(1, 150))
    def spend(self, points: int) -> None:
        self.sweep()
        held = self._held()
        before = sum(one.balance for one in held.values())
        try:
            parts = ledger.spend(held, points)
        except NotEnoughPoints:
            assert points > before
            return
        assert sum(parts.values()) == points <= before
        for whose, part in parts.items():
            assert part <= held[whose].balance + held[whose].debt
            self._enter(whose, -part)
        # The oldest first: nothing is left that is before something that was used.
        turns = [lot.turn for one in self._held().values() for lot in one.lots]
        used = [
            lot.turn
            for whose, one in held.items()
            for lot in one.lots
            if lot.left > next((now.left for now in self._held()[whose].lots if now.number == lot.number), 0)
        ]
        assert not used or all(turn >= max(used) for turn in turns)

    @precondition(lambda self: len(self.reversed) < len(self.earned))
    @rule(which=st.integers(0, 10**6))
    def take_back(self, which: int) -> None:
        left = [one for one in self.earned if one[1].number not in self.reversed]
        whose, entry = left[which % len(left)]
        gone = self.expired.get(entry.number, 0)
        delta = earning.change(worth=0, standing=entry.points, expired=gone)
        assert delta == gone - entry.points
        if delta:
            self._enter(whose, delta, lot=entry.number)
        self.reversed.add(entry.number)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def sweep(self) -> None:
        for whose, held in self._held().items():
            for lot in held.due(self.today):
                self._enter(whose, -lot.left, lot=lot.number)
                self.expired[lot.number] = self.expired.get(lot.number, 0) + lot.left
            before = held.balance
            after = Ledger(self.entries[whose])
            assert after.due(self.today) == []
            # Expiry takes what is there: it never makes a debt, nor a larger one.
            assert after.debt == held.debt
            assert after.balance >= min(before, 0)
            assert held.available(self.today) == after.balance

    @invariant()
    def the_balance_is_the_sum_of_the_entries(self) -> None:
        for whose, held in self._held().items():
            assert held.balance == sum(entry.points for entry in self.entries[whose])
            assert held.debt == 0 or not held.lots
            assert all(lot.left > 0 for lot in held.lots)
            assert held.debt <= sum(entry.points for _, entry in self.earned)


Points.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPoints = Points.TestCase
