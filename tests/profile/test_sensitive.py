"""What is kept of a client only while she allows it separately."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.profile.consents.rules import Purpose, Sensitive, kept_for, purpose_of
from tests.asking import once, problem, tell
from tests.conftest import Start
from tests.profile.build import advisor, client_of, gave_phone, phone, recognised, registered, someone, visit
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCANNED = {"kind": "foot-length", "value": "236 mm", "device": "FootScan 3"}
ALLERGY = {"kind": "allergy", "value": "镍"}


async def _decide(profile: Running, client_id: str, purpose: str, *, granted: bool = True) -> None:
    form = {"consents": [{"purpose": purpose, "granted": granted, "notice_version": "2026-01"}]}
    answer = await profile.client(client_of(client_id)).put("/v1/me/consents", json=form)
    assert answer.status_code == 200, answer.text


async def _keep(profile: Running, client_id: str, form: dict[str, Any]) -> Any:
    door = profile.client(someone())
    return await door.post(f"/v1/clients/{client_id}/sensitive-items", json=form, headers=once())


async def _kinds(profile: Running, client_id: str) -> list[str]:
    answer = await profile.client(someone()).get(f"/v1/clients/{client_id}/sensitive-items")
    assert answer.status_code == 200, answer.text
    return [one["kind"] for one in answer.json()["items"]]


def test_every_kind_has_one_purpose_of_its_own() -> None:
    assert {purpose_of(kind) for kind in Sensitive} == {Purpose.MEASUREMENTS, Purpose.SENSITIVE_ITEMS}
    assert sorted(kind for purpose in Purpose for kind in kept_for(purpose)) == sorted(Sensitive)


async def test_each_kind_needs_the_consent_of_its_own_purpose(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    for purpose in ("personalisation", "marketing", "survey", "cross-brand", "abroad"):
        await _decide(profile, client_id, purpose)
    for form, purpose in ((SCANNED, "measurements"), (ALLERGY, "sensitive-items")):
        refused = await _keep(profile, client_id, form)
        assert (refused.status_code, problem(refused)) == (409, "consent-missing")
        assert refused.json()["purpose"] == purpose
    assert await profile.rows("select from sensitive_item") == []

    await _decide(profile, client_id, "measurements")
    kept = await _keep(profile, client_id, SCANNED)
    assert kept.status_code == 201, kept.text
    assert {name: kept.json()[name] for name in SCANNED} == SCANNED
    assert (await _keep(profile, client_id, ALLERGY)).status_code == 409
    assert await _kinds(profile, client_id) == ["foot-length"]
    [row] = await profile.rows("select value from sensitive_item")
    assert b"236" not in row["value"]


async def test_what_was_kept_goes_with_her_consent_and_the_rest_stays(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    for purpose in ("measurements", "sensitive-items"):
        await _decide(profile, client_id, purpose)
    for form in (SCANNED, ALLERGY):
        assert (await _keep(profile, client_id, form)).status_code == 201
    await _decide(profile, client_id, "measurements", granted=False)
    assert await _kinds(profile, client_id) == ["allergy"]
    assert (await _keep(profile, client_id, SCANNED)).status_code == 409
    await _decide(profile, client_id, "measurements")
    assert await _kinds(profile, client_id) == ["allergy"]


async def test_whoever_sees_her_because_she_is_present_sees_what_her_consent_leaves(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    for purpose, form in (("measurements", SCANNED), ("sensitive-items", ALLERGY)):
        await _decide(profile, client_id, purpose)
        assert (await _keep(profile, client_id, form)).status_code == 201
    colleague, at = profile.client(advisor()), f"/v1/clients/{client_id}/sensitive-items"
    assert (await colleague.get(at)).status_code == 404
    await tell(profile, "appointments.confirmed.v1", visit(client_id, starts_at=NOW, ends_at=NOW + timedelta(hours=1)))
    assert [one["kind"] for one in (await colleague.get(at)).json()["items"]] == ["allergy", "foot-length"]
    await _decide(profile, client_id, "sensitive-items", granted=False)
    assert [one["kind"] for one in (await colleague.get(at)).json()["items"]] == ["foot-length"]


async def test_a_withdrawal_on_one_record_hides_what_another_of_hers_holds(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    value = phone()
    older = await registered(profile, phone=value)
    newer = await recognised(profile, "o-1")
    for client_id in (older, newer):
        await _decide(profile, client_id, "sensitive-items")
        assert (await _keep(profile, client_id, ALLERGY)).status_code == 201
    await _decide(profile, newer, "sensitive-items", granted=False)
    await gave_phone(profile, newer, value)
    assert await _kinds(profile, older) == []
    assert (await _keep(profile, older, ALLERGY)).status_code == 409


async def test_a_withdrawal_while_something_is_being_kept_leaves_nothing_behind(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    for _ in range(5):
        await _decide(profile, client_id, "measurements")
        *kept, _ = await asyncio.gather(
            *(_keep(profile, client_id, SCANNED) for _ in range(4)),
            _decide(profile, client_id, "measurements", granted=False),
        )
        assert {answer.status_code for answer in kept} <= {201, 409}
        assert await profile.rows("select from sensitive_item") == []


async def test_an_item_is_forgotten_and_unknown_kinds_are_refused(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    client_id = await registered(profile)
    await _decide(profile, client_id, "measurements")
    kept = (await _keep(profile, client_id, SCANNED)).json()
    unknown = await _keep(profile, client_id, SCANNED | {"kind": "iq"})
    assert (unknown.status_code, problem(unknown)) == (422, "malformed")
    door, at = profile.client(someone()), f"/v1/clients/{client_id}/sensitive-items"
    assert (await door.delete(f"{at}/{uuid4()}")).status_code == 404
    assert (await door.delete(f"{at}/{kept['item_id']}")).status_code == 204
    assert await _kinds(profile, client_id) == []
