"""Profiling switched off: no segment, nothing inferred, at once and until she allows it again; and what she sees."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from infra.identity import Role
from services.profile.segments import actions as segments
from tests.asking import BRAND, once, problem, until
from tests.conftest import Start
from tests.profile.build import bought, client_of, gave_phone, phone, recognised, registered, someone
from tests.profile.relationship import consented
from tests.running import Running

INFERRED = {"topic": "stone", "value": "祖母绿", "provenance": "inferred"}


async def _infer(profile: Running, client_id: str, **more: Any) -> httpx.Response:
    at = f"/v1/clients/{client_id}/preferences"
    return await profile.client(someone()).post(at, json=INFERRED | more, headers=once())


async def _tags(profile: Running, client_id: str) -> dict[str, Any]:
    answer = await profile.client(client_of(client_id)).get("/v1/me/tags")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _segments(profile: Running) -> list[str]:
    return [row["segment"] for row in await profile.rows("select segment from client_segment")]


async def _tagged(profile: Running) -> str:
    """A client who bought something, of whom something was inferred, something seen and something said."""
    client_id = await bought(profile, "T-1")
    for provenance in ("inferred", "observed", "said"):
        assert (await _infer(profile, client_id, provenance=provenance, value=provenance)).status_code == 201
    await until(lambda: _has(profile, 1))
    return client_id


async def _has(profile: Running, count: int) -> bool:
    return len(await _segments(profile)) == count


async def test_a_no_takes_every_tag_and_a_later_receipt_brings_none_back(running: Start) -> None:
    profile = await running("profile")
    client_id = await _tagged(profile)
    held = await _tags(profile, client_id)
    assert [(one["tag"] == "segment", one["value"]) for one in held["items"]] == [(True, None), (False, "inferred")]
    assert held["profiling"] is True

    # There was no yes before: the no is written down all the same, for silence would be none.
    await consented(profile, UUID(client_id), "personalisation", granted=False)
    house = profile.client(someone())
    assert await _tags(profile, client_id) == {"profiling": False, "items": []}
    assert (await house.get(f"/v1/clients/{client_id}/card")).json()["segment"] is None
    refused = await house.get(f"/v1/clients/{client_id}/segment")
    assert (refused.status_code, problem(refused)) == (409, "profiling-off")
    refused = await _infer(profile, client_id)
    assert (refused.status_code, problem(refused)) == (409, "profiling-off")
    left = await profile.rows("select provenance from preference order by provenance")
    assert [row["provenance"] for row in left] == ["observed", "said"]
    await until(lambda: _has(profile, 0))

    await bought(profile, "T-1")
    async with profile.kit.database.transaction(BRAND) as tx:
        await segments.recompute(tx, [UUID(client_id)], now=datetime.now(UTC))
    assert await _segments(profile) == []
    [no] = [
        one
        for one in (await profile.client(client_of(client_id)).get("/v1/me/consents")).json()["items"]
        if one["purpose"] == "personalisation"
    ]
    assert (no["granted"], no["given_at"], no["withdrawn_at"] is None) == (False, None, False)

    await consented(profile, UUID(client_id), "personalisation")
    await until(lambda: _has(profile, 1))
    assert [one["tag"] for one in (await _tags(profile, client_id))["items"]] == ["segment"]
    assert (await _infer(profile, client_id)).status_code == 201
    told = [fact["data"]["purpose"] for fact in await profile.facts("profile.consent-withdrawn.v1")]
    assert told == ["personalisation"]


async def test_she_deletes_one_tag_or_with_the_segment_all_of_them(running: Start) -> None:
    profile = await running("profile")
    client_id = await _tagged(profile)
    door, [_, inferred] = profile.client(client_of(client_id)), (await _tags(profile, client_id))["items"]
    [said] = await profile.rows("select preference_id from preference where provenance = 'said'")
    for nobodys in (str(uuid4()), str(said["preference_id"]), "brand"):
        assert (await door.delete(f"/v1/me/tags/{nobodys}")).status_code == 404
    stranger = profile.client(client_of(await registered(profile)))
    assert (await stranger.delete(f"/v1/me/tags/{inferred['tag']}")).status_code == 404
    assert (await door.delete(f"/v1/me/tags/{inferred['tag']}")).status_code == 204
    assert [one["tag"] for one in (await _tags(profile, client_id))["items"]] == ["segment"]
    assert (await door.delete("/v1/me/tags/segment")).status_code == 204
    assert (await _tags(profile, client_id))["profiling"] is False
    await until(lambda: _has(profile, 0))


async def test_a_no_of_one_record_holds_for_all_that_turn_out_to_be_she(running: Start) -> None:
    profile = await running("profile")
    known, newcomer, value = await _tagged(profile), await recognised(profile, "o-1"), phone()
    await consented(profile, UUID(newcomer), "personalisation", granted=False)
    await gave_phone(profile, known, value)
    assert (await gave_phone(profile, newcomer, value)).json()["merged"] is True
    assert await _tags(profile, known) == {"profiling": False, "items": []}
    seen = (await profile.client(someone()).get(f"/v1/clients/{known}/preferences")).json()["items"]
    assert sorted(one["provenance"] for one in seen) == ["observed", "said"]
    await until(lambda: _has(profile, 0))


async def test_a_no_stays_with_each_record_when_they_are_separated(running: Start) -> None:
    profile = await running("profile")
    known, other = await _tagged(profile), await registered(profile)
    house = profile.client(someone())
    form = {"other_client_id": other}
    made = await house.post(f"/v1/clients/{known}/merges", json=form, headers=once())
    assert made.status_code == 201, made.text
    await consented(profile, UUID(known), "personalisation", granted=False)
    parted = await house.delete(f"/v1/clients/{known}/merges/{made.json()['merge_id']}")
    assert parted.is_success, parted.text
    for one in (known, other):
        assert (await _tags(profile, one))["profiling"] is False


async def test_a_birthday_written_down_later_takes_what_a_child_had_allowed_herself(running: Start) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    profile = await running("profile", clock=lambda: now)
    client_id = await registered(profile)
    house, at = profile.client(someone()), f"/v1/clients/{client_id}"
    guardian = {
        "purpose": "survey",
        "granted": True,
        "notice_version": "1",
        "evidence": "签字表 12",
        "by_guardian": True,
    }
    for purpose in ("marketing", "measurements", "personalisation"):
        await consented(profile, UUID(client_id), purpose)
    assert (await house.put(f"{at}/consents", json={"consents": [guardian]})).status_code == 200
    item = {"kind": "foot-length", "value": "236 mm"}
    assert (await house.post(f"{at}/sensitive-items", json=item, headers=once())).status_code == 201

    async def born(year: int) -> set[str]:
        form = {"birthday": {"year": year, "month": 6, "day": 2}}
        changed = await house.patch(at, json=form, headers={"If-Match": "*"})
        assert changed.status_code == 200, changed.text
        items = (await house.get(f"{at}/consents")).json()["items"]
        return {one["purpose"] for one in items if one["granted"]}

    assert await born(2000) == {"marketing", "measurements", "personalisation", "survey"}
    assert await born(2012) == {"survey"}
    assert await profile.rows("select from sensitive_item") == []
    told = {fact["data"]["purpose"] for fact in await profile.facts("profile.consent-withdrawn.v1")}
    assert told == {"marketing", "measurements", "personalisation"}


async def test_a_birthday_that_a_merge_brings_along_does_the_same(running: Start) -> None:
    profile = await running("profile")
    year = datetime.now(UTC).year - 10
    value = phone()
    child = await registered(profile, phone=value, birthday={"year": year, "month": 1, "day": 1})
    other = await recognised(profile, "o-1")
    await consented(profile, UUID(other), "marketing")
    assert (await gave_phone(profile, other, value)).json()["client_id"] == child

    async def withdrawn() -> bool:
        items = (await profile.client(someone(Role.PRIVACY)).get(f"/v1/clients/{child}/consents")).json()["items"]
        return not any(one["granted"] for one in items)

    await until(withdrawn)
