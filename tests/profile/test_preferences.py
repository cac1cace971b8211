"""What a client likes, how the house knows, and which word counts."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.profile.clients.rules import ONE_ANSWER, Preference, Provenance, Topic, outdone
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.build import advisor, gave_phone, own, phone, recognised, registered, someone
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SAID, OBSERVED, INFERRED = Provenance


def _one(n: int, provenance: Provenance, learned_on: date = date(2026, 1, 1), **more: Any) -> Preference:
    told: dict[str, Any] = {
        "topic": Topic.METAL,
        "value": "铂金",
        "likes": True,
        "confidence": 50,
        "noted_by": "a",
    } | more
    return Preference(preference_id=UUID(int=n), provenance=provenance, learned_on=learned_on, **told)


def _counting(*known: Preference) -> list[int]:
    return [one.preference_id.int for one in known if one.preference_id not in outdone(known)]


def test_what_she_said_outdoes_what_was_seen_and_that_what_was_guessed() -> None:
    said, seen, guessed = _one(1, SAID), _one(2, OBSERVED, date(2026, 2, 1)), _one(3, INFERRED, date(2026, 3, 1))
    assert _counting(said, seen, guessed) == [1]
    assert _counting(seen, guessed) == [2]
    assert _counting(_one(4, SAID, date(2020, 1, 1), likes=False), seen) == [4]


def test_of_one_provenance_the_newer_counts_and_of_one_day_the_later_row() -> None:
    assert _counting(_one(1, SAID, date(2026, 2, 1)), _one(2, SAID)) == [1]
    assert _counting(_one(1, SAID), _one(2, SAID)) == [2]


def test_values_of_one_topic_stand_side_by_side_unless_she_can_have_only_one() -> None:
    assert _counting(_one(1, SAID, topic=Topic.STONE, value="祖母绿"), _one(2, SAID, topic=Topic.STONE)) == [1, 2]
    assert _counting(_one(1, SAID, value="Rose Gold"), _one(2, SAID, value="rose  gold")) == [2]
    for topic in ONE_ANSWER:
        assert _counting(_one(1, SAID, topic=topic, value="a"), _one(2, OBSERVED, topic=topic, value="b")) == [1]


@given(
    known=st.lists(
        st.tuples(st.sampled_from(Provenance), st.integers(1, 5), st.sampled_from("ab"), st.sampled_from(Topic)),
        max_size=12,
    )
)
def test_of_every_matter_exactly_one_counts_and_none_goes_before_it(known: list[tuple[Any, int, str, Topic]]) -> None:
    rows = [_one(n, how, date(2026, 1, day), value=v, topic=t) for n, (how, day, v, t) in enumerate(known)]
    behind = outdone(rows)
    for one in rows:
        rivals = [
            other
            for other in rows
            if other.topic == one.topic and (one.topic in ONE_ANSWER or other.value == one.value)
        ]
        assert sum(other.preference_id not in behind for other in rivals) == 1
        if one.preference_id not in behind:
            order = list(Provenance)
            assert all(order.index(one.provenance) <= order.index(other.provenance) for other in rivals)


async def _learn(profile: Running, client_id: str, **form: Any) -> dict[str, Any]:
    body = {"topic": "metal", "value": "铂金", "provenance": "said"} | form
    answer = await profile.client(advisor()).post(f"/v1/clients/{client_id}/preferences", json=body, headers=once())
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_preference_is_kept_sealed_with_how_and_when_it_was_learned(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    await own(profile, client_id)
    said = await _learn(profile, client_id, likes=False, learned_on="2026-05-01")
    inferred = await _learn(profile, client_id, provenance="inferred")
    assert (said["confidence"], said["learned_on"], said["outdone"]) == (100, "2026-05-01", False)
    assert (inferred["confidence"], inferred["learned_on"], inferred["outdone"]) == (40, "2026-06-01", True)
    at = f"/v1/clients/{client_id}/preferences"
    door = profile.client(someone())
    assert (await door.get(at)).json()["items"] == [inferred, said]
    assert "铂金".encode() not in (await profile.rows("select value from preference"))[0]["value"]

    assert (await door.delete(f"{at}/{said['preference_id']}")).status_code == 204
    assert [one["outdone"] for one in (await door.get(at)).json()["items"]] == [False]
    assert (await door.delete(f"{at}/{said['preference_id']}")).status_code == 404
    assert (await door.delete(f"{at}/{uuid4()}")).status_code == 404


async def test_what_is_no_preference_is_refused_and_not_kept(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    at, good = f"/v1/clients/{client_id}/preferences", {"topic": "metal", "value": "铂金", "provenance": "said"}
    for wrong, slug in (
        ({"topic": "shoe-polish"}, "malformed"),
        ({"provenance": "heard"}, "malformed"),
        ({"value": "  "}, "malformed"),
        ({"value": "x" * 201}, "malformed"),
        ({"confidence": 0}, "malformed"),
        ({"confidence": 101}, "malformed"),
        ({"learned_on": "2026-02-30"}, "malformed"),
        ({"learned_on": "2026-06-02"}, "learned-ahead"),
    ):
        answer = await profile.client(someone()).post(at, json=good | wrong, headers=once())
        assert (answer.status_code, problem(answer)) == (422, slug), wrong
    assert await profile.rows("select from preference") == []


async def test_preferences_of_merged_records_are_read_together_and_stay_where_they_were_written(
    running: Start,
) -> None:
    profile = await running("profile", clock=lambda: NOW)
    value = phone()
    older = await registered(profile, phone=value)
    newer = await recognised(profile, "o-1")
    door = profile.client(someone())
    for client_id, provenance in ((older, "observed"), (newer, "said")):
        form = {"topic": "drink", "value": "龙井", "provenance": provenance}
        await door.post(f"/v1/clients/{client_id}/preferences", json=form, headers=once())
    await gave_phone(profile, newer, value)
    for client_id in (older, newer):
        items = (await door.get(f"/v1/clients/{client_id}/preferences")).json()["items"]
        assert [(one["provenance"], one["outdone"]) for one in items] == [("said", False), ("observed", True)]
    rows = await profile.rows("select client_id from preference")
    assert {str(row["client_id"]) for row in rows} == {older, newer}
