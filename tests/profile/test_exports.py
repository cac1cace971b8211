"""Client data that goes abroad: pseudonyms unless she consented, nobody who may not leave, everybody counted once."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.profile.registers.rules import abroad
from services.profile.registers.rules.abroad import Mechanism, Stage, Tally
from services.profile.registers.rules.standing import STANDING
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.build import bought, client_of, gave_phone, phone, recognised, registered, someone
from tests.profile.relationship import consented
from tests.profile.test_registers import assessment, entered, officer
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
[ACTIVITY] = [str(one.entry_id) for one in STANDING if one.consent_purpose == "abroad"]
EXPORT = {
    "activity_id": ACTIVITY,
    "recipient": "Maison SA",
    "country": "FR",
    "purpose": "总部统计",
    "categories": ["name", "contact", "birthday", "segment", "purchases", "preferences"],
    "mechanism": "none",
}


async def _begun(profile: Running, **more: Any) -> str:
    made = await officer(profile).post("/v1/registers/exports", json=EXPORT | more, headers=once())
    assert made.status_code == 201, made.text
    export_id: str = made.json()["export_id"]
    return export_id


async def _pages(profile: Running, export_id: str, *, limit: int = 2) -> list[dict[str, Any]]:
    """Everybody of an export; each page is asked for twice, as if the first answer had been lost."""
    people, cursor = [], None
    while True:
        form = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        at = f"/v1/registers/exports/{export_id}/pages"
        first = await officer(profile).post(at, json=form)
        assert first.status_code == 200, first.text
        again = await officer(profile).post(at, json=form)
        assert again.json() == first.json()
        people += first.json()["items"]
        cursor = first.json()["next_cursor"]
        if cursor is None:
            return people


async def _export(profile: Running, export_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await officer(profile).get(f"/v1/registers/exports/{export_id}")).json()
    return answer


async def test_names_go_with_those_who_consented_pseudonyms_with_the_rest_and_some_stay(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    door = officer(profile)
    refused = await door.post("/v1/registers/exports", json=EXPORT, headers=once())
    assert (refused.status_code, problem(refused)) == (409, "assessment-missing")
    await entered(profile, "assessments", assessment(ACTIVITY))
    for wrong, slug in ({"country": "CN"}, "recipient-not-abroad"), ({"categories": ["health"]}, "assessment-missing"):
        answer = await door.post("/v1/registers/exports", json=EXPORT | wrong, headers=once())
        assert problem(answer) == slug

    willing, value = await registered(profile, phone=phone(), birthday={"year": 1990, "month": 3, "day": 1}), phone()
    await consented(profile, UUID(willing), "abroad")
    buyer = await bought(profile, "T-1")
    child = await registered(profile, birthday={"year": 2010, "month": 6, "day": 2})
    restricted, erased = await registered(profile), await registered(profile)
    for client_id, kind in ((restricted, "restrict"), (erased, "erase")):
        at = f"/v1/clients/{client_id}/data-requests"
        asked = (await door.post(at, json={"kind": kind}, headers=once())).json()["request_id"]
        for step in ("verify", "start"):
            done = await door.post(f"/v1/data-requests/{asked}/{step}", headers={"If-Match": "*"})
            assert done.status_code == 200, done.text
    # Two records of one person are one row, with what either of them has.
    known, newcomer = await registered(profile, phone=value), await recognised(profile, "o-1")
    assert (await gave_phone(profile, newcomer, value)).json()["merged"] is True

    export_id = await _begun(profile)
    people = await _pages(profile, export_id)
    plain = {one["person"]: one for one in people if not one["is_pseudonym"]}
    assert set(plain) == {willing}
    assert plain[willing]["display_name"]
    assert len(plain[willing]["phones"]) == 1
    assert plain[willing]["birthday"]["year"] == 1990
    others = [one for one in people if one["is_pseudonym"]]
    assert len(others) == 2  # who bought, and the two records of one
    for one in others:
        assert (one["display_name"], one["phones"], one["birthday"], one["preferences"]) == (None, None, None, None)
    assert sorted(len(one["purchases"]) for one in others) == [0, 1]
    told = str(people)
    assert not any(one in told for one in (buyer, child, restricted, erased, known, newcomer))
    register = await _export(profile, export_id)
    assert (register["plain"], register["pseudonymised"], register["finished_at"] is None) == (1, 2, False)
    looked = (await door.get(f"/v1/clients/{willing}/access-log")).json()["items"]
    assert {one["seen"] for one in looked} == {"export"}

    # One recipient can join its exports, two recipients cannot; a withdrawal counts from the next page on.
    again = {one["person"] for one in await _pages(profile, await _begun(profile, recipient="maison  sa"))}
    assert again == {one["person"] for one in people}
    await consented(profile, UUID(willing), "abroad", granted=False)
    elsewhere = await _pages(profile, await _begun(profile, country="IT"))
    assert not {one["person"] for one in elsewhere} & {one["person"] for one in people}
    assert all(one["is_pseudonym"] for one in elsewhere)
    year = (await door.get("/v1/registers/export-years/2026")).json()
    assert (year["persons"], year["sensitive_persons"], year["stage"]) == (3, 0, "exempt")


async def test_past_a_threshold_nobody_goes_without_the_footing_it_asks_for(running: Start) -> None:
    profile = await running("profile", clock=lambda: NOW)
    await entered(profile, "assessments", assessment(ACTIVITY, reasons=["abroad", "sensitive"]))
    client_id = await registered(profile)
    for purpose in ("abroad", "sensitive-items"):
        await consented(profile, UUID(client_id), purpose)
    item = {"kind": "allergy", "value": "镍"}
    kept = await profile.client(someone()).post(f"/v1/clients/{client_id}/sensitive-items", json=item, headers=once())
    assert kept.status_code == 201
    footless = await _begun(profile, categories=["health"])
    refused = await officer(profile).post(f"/v1/registers/exports/{footless}/pages", json={})
    assert (refused.status_code, problem(refused)) == (409, "export-mechanism-missing")
    assert refused.json()["needed"] == "contract-or-certification"
    assert await profile.rows("select from exported_person") == []
    assert (await officer(profile).get("/v1/registers/export-years/2026")).json()["persons"] == 0

    # Two exports at once count her once in the year.
    both = [await _begun(profile, categories=["health"], mechanism="standard-contract") for _ in range(2)]
    found = await asyncio.gather(*(_pages(profile, one) for one in both))
    assert [one[0]["sensitive_items"] for one in found] == [[{"kind": "allergy", "value": "镍"}]] * 2
    year = (await officer(profile).get("/v1/registers/export-years/2026")).json()
    assert (year["persons"], year["sensitive_persons"]) == (1, 1)
    assert (await profile.client(client_of(client_id)).get("/v1/registers/exports")).status_code == 403


def test_the_year_asks_for_more_from_each_threshold_on() -> None:
    for persons, sensitive, stage in (
        (99_999, 0, Stage.EXEMPT),
        (100_000, 0, Stage.CONTRACT),
        (1, 1, Stage.CONTRACT),
        (999_999, 9_999, Stage.CONTRACT),
        (1_000_000, 0, Stage.ASSESSMENT),
        (10_000, 10_000, Stage.ASSESSMENT),
    ):
        assert Tally(2026, persons, sensitive).stage is stage
    abroad.check_footing(Tally(2026, 100_000, 0), Mechanism.CERTIFICATION)
    abroad.check_footing(Tally(2026, 10**7, 0), Mechanism.SECURITY_ASSESSMENT)
    assert set(abroad.WORDS) == set(Stage)
