"""What a client allows, and that her last word counts."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from infra.identity import Role
from services.profile.consents import queries
from services.profile.consents.rules import Decision, Purpose, latest, stands
from tests.asking import BRAND, problem
from tests.conftest import Start
from tests.profile.build import client_of, gave_phone, phone, recognised, registered, someone
from tests.running import Running


def _wish(purpose: str, *, granted: bool = True, notice: str = "2026-01") -> dict[str, Any]:
    return {"purpose": purpose, "granted": granted, "notice_version": notice}


async def _decide(profile: Running, client_id: str, *wishes: dict[str, Any]) -> dict[str, bool]:
    answer = await profile.client(client_of(client_id)).put("/v1/me/consents", json={"consents": list(wishes)})
    assert answer.status_code == 200, answer.text
    return {item["purpose"]: item["granted"] for item in answer.json()["items"]}


async def test_nothing_is_allowed_until_she_says_so(running: Start) -> None:
    profile = await running("profile")
    client_id = await recognised(profile, "o-1")
    answer = (await profile.client(client_of(client_id)).get("/v1/me/consents")).json()
    assert {item["purpose"]: item["granted"] for item in answer["items"]} == {
        "personalisation": False,
        "marketing": False,
        "survey": False,
        "measurements": False,
        "sensitive-items": False,
        "cross-brand": False,
        "abroad": False,
    }


async def test_giving_and_withdrawing_are_announced_once_each(running: Start) -> None:
    profile = await running("profile")
    client_id = await recognised(profile, "o-1")
    await _decide(profile, client_id, _wish("survey"), _wish("marketing", granted=False))
    await _decide(profile, client_id, _wish("survey"))
    assert (await _decide(profile, client_id, _wish("survey", granted=False)))["survey"] is False
    await _decide(profile, client_id, _wish("survey", granted=False))
    assert (await _decide(profile, client_id, _wish("survey")))["survey"] is True
    told = [fact["type"].split(".")[1] for fact in await profile.facts() if "consent" in fact["type"]]
    assert told == ["consent-given", "consent-withdrawn", "consent-given"]
    rows = await profile.rows("select channel, actor from consent")
    assert rows == [{"channel": "mini-program", "actor": "client"}] * 2


async def test_a_newer_notice_replaces_the_older_consent(running: Start) -> None:
    profile = await running("profile")
    client_id = await recognised(profile, "o-1")
    await _decide(profile, client_id, _wish("survey", notice="1"))
    await _decide(profile, client_id, _wish("survey", notice="2"))
    rows = await profile.rows("select notice_version, replaced_at is null as standing from consent order by given_at")
    assert [(row["notice_version"], row["standing"]) for row in rows] == [("1", False), ("2", True)]


async def test_the_last_word_counts_over_all_records_of_a_client(running: Start) -> None:
    profile = await running("profile")
    known, newcomer, value = await registered(profile), await recognised(profile, "o-1"), phone()
    await _decide(profile, known, _wish("survey"), _wish("marketing"))
    await _decide(profile, newcomer, _wish("survey"))
    await _decide(profile, newcomer, _wish("survey", granted=False))
    await gave_phone(profile, known, value)
    await gave_phone(profile, newcomer, value)
    answer = (await profile.client(someone()).get(f"/v1/clients/{known}/consents")).json()
    granted = {item["purpose"]: item["granted"] for item in answer["items"]}
    assert [purpose for purpose, given in granted.items() if given] == ["marketing"]
    async with profile.kit.database.transaction(BRAND) as tx:
        assert await queries.granted(tx, UUID(newcomer), "marketing")
        assert not await queries.granted(tx, UUID(known), "survey")


async def test_what_she_said_in_the_boutique_is_kept_with_who_heard_it(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    answer = await profile.client(someone(Role.CLIENT_SERVICE)).put(
        f"/v1/clients/{client_id}/consents",
        json={"consents": [_wish("marketing") | {"evidence": "录音 4711"}], "channel": "phone"},
    )
    assert answer.status_code == 200
    assert [one["evidence"] for one in answer.json()["items"] if one["granted"]] == ["录音 4711"]
    rows = await profile.rows("select channel, actor, notice_version, evidence from consent")
    assert "录音".encode() not in rows[0].pop("evidence")
    assert rows == [{"channel": "phone", "actor": "client-service:1", "notice_version": "2026-01"}]


async def test_a_child_needs_her_guardians_consent_with_its_evidence(running: Start) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    profile = await running("profile", clock=lambda: now)
    client_id = await registered(profile, birthday={"year": 2012, "month": 6, "day": 2})
    house, mine = profile.client(someone()), profile.client(client_of(client_id))
    at = f"/v1/clients/{client_id}/consents"
    guardian = _wish("marketing") | {"by_guardian": True}
    for door, path, wish in (
        (mine, "/v1/me/consents", _wish("marketing")),
        (house, at, _wish("marketing") | {"evidence": "签字表 12"}),
        (house, at, guardian),
    ):
        # What comes before it in the same request is not kept either.
        refused = await door.put(path, json={"consents": [_wish("survey", granted=False), wish]})
        assert (refused.status_code, problem(refused)) == (409, "guardian-needed")
    assert await profile.rows("select from consent") == []
    given = await house.put(at, json={"consents": [guardian | {"evidence": "签字表 12"}]})
    assert [one["by_guardian"] for one in given.json()["items"] if one["granted"]] == [True]
    assert (await _decide(profile, client_id, _wish("marketing", granted=False)))["marketing"] is False
    now = datetime(2026, 6, 2, 12, tzinfo=UTC)
    assert (await _decide(profile, client_id, _wish("marketing")))["marketing"] is True


async def test_a_birthday_that_comes_later_ends_what_a_child_allowed_by_herself(running: Start) -> None:
    profile = await running("profile", clock=lambda: datetime(2026, 6, 1, 12, tzinfo=UTC))
    hers, other = [await registered(profile) for _ in range(2)]
    house = profile.client(someone())
    guardian = _wish("survey") | {"by_guardian": True, "evidence": "签字表 12"}
    for client_id in (hers, other):
        await _decide(profile, client_id, _wish("marketing"), _wish("cross-brand"))
        await house.put(f"/v1/clients/{client_id}/consents", json={"consents": [guardian]})
    for client_id, year in ((hers, 2015), (other, 1990)):
        form = {"birthday": {"year": year, "month": 6, "day": 2}}
        answer = await profile.client(client_of(client_id)).patch("/v1/me", json=form, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
    assert {
        purpose
        for purpose, granted in (await _decide(profile, hers, _wish("abroad", granted=False))).items()
        if granted
    } == {"survey"}
    gone = await profile.facts("profile.consent-withdrawn.v1")
    assert [(fact["data"]["client_id"], fact["data"]["purpose"]) for fact in gone] == [
        (hers, "marketing"),
        (hers, "cross-brand"),
    ]


async def test_a_consent_without_the_notice_she_saw_is_refused(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    form = {"consents": [{"purpose": "marketing", "granted": True}]}
    for door, path in (
        (profile.client(someone()), f"/v1/clients/{client_id}/consents"),
        (profile.client(client_of(client_id)), "/v1/me/consents"),
    ):
        answer = await door.put(path, json=form)
        assert (answer.status_code, problem(answer)) == (422, "malformed")
    assert await profile.rows("select from consent") == []


@given(words=st.lists(st.booleans(), min_size=1, max_size=8))
def test_of_words_in_one_moment_the_later_row_counts(words: list[bool]) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        Decision(UUID(int=n), Purpose.SURVEY, "1", "boutique", at, None, None if yes else at)
        for n, yes in enumerate(words)
    ]
    assert stands(latest(rows, Purpose.SURVEY)) is words[-1]
    assert not stands(latest(rows, Purpose.MARKETING))
