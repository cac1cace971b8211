"""How taste is read and pieces are chosen, without anything around it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.assortments import rules
from services.recommend.assortments.rules import (
    HER_SENTENCES,
    PEER_SENTENCES,
    PERSONAL,
    SENTENCES,
    AssortmentFull,
    Candidate,
    Choice,
    PieceNotChosen,
    PieceNotThere,
    Reason,
    choose,
    edited,
    impersonal,
    prepared,
    said,
)
from services.recommend.catalogue.rules import category_name, collection_name
from services.recommend.stock.rules import StockElsewhere, check_own
from services.recommend.taste.rules import HALF_LIFE_DAYS, Bought, Taste, taste_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# Words that the house uses of its clients and never to them.
INTERNAL = ("vic", "core", "potential", "segment", "客户", "她", " her ", " she ", "client")


def bought(code: str, *, days_ago: float = 0, quantity: int = 1, category: str | None = "ring") -> Bought:
    return Bought(code, category, "aube" if category else None, quantity, NOW - timedelta(days=days_ago))


def choice(code: str, reason: Reason = Reason.LIKED, *, pinned: bool = False, dropped: bool = False) -> Choice:
    return Choice(code, reason, pinned=pinned, dropped=dropped)


# --- taste -----------------------------------------------------------------------------------------------------------


def test_a_purchase_of_a_year_ago_says_half_as_much_as_one_of_today() -> None:
    taste = taste_of([bought("A"), bought("B", days_ago=HALF_LIFE_DAYS, category="watch")], now=NOW)
    assert taste.categories == pytest.approx({"ring": 2 / 3, "watch": 1 / 3})
    assert taste.collections == pytest.approx({"aube": 1})
    assert taste.latest == ("A", "B")


def test_what_she_brought_back_is_neither_hers_nor_to_her_taste() -> None:
    returned = bought("B", quantity=-1, category="watch")
    taste = taste_of([bought("A"), bought("B", days_ago=5, category="watch"), returned], now=NOW)
    assert taste.owned == {"A"}
    assert taste.categories == {"ring": 1.0}


def test_one_of_two_brought_back_leaves_the_day_of_the_purchase() -> None:
    both = [bought("A", days_ago=HALF_LIFE_DAYS, quantity=2), bought("A", quantity=-1), bought("B", category="watch")]
    assert taste_of(both, now=NOW).categories == pytest.approx({"ring": 1 / 3, "watch": 2 / 3})


def test_a_piece_the_catalogue_does_not_know_is_hers_but_says_nothing() -> None:
    taste = taste_of([bought("OLD", category=None)], now=NOW)
    assert taste.owned == {"OLD"}
    assert (taste.categories, taste.collections, taste.latest) == ({}, {}, ())


def test_a_purchase_of_a_very_long_time_ago_does_not_break_the_shares() -> None:
    assert taste_of([bought("A", days_ago=HALF_LIFE_DAYS * 1_990)], now=NOW).owned == {"A"}


PIECES = st.builds(
    Bought,
    piece_code=st.sampled_from("ABCDEFG"),
    category=st.sampled_from(["ring", "watch", None]),
    collection=st.sampled_from(["aube", "seine", None]),
    quantity=st.integers(-2, 3),
    purchased_at=st.datetimes(datetime(1956, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


@given(st.lists(PIECES))
def test_shares_sum_to_one_or_there_are_none(purchases: list[Bought]) -> None:
    taste = taste_of(purchases, now=NOW)
    for shares in (taste.categories, taste.collections):
        assert not shares or sum(shares.values()) == pytest.approx(1)
    assert set(taste.latest) <= taste.owned


# --- choosing --------------------------------------------------------------------------------------------------------

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        piece_code=st.sampled_from([f"P{n}" for n in range(20)]),
        category=st.sampled_from(["ring", "watch", "scarf"]),
        collection=st.sampled_from(["aube", "seine"]),
    ),
    unique_by=lambda candidate: candidate.piece_code,
)
SHARES = st.dictionaries(st.sampled_from(["ring", "watch", "scarf", "aube", "seine"]), st.floats(0, 1))
CODES = st.sampled_from([f"P{n}" for n in range(20)])
TASTES = st.builds(Taste, categories=SHARES, collections=SHARES, owned=st.frozensets(CODES))
TOGETHER = st.dictionaries(CODES, st.tuples(CODES, st.floats(0, 1)))
LIKED = st.dictionaries(CODES, st.floats(0, 1))


@given(
    candidates=CANDIDATES,
    taste=TASTES,
    together=TOGETHER,
    liked=LIKED,
    asked=st.one_of(st.none(), CODES),
    limit=st.integers(1, 12),
)
def test_a_choice_keeps_its_promises(
    *,
    candidates: list[Candidate],
    taste: Taste,
    together: dict[str, tuple[str, float]],
    liked: dict[str, float],
    asked: str | None,
    limit: int,
) -> None:
    chosen = choose(candidates, taste, together=together, liked=liked, asked=asked, limit=limit)
    codes = [one.piece_code for one in chosen]
    by_code = {candidate.piece_code: candidate for candidate in candidates}
    assert len(chosen) <= limit
    assert len(set(codes)) == len(codes)
    assert set(codes) <= set(by_code)
    assert not (set(codes) - {asked}) & taste.owned, "what she has is not offered to her"
    kinds = [(by_code[code].category, by_code[code].collection) for code in codes]
    assert all(kinds.count(kind) <= rules.SAME_KIND for kind in kinds)
    if asked in by_code:
        assert (codes[0], chosen[0].reason) == (asked, Reason.ASKED)
    for one in chosen:
        assert (one.reason_piece is not None) == (one.reason is Reason.GOES_WITH)
    again = choose(reversed(candidates), taste, together=together, liked=liked, asked=asked, limit=limit)
    assert again == chosen, "the order in which pieces are looked at plays no part"


@given(CANDIDATES, LIKED, st.integers(1, 12))
def test_without_a_taste_the_choice_says_nothing_of_her(
    candidates: list[Candidate], liked: dict[str, float], limit: int
) -> None:
    chosen = choose(candidates, Taste(), together={}, liked=liked, limit=limit)
    assert not {one.reason for one in chosen} & PERSONAL
    # By its weighed part: two that differ by less than a float can weigh stand by code.
    ranks = [(-rules.LIKED * liked.get(one.piece_code, 0.0), one.piece_code) for one in chosen]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("taste", "together", "liked", "reason"),
    [
        (Taste(collections={"aube": 1.0}), {}, {}, Reason.COLLECTION),
        (Taste(categories={"ring": 1.0}), {}, {}, Reason.CATEGORY),
        (Taste(categories={"ring": 1.0}, collections={"aube": 1.0}), {}, {}, Reason.COLLECTION),
        (Taste(collections={"aube": 0.5}), {"A": ("B", 0.9)}, {}, Reason.GOES_WITH),
        (Taste(collections={"seine": 1.0}), {}, {"A": 0.1}, Reason.LIKED),
        (Taste(), {}, {}, Reason.DISCOVER),
    ],
)
def test_the_reason_said_is_the_part_that_weighed_most(
    taste: Taste, together: dict[str, tuple[str, float]], liked: dict[str, float], reason: Reason
) -> None:
    [one] = choose([Candidate("A", "ring", "aube")], taste, together=together, liked=liked, limit=3)
    assert one.reason is reason


# --- preparing and editing -------------------------------------------------------------------------------------------


def test_preparing_anew_keeps_the_pinned_and_lets_nothing_dropped_come_back() -> None:
    held = [choice("A"), choice("B", pinned=True), choice("C"), choice("D", dropped=True)]
    fresh = [choice("D"), choice("E", Reason.ASKED), choice("B"), choice("F"), choice("G")]
    after = prepared(held, fresh, size=3)
    assert [one.piece_code for one in after if not one.dropped] == ["E", "B", "F"]
    assert [one.piece_code for one in after if one.dropped] == ["D"]
    assert prepared(after, fresh, size=3) == after


def test_more_pins_than_places_all_stay() -> None:
    held = [choice(code, pinned=True) for code in "ABC"]
    assert prepared(held, [choice("D")], size=2) == held


def test_what_is_personal_goes_with_the_consent_and_what_a_person_chose_stays_hers_to_say() -> None:
    held = [
        choice("A", Reason.GOES_WITH),
        choice("B", Reason.COLLECTION, pinned=True),
        choice("C", Reason.CATEGORY, dropped=True),
        choice("D", Reason.LIKED),
        choice("E", Reason.ASKED),
    ]
    left = impersonal(held)
    assert [one.piece_code for one in left] == ["B", "C", "D", "E"]
    assert not {one.reason for one in left} & PERSONAL
    assert all(one.reason_piece is None for one in left)


def test_pinning_dropping_and_ordering_do_what_they_say() -> None:
    held = [choice("A"), choice("B"), choice("C"), choice("D", dropped=True)]
    after = edited(held, pin=["C", "N"], drop=["A"], order=["N", "B"], showable={"N"})
    assert [(one.piece_code, one.pinned) for one in after if not one.dropped] == [
        ("N", True),
        ("B", False),
        ("C", True),
    ]
    assert {one.piece_code for one in after if one.dropped} == {"A", "D"}
    assert next(one for one in after if one.piece_code == "N").reason is Reason.CHOSEN
    back = edited(after, pin=["D"], drop=[], order=[], showable={"D"})
    assert [one.piece_code for one in back if not one.dropped] == ["N", "B", "C", "D"]
    assert edited(held, pin=[], drop=[], order=[], showable=()) == held


@pytest.mark.parametrize(
    ("pin", "drop", "order", "refusal"),
    [
        (["X"], [], [], PieceNotThere),
        (["D"], [], [], PieceNotThere),
        ([], ["X"], [], PieceNotChosen),
        ([], [], ["X"], PieceNotChosen),
        ([], [], ["D"], PieceNotChosen),
        ([f"N{n}" for n in range(rules.MOST + 1)], [], [], AssortmentFull),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    pin: list[str], drop: list[str], order: list[str], refusal: type[Exception]
) -> None:
    held = [choice("A"), choice("D", dropped=True)]
    with pytest.raises(refusal):
        edited(held, pin=pin, drop=drop, order=order, showable={f"N{n}" for n in range(40)})


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sentences", [SENTENCES, HER_SENTENCES, PEER_SENTENCES])
@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_can_be_said_in_both_languages(sentences: rules.Sentences, reason: Reason) -> None:
    for piece in (("晨曦戒指", "Aube Ring"), None):
        zh, en = said(reason, sentences, piece=piece, name=("戒指", "rings"))
        assert zh
        assert en[0].isupper()
        assert "{" not in zh + en


@pytest.mark.parametrize("reason", list(Reason))
def test_a_peer_is_told_of_no_piece_of_hers(reason: Reason) -> None:
    zh, en = said(reason, PEER_SENTENCES, piece=("晨曦戒指", "Aube Ring"), name=("戒指", "rings"))
    assert "晨曦" not in zh
    assert "Aube" not in en


@pytest.mark.parametrize("reason", list(Reason))
def test_what_she_reads_is_said_to_her(reason: Reason) -> None:
    zh, en = said(reason, HER_SENTENCES, piece=("晨曦戒指", "Aube Ring"), name=("戒指", "rings"))
    for word in INTERNAL:
        assert word not in f" {zh} {en} ".lower()


def test_codes_are_named_in_the_words_of_the_trade_or_spelt_out() -> None:
    assert category_name("ring") == ("戒指", "rings")
    assert category_name("hair-pin") == ("Hair Pin", "Hair Pin")
    assert collection_name("jade-moon") == "Jade Moon"
    assert collection_name("No.5_LE") == "No 5 LE"


# --- stock -----------------------------------------------------------------------------------------------------------


def test_a_till_of_some_boutiques_sets_their_stock_and_a_till_of_none_that_of_all() -> None:
    mine, also, elsewhere = uuid4(), uuid4(), uuid4()
    check_own({mine}, own={mine, also})
    check_own({mine, elsewhere}, own=frozenset())
    with pytest.raises(StockElsewhere):
        check_own({mine, elsewhere}, own={mine, also})
