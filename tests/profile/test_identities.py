"""Recognising a client, and joining the records that are one person."""

import asyncio
from uuid import UUID

from infra.identity import Caller, Role
from tests.asking import until
from tests.conftest import Start
from tests.profile.build import (
    advisor,
    bought,
    client_of,
    gave_phone,
    imported,
    number,
    of_till,
    own,
    phone,
    receipt,
    recognised,
    registered,
    someone,
)


async def test_wechat_is_recognised_again_and_someone_new_is_registered(running: Start) -> None:
    profile = await running("profile")
    first = await recognised(profile, "o-1", unionid="u-1")
    assert await recognised(profile, "o-1", unionid="u-1") == first
    assert await recognised(profile, "o-1") == first
    assert await recognised(profile, "o-2", appid="wx2", unionid="u-1") == first
    assert await recognised(profile, "o-2", appid="wx2") == first
    assert await recognised(profile, "o-1", appid="wx2") != first
    assert len(await profile.facts("profile.client-registered.v1")) == 2


async def test_two_taps_at_once_register_one_client(running: Start) -> None:
    profile = await running("profile")
    found = await asyncio.gather(*[recognised(profile, "o-1", unionid="u-1") for _ in range(8)])
    assert len(set(found)) == 1
    assert len(await profile.rows("select 1 from client")) == 1
    assert len(await profile.facts("profile.client-registered.v1")) == 1


async def test_a_unionid_joins_the_records_of_two_apps(running: Start) -> None:
    profile = await running("profile")
    one, other = await recognised(profile, "o-1"), await recognised(profile, "o-2", appid="wx2", unionid="u-1")
    assert one != other
    assert await recognised(profile, "o-1", unionid="u-1") == other
    assert await recognised(profile, "o-1") == other
    merged = await profile.facts("profile.identities-merged.v1")
    assert [(fact["data"]["client_id"], fact["data"]["merged_client_id"]) for fact in merged] == [(other, one)]


async def test_her_phone_turns_the_newcomer_into_the_client_of_the_till(running: Start) -> None:
    profile = await running("profile")
    known = await bought(profile, "C-1")
    value = phone()
    till = profile.client(someone(Role.POS))
    told = await till.post(f"/v1/clients/{known}/identities", json={"kind": "phone", "value": value, "source": "pos"})
    assert told.json() == {"client_id": known, "merged": False}
    newcomer = await recognised(profile, "o-1")
    answer = await gave_phone(profile, newcomer, value.removeprefix("+86"))
    assert (answer.status_code, answer.json()) == (200, {"client_id": known, "merged": True})
    assert await recognised(profile, "o-1") == known
    again = await gave_phone(profile, newcomer, value)
    assert again.json() == {"client_id": known, "merged": False}
    assert len(await profile.facts("profile.identities-merged.v1")) == 1
    # With the old token or the new one she is the same person, and her history is hers.
    for client_id in (newcomer, known):
        mine = profile.client(client_of(client_id))
        assert (await mine.get("/v1/me")).json()["client_id"] == known
        assert (await mine.get("/v1/me")).json()["masked_phone"] == f"{value[3:6]}****{value[-4:]}"
        assert len((await mine.get("/v1/me/purchases")).json()["items"]) == 1


async def test_a_chain_of_merges_leads_to_one_record_and_draws_edges_only(running: Start) -> None:
    profile = await running("profile")
    first, second, third = [await recognised(profile, f"o-{n}", appid=f"wx{n}") for n in range(3)]
    one, two = phone(), phone()
    await gave_phone(profile, second, one)
    assert (await gave_phone(profile, third, one)).json() == {"client_id": second, "merged": True}
    await gave_phone(profile, first, two)
    assert (await gave_phone(profile, second, two)).json() == {"client_id": first, "merged": True}
    aliases = await profile.rows("select client_id::text, canonical_id::text from client_alias order by client_id")
    assert {row["canonical_id"] for row in aliases} == {first}
    assert {row["client_id"] for row in aliases} == {second, third}
    edges = await profile.rows("select client_id::text, merged_client_id::text from client_merge order by merged_at")
    assert [(row["client_id"], row["merged_client_id"]) for row in edges] == [(second, third), (first, second)]
    homes = await profile.rows("select distinct client_id::text from identity")
    assert {row["client_id"] for row in homes} == {first, second, third}
    record = (await profile.client(someone()).get(f"/v1/clients/{third}")).json()
    assert record["client_id"] == first
    assert set(record["merged_client_ids"]) == {second, third}


async def test_a_number_of_another_client_is_refused_and_not_said_whose(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    known = await registered(profile, phone=value, pos_ids=[{"system": "till", "value": "C-9"}])
    again = await profile.client(someone()).post(
        "/v1/clients", json={"display_name": "另一位", "phone": value}, headers={"Idempotency-Key": "k"}
    )
    assert (again.status_code, again.json()["type"]) == (409, "urn:maison:problem:identity-taken")
    assert known not in again.text
    assert value[3:] not in again.text
    other = await registered(profile)
    form = {"kind": "pos", "system": "till", "value": "C-9"}
    assert (await profile.client(someone()).post(f"/v1/clients/{other}/identities", json=form)).status_code == 409


async def test_identifiers_find_a_masked_client(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    known = await registered(profile, display_name="曾小贤", phone=value, member="M-1", salutation="先生")
    till = profile.client(someone(Role.POS))
    for form in ({"kind": "phone", "value": f"0086 {value[3:]}"}, {"kind": "member", "value": "M-1"}):
        found = (await till.post("/v1/clients/identify", json={"identities": [form]})).json()
        assert found["items"] == [
            {
                "client_id": known,
                "masked_name": "曾**",
                "salutation": "先生",
                "masked_phone": f"{value[3:6]}****{value[-4:]}",
                "open": False,
            }
        ]
    nobody = await till.post("/v1/clients/identify", json={"identities": [{"kind": "member", "value": "M-2"}]})
    assert (nobody.status_code, nobody.json()) == (200, {"items": []})
    alone = await till.post("/v1/clients/identify", json={"identities": [{"kind": "pos", "value": "1"}]})
    assert (alone.status_code, alone.json()["type"]) == (400, "urn:maison:problem:system-missing")


async def test_an_import_is_repeated_without_effect_and_says_what_it_refuses(running: Start) -> None:
    profile = await running("profile")
    shared = phone()
    owner = {"advisor_id": str(advisor().advisor_id), "boutique_id": "00000000-0000-7000-8000-00000000b001"}
    people = [
        imported("M-1", phone=shared, consents=["survey", "marketing"], owner=owner, salutation="女士"),
        imported("M-2", pos_ids=[{"system": "till", "value": "C-1"}]),
        imported("M-3", phone=shared),
        imported("M-4", phone="12345"),
        imported("M-1"),
    ]
    door = profile.client(someone())
    first = await door.post("/v1/clients/batch", json={"clients": people})
    assert first.status_code == 207
    assert [(item["status"], item["code"]) for item in first.json()["items"]] == [
        ("created", None),
        ("created", None),
        ("rejected", "identity-taken"),
        ("rejected", "phone-unreadable"),
        ("known", None),
    ]
    facts = await profile.facts()
    second = (await door.post("/v1/clients/batch", json={"clients": people})).json()
    assert [item["status"] for item in second["items"]] == ["known", "known", "rejected", "rejected", "known"]
    assert second["items"][0]["client_id"] == first.json()["items"][0]["client_id"]
    assert [fact["type"] for fact in await profile.facts()] == [fact["type"] for fact in facts]
    assert sorted(fact["type"] for fact in facts) == [
        "profile.client-registered.v1",
        "profile.client-registered.v1",
        "profile.consent-given.v1",
        "profile.consent-given.v1",
        "profile.owner-assigned.v1",
    ]
    assert await of_till(profile, "C-1") == first.json()["items"][1]["client_id"]


async def test_racing_imports_keep_everyone_once(running: Start) -> None:
    profile = await running("profile")
    people = [imported(f"M-{n}", phone=phone()) for n in range(50)]
    door = profile.client(someone())
    batches = [people, people[::-1], people[10:], people[:40]]
    answers = await asyncio.gather(*[door.post("/v1/clients/batch", json={"clients": one}) for one in batches])
    assert {answer.status_code for answer in answers} <= {207, 409}
    # Whoever was overtaken simply sends again.
    assert (await door.post("/v1/clients/batch", json={"clients": people})).status_code == 207
    last = (await door.post("/v1/clients/batch", json={"clients": people})).json()
    assert {item["status"] for item in last["items"]} == {"known"}
    assert len(await profile.rows("select 1 from client")) == 50
    assert len(await profile.rows("select 1 from identity")) == 100


async def test_a_merge_opens_the_history_to_the_advisor_who_owned_the_newcomer(running: Start) -> None:
    profile = await running("profile")
    known, newcomer, value = await bought(profile, "C-1"), await recognised(profile, "o-1"), phone()
    await own(profile, newcomer)
    await gave_phone(profile, known, value)
    await gave_phone(profile, newcomer, value)
    mine = profile.client(advisor())

    async def open_() -> bool:
        return (await mine.get(f"/v1/clients/{known}")).status_code == 200

    await until(open_)
    seen = await mine.get(f"/v1/clients/{newcomer}/purchases")
    assert len(seen.json()["items"]) == 1


async def test_purchases_after_a_merge_stay_with_the_record_of_their_card(running: Start) -> None:
    profile = await running("profile")
    known, value = await bought(profile, "C-1"), phone()
    other = await registered(profile, pos_ids=[{"system": "till", "value": "C-2"}])
    await gave_phone(profile, known, value)
    await gave_phone(profile, other, value)
    later = receipt(f"R-{number()}", customer="C-2")
    await profile.client(someone(Role.POS)).post("/v1/purchases", json=later)
    homes = await profile.rows("select client_id::text from purchase order by recorded_at")
    assert [row["client_id"] for row in homes] == [known, other]
    page = (await profile.client(someone()).get(f"/v1/clients/{known}/purchases")).json()
    assert len(page["items"]) == 2


async def test_after_a_merge_one_owner_sees_her_and_after_a_reassignment_neither(running: Start) -> None:
    profile = await running("profile")
    known, newcomer, value = await bought(profile, "C-1"), await recognised(profile, "o-1"), phone()
    of_known, of_newcomer, third = advisor(UUID(int=1)), advisor(UUID(int=2)), advisor(UUID(int=3))
    for client_id, by in ((known, of_known), (newcomer, of_newcomer)):
        assert by.advisor_id is not None
        await own(profile, client_id, advisor_id=by.advisor_id)
    await gave_phone(profile, known, value)
    assert (await gave_phone(profile, newcomer, value)).json() == {"client_id": known, "merged": True}

    async def who() -> list[Caller]:
        found = []
        for by in (of_known, of_newcomer, third):
            door = profile.client(by)
            seen = {(await door.get(f"/v1/clients/{client_id}")).status_code for client_id in (known, newcomer)}
            listed = (await door.post("/v1/clients/search", json={"text": "p"})).json()["items"]
            assert (seen, len(listed)) in [({200}, 1), ({404}, 0)]
            found += [by] if listed else []
        return found

    assert await who() == [of_known]
    await own(profile, known, advisor_id=UUID(int=3))
    assert await who() == [third]
