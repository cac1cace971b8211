"""What comes with a booking: wishes, a piece to be made, answers to questions, a video link. All of it is sealed."""

import json
from typing import Any

from infra.identity import Role
from tests.appointments.build import client, house, said, staff
from tests.asking import problem
from tests.conftest import Start

RING: dict[str, Any] = {
    "style": "SOLITAIRE",
    "metal": "PT950",
    "ring_size": "12",
    "carat": 1.05,
    "colour": "D",
    "clarity": "VVS1",
    "cut": "EX",
    "engraving": "执子之手",
}
QUESTIONS = [
    {"code": "occasion", "text_zh": "为何而来？", "text_en": "What brings you?"},
    {"code": "tea", "text_zh": "想喝什么？", "text_en": "What would you like to drink?"},
]


async def test_a_made_to_order_consultation_keeps_what_is_to_be_made_sealed(running: Start) -> None:
    place = await house(running, questions=QUESTIONS)
    her = client()
    held = await place.hold(
        her,
        piece_code="DONE-01",
        configuration=RING,
        requests="请准备六分裸石对比",
        occasion="engagement",
        answers={"occasion": "求婚"},
        party_size=2,
    )
    visit = await place.step(place.by(her), held["appointment_id"], "confirm")
    assert (visit["occasion"], visit["piece_code"]) == ("engagement", "DONE-01")
    for http in (place.by(her), place.manager(), place.by(staff(Role.CLIENT_SERVICE))):
        words = said(await http.get(f"/v1/appointments/{visit['appointment_id']}"))["words"]
        assert words["configuration"] == RING
        assert (words["requests"], words["answers"]) == ("请准备六分裸石对比", {"occasion": "求婚"})
    [row] = await place.running.rows("select * from appointment")
    for column in ("requests", "configuration", "answers"):
        assert isinstance(row[column], bytes)
        assert not any(word.encode() in row[column] for word in ("求婚", "裸石", "SOLITAIRE", "执子之手"))
    facts = json.dumps([fact["data"] for fact in await place.running.facts()], ensure_ascii=False)
    assert not any(word in facts for word in ("求婚", "裸石", "SOLITAIRE", "执子之手"))
    listed = said(await place.manager().get("/v1/appointments"))["items"][0]
    assert "words" not in listed


async def test_words_are_for_who_receives_her_and_not_for_who_counts(running: Start) -> None:
    place = await house(running)
    visit = await place.visit(requests="靠窗的位置")
    for role in (Role.REGIONAL, Role.EVENTS, Role.AFTER_SALES):
        http = place.by(staff(role, place.boutique_id))
        read = said(await http.get(f"/v1/appointments/{visit['appointment_id']}"))
        assert (read["words"], read["override_reason"]) == (None, None)


async def test_configurations_are_bounded_and_say_something(running: Start) -> None:
    place = await house(running)
    for wrong in (
        {},
        {"carat": 0},
        {"carat": 1000},
        {"carat": "1"},
        {"ring_size": "twelve"},
        {"engraving": "x" * 41},
        {"engraving": " "},
        {"style": "\u0000"},
        {"stone": "ruby"},
    ):
        assert problem(await place.asks(configuration=wrong)) == "malformed", wrong
    assert problem(await place.asks(requests="x" * 4001)) == "malformed"
    assert problem(await place.asks(mode="hologram")) == "malformed"


async def test_questions_are_answered_with_the_hold_or_later_and_only_those_that_are_asked(running: Start) -> None:
    place = await house(running, questions=QUESTIONS)
    her = client()
    refused = await place.asks(her, answers={"shoe-size": "37"})
    assert (problem(refused), refused.json()["questions"]) == ("question-unknown", ["occasion", "tea"])
    held = await place.hold(her)
    path = f"/v1/appointments/{held['appointment_id']}/answers"
    http = place.by(her)
    assert problem(await http.put(path, json={"answers": {"tea": "龙井"}})) == "precondition-missing"
    answered = await http.put(path, json={"answers": {"tea": "龙井"}}, headers={"If-Match": '"1"'})
    assert (said(answered)["words"]["answers"], answered.headers["ETag"]) == ({"tea": "龙井"}, '"2"')
    stale = await http.put(path, json={"answers": {"tea": "普洱"}}, headers={"If-Match": '"1"'})
    assert problem(stale) == "stale"
    unknown = await http.put(path, json={"answers": {"x": "y"}}, headers={"If-Match": "*"})
    assert problem(unknown) == "question-unknown"
    too_many = {"answers": {f"q{n}": "y" for n in range(4)}}
    assert problem(await http.put(path, json=too_many, headers={"If-Match": "*"})) == "malformed"
    await place.step(http, held["appointment_id"], "cancel")
    late = await http.put(path, json={"answers": {"tea": "龙井"}}, headers={"If-Match": "*"})
    assert problem(late) == "appointment-step-not-possible"


async def test_a_video_visit_needs_no_room_and_has_a_link_from_the_house(running: Start) -> None:
    place = await house(running, modes=["in-person", "video"], advisors=2)
    await place.visit()
    # The only room is taken; a video visit is not held there.
    assert problem(await place.asks()) == "slot-taken"
    her = client()
    visit = await place.visit(her, mode="video")
    assert (visit["mode"], visit["room_id"]) == ("video", None)
    path = f"/v1/appointments/{visit['appointment_id']}/link"
    link = {"link": "https://meet.example/r/42?k=secret"}
    assert problem(await place.by(her).put(path, json=link, headers={"If-Match": "*"})) == "not-permitted"
    tag = {"If-Match": f'"{visit["version"]}"'}
    assert said(await place.manager().put(path, json=link, headers=tag))["words"]["link"] == link["link"]
    assert problem(await place.manager().put(path, json=link, headers=tag)) == "stale"
    for wrong in ("http://meet.example/1", "https://", "javascript:alert(1)", "https://a b"):
        bad = await place.manager().put(path, json={"link": wrong}, headers={"If-Match": "*"})
        assert problem(bad) == "malformed", wrong
    read = said(await place.by(her).get(f"/v1/appointments/{visit['appointment_id']}"))
    assert read["words"]["link"] == link["link"]
    [fact] = [one for one in await place.running.facts("appointments.confirmed.v1") if one["data"]["mode"] == "video"]
    assert fact["data"]["room_id"] is None
    gone = await place.manager().put(path, json={"link": None}, headers={"If-Match": "*"})
    assert said(gone)["words"]["link"] is None


async def test_only_what_is_offered_by_video_is_held_by_video(running: Start) -> None:
    place = await house(running)
    refused = await place.asks(mode="video")
    assert (problem(refused), refused.json()["modes"]) == ("mode-not-offered", ["in-person"])
    visit = await place.visit()
    path = f"/v1/appointments/{visit['appointment_id']}/link"
    answer = await place.manager().put(path, json={"link": "https://meet.example/1"}, headers={"If-Match": "*"})
    assert problem(answer) == "not-by-video"
