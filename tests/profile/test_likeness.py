"""How likely two records are one person: the model, the levels it weighs, and how well it judges."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.duplicates import febrl
from bench.duplicates.measure import FOUND, LEAST, PRECISE, judged
from services.profile.clients.models.names import keys
from services.profile.identities.models import (
    CLIENTS,
    MISSING,
    NEARLY,
    SAME_FAMILY,
    SAME_READING,
    SAME_WRITING,
    Likeness,
    Named,
    addressed,
    fit,
    judge,
    resembles,
    ring,
    slipped,
)


def named(name: str = "", *phones: str, email: str = "", as_: str | None = None) -> Named:
    key = keys(name, None, None) if name else None
    return Named(
        key.name if key else "",
        key.pinyin if key else "",
        frozenset(phones),
        frozenset({email} if email else ()),
        as_,
    )


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("李若怡", "李若怡", SAME_WRITING),
        ("李若怡", "Li Ruoyi", SAME_READING),
        ("李若怡", "ruoyi LI", SAME_READING),
        ("Ruoyi Li", "LI RUOYI", SAME_READING),
        ("曾小贤", "Zeng Xiaoxian", SAME_READING),
        ("李若怡", "李若仪", NEARLY),
        ("李若怡", "Li Ruoy", NEARLY),
        ("李若怡", "Rouyi Li", NEARLY),
        ("李娜", "李丽", SAME_FAMILY),
        ("李娜", "Lian", SAME_FAMILY),
        ("李若怡", "王晓明", 0),
        ("李若怡", "", MISSING),
    ],
)
def test_names_are_compared_in_characters_and_in_pinyin(one: str, other: str, level: int) -> None:
    assert named(one).compared(named(other))[0] == level
    assert named(other).compared(named(one))[0] == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("123", "123", 2),
        ("123", "124", 1),
        ("123", "132", 1),
        ("123", "12", 1),
        ("123", "145", 0),
        ("123", "", MISSING),
    ],
)
def test_a_slip_of_one_digit_is_told_from_another_number(one: str, other: str, level: int) -> None:
    assert slipped(one, other) == level


def test_texts_reach_as_many_cuts_as_they_are_alike() -> None:
    found = [resembles("stanley", other, (0.8, 0.92)) for other in ("stanley", "stanlay", "stainless", "miami", "")]
    assert found == [3, 2, 1, 0, MISSING]


def test_forms_of_address_say_whether_she_is_a_woman_or_nothing() -> None:
    assert [addressed(said) for said in ("女士", "Mrs.", "先生", "MR", "博士", None)] == [
        "w",
        "w",
        "m",
        "m",
        None,
        None,
    ]
    assert named("李若怡", as_="w").compared(named("李若怡", as_="m"))[3] == 0


@given(st.text("abcdefg", max_size=12), st.integers(0, 12))
def test_every_turn_of_a_reading_has_the_same_ring(reading: str, turn: int) -> None:
    assert ring(reading[turn:] + reading[:turn]) == ring(reading)


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 2), st.integers(-1, 1), st.integers(-1, 1)), min_size=1))
def test_a_chance_is_a_chance_and_grows_with_the_weight(patterns: list[tuple[int, int, int, int]]) -> None:
    weights = sorted(CLIENTS.weight(levels) for levels in patterns)
    chances = [CLIENTS.probability(weight) for weight in weights]
    assert all(0 <= chance <= 1 for chance in chances)
    assert chances == sorted(chances)


def test_what_nobody_said_weighs_nothing() -> None:
    assert CLIENTS.weight((MISSING, MISSING, MISSING, MISSING)) == 0
    assert math.isclose(CLIENTS.probability(0), CLIENTS.prior)


def test_the_fit_finds_the_shares_that_made_the_patterns_although_nobody_told_it_who_is_one() -> None:
    truth = Likeness(((0.1, 0.9), (0.2, 0.8), (0.05, 0.95)), ((0.95, 0.05), (0.9, 0.1), (0.99, 0.01)), 0.3)
    chance, seen = random.Random(1), Counter[tuple[int, ...]]()
    for _ in range(40_000):
        shares = truth.m if chance.random() < truth.prior else truth.u
        seen[tuple(int(chance.random() < share[1]) for share in shares)] += 1
    found = fit(seen, (2, 2, 2))
    assert abs(found.prior - truth.prior) < 0.02
    for fitted, made in ((found.m, truth.m), (found.u, truth.u)):
        assert all(abs(one[1] - other[1]) < 0.03 for one, other in zip(fitted, made, strict=True))


def test_a_shared_phone_alone_or_a_name_alone_is_never_certain_and_a_common_name_says_less() -> None:
    phone = "+8613800138000"
    of_family = judge(named("李若怡", phone), named("李若涵", phone), records=10_000, namesakes=1, bearers=2)
    of_spouses = judge(named("李若怡", phone), named("王晓明", phone), records=10_000, namesakes=1, bearers=2)
    namesakes = [
        judge(named("李若怡"), named("李若怡"), records=10_000, namesakes=count, bearers=0) for count in (2, 20, 200)
    ]
    for one in (of_family, of_spouses, *namesakes):
        assert not one.is_certain
    assert [one.is_likely for one in namesakes] == [True, True, False]
    assert not of_spouses.is_likely
    both = judge(named("李若怡", phone), named("Ruoyi Li", phone), records=10_000, namesakes=2, bearers=2)
    assert both.is_certain
    assert both.grounds == ["name", "phone"]
    # A driver's phone: many give it as theirs.
    driven = judge(named("李若怡", phone), named("李若怡", phone), records=10_000, namesakes=200, bearers=400)
    assert not driven.is_certain


def test_two_tills_are_joined_with_next_to_no_error_and_what_is_left_is_asked_about() -> None:
    certain, likely, true = judged(10_000)
    assert len(certain & true) / len(certain) >= PRECISE
    assert len(likely & true) / len(true) >= FOUND
    assert certain <= likely


def test_febrls_records_are_linked_without_an_example() -> None:
    folder = febrl.folder()
    if folder is None:
        pytest.skip("FEBRL_DATA does not name the folder with Febrl's files, which are not redistributed here")
    left, right = febrl.rows(folder / "dataset4a.csv.gz"), febrl.rows(folder / "dataset4b.csv.gz")
    pairs, _ = febrl.linked(left, right, least=LEAST)
    found = sum(map(febrl.is_one, pairs))
    assert found / len(pairs) >= PRECISE
    assert found / len(right) >= FOUND
