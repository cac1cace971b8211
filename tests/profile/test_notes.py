"""Notes: shared with whoever may see the client, or nobody's but their author's."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from infra.identity import Caller, Role
from tests.asking import once, problem, tell
from tests.conftest import Start
from tests.profile.build import (
    OTHER_BOUTIQUE,
    advisor,
    client_of,
    gave_phone,
    own,
    phone,
    recognised,
    registered,
    someone,
    visit,
)
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
COLLEAGUE = advisor(UUID("00000000-0000-7000-8000-00000000a002"))
MANAGER = advisor(UUID("00000000-0000-7000-8000-00000000a003"), role=Role.MANAGER)


async def _write(profile: Running, client_id: str, words: str, *, by: Caller, private: bool = False) -> Any:
    form = {"words": words, "private": private}
    answer = await profile.client(by).post(f"/v1/clients/{client_id}/notes", json=form, headers=once())
    assert answer.status_code == 201, answer.text
    return answer


async def _words(profile: Running, client_id: str, by: Caller) -> list[str]:
    answer = await profile.client(by).get(f"/v1/clients/{client_id}/notes")
    assert answer.status_code == 200, answer.text
    return [one["words"] for one in answer.json()["items"]]


async def test_a_private_note_is_its_authors_and_a_shared_one_everybodys_who_sees_her(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    await own(profile, client_id)
    await _write(profile, client_id, "喜欢靠窗的座位", by=advisor())
    private = (await _write(profile, client_id, "先生不知道这枚戒指", by=advisor(), private=True)).json()
    assert await _words(profile, client_id, advisor()) == ["先生不知道这枚戒指", "喜欢靠窗的座位"]
    for by in (MANAGER, someone(), someone(Role.PRIVACY), someone(Role.CLIENT_SERVICE)):
        assert await _words(profile, client_id, by) == ["喜欢靠窗的座位"]
        at = f"/v1/clients/{client_id}/notes/{private['note_id']}"
        assert (await profile.client(by).get(at)).status_code == 404
        if by.role is not Role.PRIVACY:
            for answer in (
                await profile.client(by).patch(at, json={"words": "?"}, headers={"If-Match": "*"}),
                await profile.client(by).delete(at, headers={"If-Match": "*"}),
            ):
                assert answer.status_code == 404
    for row in await profile.rows("select words from note"):
        assert "窗".encode() not in row["words"]
        assert "先生".encode() not in row["words"]


async def test_whoever_sees_her_only_because_she_is_present_reads_the_shared_notes(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    await own(profile, client_id, boutique_id=OTHER_BOUTIQUE)
    await _write(profile, client_id, "对猫过敏", by=advisor())
    await _write(profile, client_id, "仅自己可见", by=advisor(), private=True)
    at = f"/v1/clients/{client_id}/notes"
    assert (await profile.client(COLLEAGUE).get(at)).status_code == 404
    await tell(
        profile,
        "appointments.confirmed.v1",
        visit(client_id, starts_at=NOW, ends_at=NOW + timedelta(hours=1)),
    )
    assert await _words(profile, client_id, COLLEAGUE) == ["对猫过敏"]
    assert (await profile.client(client_of(client_id)).get(at)).status_code == 403


async def test_only_the_author_changes_or_takes_back_a_note(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    await own(profile, client_id)
    written = await _write(profile, client_id, "喜欢茉莉花茶", by=advisor())
    at = f"/v1/clients/{client_id}/notes/{written.json()['note_id']}"
    assert written.headers["ETag"] == '"1"'
    mine, theirs = profile.client(advisor()), profile.client(MANAGER)
    for answer in (
        await theirs.patch(at, json={"words": "不喝茶"}, headers={"If-Match": "*"}),
        await theirs.delete(at, headers={"If-Match": "*"}),
    ):
        assert (answer.status_code, problem(answer)) == (403, "not-your-note")
    assert (await theirs.get(at)).json()["mine"] is False
    assert (await mine.patch(at, json={"words": "x"})).status_code == 428
    changed = await mine.patch(at, json={"words": "喜欢龙井"}, headers={"If-Match": '"1"'})
    assert (changed.json()["words"], changed.json()["private"], changed.headers["ETag"]) == ("喜欢龙井", False, '"2"')
    stale = await mine.patch(at, json={"words": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, problem(stale)) == (412, "stale")
    hidden = await mine.patch(at, json={"private": True}, headers={"If-Match": '"2"'})
    assert (hidden.json()["words"], hidden.json()["private"]) == ("喜欢龙井", True)
    assert (await theirs.get(at)).status_code == 404
    assert (await mine.delete(at, headers={"If-Match": '"2"'})).status_code == 412
    assert (await mine.delete(at, headers={"If-Match": '"3"'})).status_code == 204
    assert (await mine.get(at)).status_code == 404
    other = await registered(profile)
    assert (await mine.get(f"/v1/clients/{other}/notes/{uuid4()}")).status_code == 404


async def test_of_two_changes_at_once_one_is_told_that_it_is_late(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    written = await _write(profile, client_id, "一", by=someone())
    at = f"/v1/clients/{client_id}/notes/{written.json()['note_id']}"
    door = profile.client(someone())
    answers = await asyncio.gather(
        *(door.patch(at, json={"words": words}, headers={"If-Match": '"1"'}) for words in "二三四")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


async def test_notes_go_on_behind_their_cursor_and_over_all_records_of_hers(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    value = phone()
    older = await registered(profile, phone=value)
    newer = await recognised(profile, "o-1")
    for number in range(4):
        await _write(profile, (older, newer)[number % 2], f"第{number}条", by=someone())
    await gave_phone(profile, newer, value)
    door, seen, cursor = profile.client(someone()), [], None
    while True:
        asked = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await door.get(f"/v1/clients/{newer}/notes", params=asked)).json()
        seen += [one["words"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["第3条", "第2条", "第1条", "第0条"]
    elsewhere = await registered(profile)
    wrong = await door.get(f"/v1/clients/{elsewhere}/notes", params={"cursor": "made-up"})
    assert wrong.status_code == 400
    rows = await profile.rows("select client_id from note")
    assert {str(row["client_id"]) for row in rows} == {older, newer}


async def test_a_note_that_says_nothing_or_too_much_is_refused(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    at = f"/v1/clients/{client_id}/notes"
    for form in ({}, {"words": " "}, {"words": "x" * 4001}, {"words": "x", "private": "yes"}, {"words": "x", "to": 1}):
        answer = await profile.client(someone()).post(at, json=form, headers=once())
        assert (answer.status_code, problem(answer)) == (422, "malformed")
    assert (await profile.client(someone()).post(at, json={"words": "x"})).status_code == 400
    assert await profile.rows("select from note") == []
