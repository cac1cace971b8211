"""Making two records one by decision, taking that back, and keeping two people apart."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Caller, Role
from tests.asking import once, until
from tests.conftest import Start
from tests.profile.build import (
    OTHER_BOUTIQUE,
    advisor,
    bought,
    gave_phone,
    own,
    phone,
    recognised,
    registered,
    someone,
)
from tests.running import Running

SEPARATED, MERGED = "profile.identities-separated.v1", "profile.identities-merged.v1"


async def merge(profile: Running, one: str, other: str, *, by: Caller | None = None, **more: Any) -> httpx.Response:
    """Make the other record part of the one."""
    form = {"other_client_id": other, **more}
    return await profile.client(by or someone()).post(f"/v1/clients/{one}/merges", json=form, headers=once())


async def merged(profile: Running, one: str, other: str) -> str:
    """The id of the merge."""
    answer = await merge(profile, one, other)
    assert answer.status_code == 201, answer.text
    merge_id: str = answer.json()["merge_id"]
    return merge_id


async def separate(profile: Running, one: str, merge_id: str, *, by: Caller | None = None) -> httpx.Response:
    """Take the merge back."""
    return await profile.client(by or someone()).delete(f"/v1/clients/{one}/merges/{merge_id}")


async def seen(profile: Running, client_id: str) -> dict[str, Any]:
    """The client in full, as headquarters see her, but for her segment and what follows from it, a moment later."""
    body: dict[str, Any] = (await profile.client(someone()).get(f"/v1/clients/{client_id}")).json()
    return {name: value for name, value in body.items() if name not in {"segment", "received_as"}}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """How a request was refused."""
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def test_a_preview_says_what_goes_on_and_does_nothing(running: Start) -> None:
    profile = await running("profile")
    one = await registered(profile, display_name="林晚秋", salutation="女士")
    other = await registered(profile, display_name="Lin Wanqiu")
    await own(profile, other, advisor_id=UUID(int=7))
    answer = await merge(profile, one, other, dry_run=True)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["merge_id"], body["client_id"], body["merged_client_id"]) == (None, one, other)
    fields = {field["field"]: (field["client"], field["other"], field["kept"]) for field in body["fields"]}
    assert fields["display_name"] == ("林晚秋", "Lin Wanqiu", "client")
    assert fields["salutation"] == ("女士", None, "client")
    assert fields["owner_advisor_id"] == (None, str(UUID(int=7)), "other")
    assert await profile.facts(MERGED) == []
    assert await profile.rows("select from client_merge") == []


async def test_every_row_goes_home_again(running: Start) -> None:
    profile = await running("profile")
    one, other = await bought(profile, "C-1"), await bought(profile, "C-2", receipts=2)
    hers, theirs = phone(), phone()
    await gave_phone(profile, one, hers)
    await gave_phone(profile, other, theirs)
    before = {client_id: await seen(profile, client_id) for client_id in (one, other)}
    merge_id = await merged(profile, one, other)
    # What is written while they are one stays with the record it was written to.
    added = {"kind": "member", "value": "M-1"}
    await profile.client(someone()).post(f"/v1/clients/{other}/identities", json=added)
    await bought(profile, "C-2")
    assert len((await seen(profile, other))["identities"]) == 5
    door = profile.client(someone())
    assert len((await door.get(f"/v1/clients/{one}/purchases")).json()["items"]) == 4
    answer = await separate(profile, one, merge_id)
    assert answer.json() == {"merge_id": merge_id, "client_id": one, "separated_client_ids": [other]}
    assert len((await door.get(f"/v1/clients/{one}/purchases")).json()["items"]) == 1
    assert len((await door.get(f"/v1/clients/{other}/purchases")).json()["items"]) == 3
    assert await seen(profile, other) == before[other]
    after = await seen(profile, one)
    assert {known["kind"] for known in after.pop("identities")} == {"pos", "phone", "member"}
    assert after == {name: value for name, value in before[one].items() if name != "identities"}
    [fact] = await profile.facts(SEPARATED)
    assert fact["data"] == {
        "merge_id": merge_id,
        "client_id": one,
        "merged_client_id": other,
        "known_as_client_id": one,
    }


async def test_either_edge_of_a_chain_may_be_taken_out(running: Start) -> None:
    profile = await running("profile")
    for first_out in (0, 1):
        a, b, c = [await registered(profile) for _ in range(3)]
        edges = [await merged(profile, b, c), await merged(profile, a, b)]
        assert set((await seen(profile, c))["merged_client_ids"]) == {b, c}
        answer = await separate(profile, a, edges[first_out])
        assert answer.status_code == 200, answer.text
        if first_out == 0:
            homes = {a: a, b: a, c: c}
        else:
            homes = {a: a, b: b, c: b}
            assert answer.json()["separated_client_ids"] == [b, c]
        assert {one: (await seen(profile, one))["client_id"] for one in (a, b, c)} == homes
        known_as = [fact["data"]["known_as_client_id"] for fact in await profile.facts(SEPARATED)]
        assert known_as[-1] == a
        last = await separate(profile, homes[b], edges[1 - first_out])
        assert last.status_code == 200, last.text
        assert {one: (await seen(profile, one))["client_id"] for one in (a, b, c)} == {a: a, b: b, c: c}
        assert await profile.rows("select from client_alias where canonical_id = $1", UUID(a)) == []


async def test_what_cannot_be_merged_says_why(running: Start) -> None:
    profile = await running("profile")
    a, b, c = [await registered(profile) for _ in range(3)]
    assert problem(await merge(profile, a, a)) == (409, "one-client-already")
    await merged(profile, a, b)
    # The other way round would be a ring.
    for one, other in ((a, b), (b, a), (b, b)):
        assert problem(await merge(profile, one, other)) == (409, "one-client-already")
    assert problem(await merge(profile, c, b)) == (409, "merged-elsewhere")
    assert problem(await merge(profile, c, str(uuid4()))) == (404, "client-unknown")
    assert problem(await merge(profile, str(uuid4()), c)) == (404, "client-unknown")
    # Her newer id stands for her.
    answer = await merge(profile, b, c)
    assert (answer.status_code, answer.json()["client_id"]) == (201, a)
    assert (await profile.client(someone()).post(f"/v1/clients/{a}/merges", json={}, headers=once())).status_code == 422


async def test_two_wechat_accounts_are_two_people(running: Start) -> None:
    profile = await running("profile")
    one = await recognised(profile, "o-1", unionid="u-1")
    other = await recognised(profile, "o-2", unionid="u-2")
    third = await recognised(profile, "o-3", appid="wx2")
    assert problem(await merge(profile, one, other)) == (409, "two-wechat-accounts")
    assert problem(await merge(profile, one, other, dry_run=True)) == (409, "two-wechat-accounts")
    await merged(profile, third, one)
    # Also when the account is with a record that became part of hers.
    assert problem(await merge(profile, third, other)) == (409, "two-wechat-accounts")


async def test_what_was_separated_is_not_merged_again_by_person_phone_or_wechat(running: Start) -> None:
    profile = await running("profile")
    one, other = await recognised(profile, "o-1"), await recognised(profile, "o-2", appid="wx2", unionid="u-2")
    value = phone()
    await gave_phone(profile, one, value)
    assert (await gave_phone(profile, other, value)).json() == {"client_id": one, "merged": True}
    [standing] = (await profile.client(someone()).get(f"/v1/clients/{one}/merges")).json()["items"]
    assert (standing["evidence"], standing["actor"]) == ("phone:wechat", "gateway")
    await separate(profile, one, standing["merge_id"])
    assert problem(await merge(profile, one, other)) == (409, "never-merge")
    refused = await gave_phone(profile, other, value)
    assert (refused.status_code, refused.json()["reason"]) == (409, "never-merge")
    assert await recognised(profile, "o-1", unionid="u-2") == one
    assert await recognised(profile, "o-2", appid="wx2", unionid="u-2") == other
    # Somebody is sure that they are one after all.
    door = profile.client(someone())
    assert (await door.delete(f"/v1/clients/{other}/never-merges/{one}")).status_code == 204
    assert (await merge(profile, one, other)).status_code == 201


async def test_people_keep_two_clients_apart_and_that_is_read_by_auditors(running: Start) -> None:
    profile = await running("profile")
    one, other, third = [await registered(profile) for _ in range(3)]
    door = profile.client(someone(Role.CLIENT_SERVICE))
    at = f"/v1/clients/{one}/never-merges/{other}"
    for _ in range(2):
        assert (await door.put(at, json={"reason": "mother and daughter"})).status_code == 204
    assert (await door.put(at, json={"reason": ""})).status_code == 422
    assert problem(await door.put(f"/v1/clients/{one}/never-merges/{one}", json={"reason": "why"})) == (
        409,
        "one-client-already",
    )
    assert (await door.put(f"/v1/clients/{one}/never-merges/{uuid4()}", json={"reason": "why"})).status_code == 404
    # It holds for whatever is part of the two.
    await merged(profile, third, other)
    assert problem(await merge(profile, third, one)) == (409, "never-merge")
    for client_id in (one, third):
        [pair] = (await profile.client(someone(Role.PRIVACY)).get(f"/v1/clients/{client_id}/never-merges")).json()[
            "items"
        ]
        assert {pair["one_id"], pair["other_id"]} == {one, other}
        assert (pair["reason"], pair["actor"]) == ("mother and daughter", "client-service:1")
    [row] = await profile.rows("select reason from never_merge")
    assert b"mother" not in row["reason"]
    assert (await door.get(f"/v1/clients/{one}/never-merges")).status_code == 403


async def test_who_merged_and_separated_when_and_why_is_read_by_auditors(running: Start) -> None:
    profile = await running("profile")
    one, other = await registered(profile), await registered(profile)
    answer = await merge(profile, one, other, by=someone(Role.CLIENT_SERVICE), reason="she showed both cards")
    merge_id = answer.json()["merge_id"]
    [row] = await profile.rows("select reason from client_merge")
    assert b"cards" not in row["reason"]
    at = f"/v1/clients/{one}/merges"
    [theirs] = (await profile.client(someone(Role.CLIENT_SERVICE)).get(at)).json()["items"]
    assert (theirs["merge_id"], theirs["reason"]) == (merge_id, None)
    await separate(profile, one, merge_id, by=someone(Role.PRIVACY))
    assert (await profile.client(someone(Role.CLIENT_SERVICE)).get(at)).json()["items"] == []
    [told] = (await profile.client(someone(Role.PRIVACY)).get(at)).json()["items"]
    assert (told["evidence"], told["actor"], told["reason"]) == ("staff", "client-service:1", "she showed both cards")
    assert told["separated_by"] == "privacy:1"
    assert told["separated_at"] > told["merged_at"]


async def test_only_who_sees_both_merges_and_only_who_sees_her_separates(running: Start) -> None:
    profile = await running("profile")
    one, other = await registered(profile), await registered(profile)
    await own(profile, one)
    mine, stranger = advisor(), advisor(UUID(int=9), boutique_id=OTHER_BOUTIQUE)
    assert problem(await merge(profile, one, other, by=mine)) == (404, "client-unknown")
    assert problem(await merge(profile, other, one, by=mine)) == (404, "client-unknown")
    await own(profile, other)
    answer = await merge(profile, one, other, by=mine)
    assert answer.status_code == 201
    merge_id = answer.json()["merge_id"]
    assert problem(await separate(profile, one, merge_id, by=stranger)) == (404, "client-unknown")
    # A merge is taken back under its own client.
    third = await registered(profile)
    assert problem(await separate(profile, third, merge_id)) == (404, "not-found")
    assert (await separate(profile, other, merge_id, by=mine)).status_code == 200
    assert problem(await separate(profile, one, merge_id)) == (404, "not-found")


async def test_the_advisor_who_came_with_a_record_leaves_with_it(running: Start) -> None:
    profile = await running("profile")
    a, b, c = [await registered(profile) for _ in range(3)]
    await own(profile, c, advisor_id=UUID(int=3))
    inner = await merged(profile, b, c)
    outer = await merged(profile, a, b)

    async def owners(*expected: int | None) -> None:
        async def so() -> bool:
            door, found = profile.client(someone()), []
            for one in (a, b, c):
                owner = (await door.get(f"/v1/clients/{one}/owner")).json()["advisor_id"]
                found.append(UUID(owner).int if owner else None)
            return found == list(expected)

        await until(so)

    await owners(3, 3, 3)
    await separate(profile, a, outer)
    await owners(None, 3, 3)
    await separate(profile, b, inner)
    await owners(None, None, 3)
    released = await profile.facts("profile.owner-released.v1")
    assert [fact["data"]["client_id"] for fact in released] == [a, b]


async def test_an_advisor_given_by_a_person_stays(running: Start) -> None:
    profile = await running("profile")
    a, b = await registered(profile), await registered(profile)
    await own(profile, b, advisor_id=UUID(int=2))
    merge_id = await merged(profile, a, b)

    async def inherited() -> bool:
        return bool(await profile.rows("select from client_owner where client_id = $1", UUID(a)))

    await until(inherited)
    await own(profile, a, advisor_id=UUID(int=1))
    await separate(profile, a, merge_id)

    async def settled() -> bool:
        return await profile.rows("select from outbox where published_at is null") == []

    await until(settled)
    door = profile.client(someone())
    owners = [(await door.get(f"/v1/clients/{one}/owner")).json()["advisor_id"] for one in (a, b)]
    assert owners == [str(UUID(int=1)), str(UUID(int=2))]


async def test_each_has_her_own_segment_again(running: Start) -> None:
    profile = await running("profile")
    a, b = await bought(profile, "C-1"), await registered(profile)
    merge_id = await merged(profile, b, a)

    async def placed(*segments: str) -> None:
        async def so() -> bool:
            door = profile.client(someone())
            found = [(await door.get(f"/v1/clients/{one}/card")).json()["segment"] for one in (a, b)]
            return tuple(found) == segments

        await until(so)

    await placed("occasional", "occasional")
    await separate(profile, b, merge_id)
    await placed("occasional", "newcomer")


async def test_what_each_allowed_is_hers_again_and_a_no_holds_for_both(running: Start) -> None:
    profile = await running("profile")
    a, b = await registered(profile), await registered(profile)
    door = profile.client(someone())

    async def says(client_id: str, *, granted: bool, notice: str = "1", purpose: str = "marketing") -> None:
        form = {
            "channel": "boutique",
            "consents": [{"purpose": purpose, "granted": granted, "notice_version": notice}],
        }
        answer = await door.put(f"/v1/clients/{client_id}/consents", json=form)
        assert answer.status_code == 200, answer.text

    async def allowed(purpose: str) -> list[bool]:
        found = []
        for one in (a, b):
            consents = (await door.get(f"/v1/clients/{one}/consents")).json()["items"]
            found += [consent["granted"] for consent in consents if consent["purpose"] == purpose]
        return found

    for purpose in ("marketing", "survey"):
        await says(b, granted=True, purpose=purpose)
    merge_id = await merged(profile, a, b)
    await says(a, granted=True, notice="2")
    await says(a, granted=False, purpose="survey")
    await separate(profile, a, merge_id)
    assert await allowed("marketing") == [True, True]
    assert await allowed("survey") == [False, False]
    withdrawn = await profile.facts("profile.consent-withdrawn.v1")
    assert {fact["data"]["client_id"] for fact in withdrawn} == {a, b}


@pytest.mark.parametrize("turns", [6])
async def test_rivals_who_merge_and_separate_the_same_records_take_turns(running: Start, turns: int) -> None:
    profile = await running("profile")
    for _ in range(turns):
        a, b, c = [await registered(profile) for _ in range(3)]
        first = await merged(profile, a, b)
        answers = await asyncio.gather(
            separate(profile, a, first),
            separate(profile, b, first),
            merge(profile, c, a),
            merge(profile, a, c),
            merge(profile, b, c),
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 404, 409}, [one.text for one in answers]
        assert [answer.status_code for answer in answers[:2]].count(200) == 1
        edges = await profile.rows(
            "select client_id, merged_client_id from client_merge where separated_at is null and client_id = any($1)",
            [UUID(one) for one in (a, b, c)],
        )
        parents = {str(edge["merged_client_id"]): str(edge["client_id"]) for edge in edges}

        def head(one: str, parents: dict[str, str] = parents) -> str:
            return head(parents[one]) if one in parents else one

        assert {one: (await seen(profile, one))["client_id"] for one in (a, b, c)} == {
            one: head(one) for one in (a, b, c)
        }
