"""When a phone number joins two records, and when a person has to decide."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.identities.rules import TRUSTED_FOR, Doubt, MergeNeedsDecision, Side, Verdict, by_contact

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ASKER, HOLDER = UUID(int=1), UUID(int=2)


def side(client_id: UUID, *, bought: bool = False, **wechat: bytes) -> Side:
    return Side(client_id, bought, frozenset((app.removeprefix("union"), blind) for app, blind in wechat.items()))


def judge(
    asker: Side, holder: Side, *, age: timedelta = timedelta(0), verified: bool = True, by_staff: bool = False
) -> Verdict:
    return by_contact(asker, holder, confirmed_at=NOW - age, now=NOW, verified=verified, by_staff=by_staff)


@pytest.mark.parametrize(
    ("asker", "holder", "survivor"),
    [
        (side(ASKER), side(HOLDER), HOLDER),
        (side(ASKER), side(HOLDER, bought=True), HOLDER),
        (side(ASKER, bought=True), side(HOLDER), ASKER),
        (side(ASKER, wx1=b"a"), side(HOLDER, wx2=b"b"), HOLDER),
        (side(ASKER, wx1=b"a", union=b"u"), side(HOLDER, wx1=b"b", union=b"u"), HOLDER),
    ],
)
def test_the_record_with_the_history_goes_on(asker: Side, holder: Side, survivor: UUID) -> None:
    verdict = judge(asker, holder)
    assert {verdict.survivor, verdict.merged} == {ASKER, HOLDER}
    assert verdict.survivor == survivor


@pytest.mark.parametrize(
    ("asker", "holder", "more", "doubt"),
    [
        (side(ASKER, bought=True), side(HOLDER, bought=True), {}, Doubt.BOTH_HAVE_PURCHASES),
        (side(ASKER, wx1=b"a"), side(HOLDER, wx1=b"b"), {}, Doubt.TWO_WECHAT_ACCOUNTS),
        (side(ASKER, union=b"a"), side(HOLDER, union=b"b"), {}, Doubt.TWO_WECHAT_ACCOUNTS),
        (side(ASKER), side(HOLDER), {"age": TRUSTED_FOR + timedelta(seconds=1)}, Doubt.NUMBER_NOT_SEEN_LATELY),
        (side(ASKER), side(HOLDER), {"verified": False}, Doubt.NUMBER_NOT_VERIFIED),
    ],
)
def test_a_doubt_is_left_to_people(asker: Side, holder: Side, more: dict[str, object], doubt: Doubt) -> None:
    with pytest.raises(MergeNeedsDecision) as refused:
        judge(asker, holder, **more)  # type: ignore[arg-type]
    assert refused.value.extra == {"reason": doubt}


def test_a_number_that_nobody_ever_confirmed_needs_someone_who_has_seen_her() -> None:
    def joined(*, by_staff: bool) -> Verdict:
        return by_contact(side(ASKER), side(HOLDER), confirmed_at=None, now=NOW, verified=True, by_staff=by_staff)

    with pytest.raises(MergeNeedsDecision) as refused:
        joined(by_staff=False)
    assert refused.value.extra == {"reason": Doubt.NUMBER_NOT_SEEN_LATELY}
    assert joined(by_staff=True).survivor == HOLDER


def test_an_advisor_who_has_seen_her_is_the_second_proof_for_an_old_number() -> None:
    assert judge(side(ASKER), side(HOLDER), age=timedelta(days=4000), by_staff=True).survivor == HOLDER


@given(age=st.timedeltas(min_value=timedelta(0)), staff=st.booleans(), verified=st.booleans())
def test_two_histories_are_never_joined_by_a_phone(age: timedelta, staff: bool, verified: bool) -> None:  # noqa: FBT001
    try:
        asker, holder = side(ASKER, bought=True), side(HOLDER, bought=True)
        judge(asker, holder, age=min(age, timedelta(days=10_000)), by_staff=staff, verified=verified)
    except MergeNeedsDecision:
        return
    pytest.fail("joined")
