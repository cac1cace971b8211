"""Records that may be one person: found, joined when it is certain, asked about when it is likely."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.identity import Caller, Role
from services.profile.desk.actions import duplicates
from tests.asking import once, until
from tests.conftest import Start
from tests.profile.build import (
    advisor,
    bought,
    gave_phone,
    imported,
    own,
    phone,
    recognised,
    registered,
    someone,
)
from tests.profile.test_merging import merge, problem, separate
from tests.running import Running


@pytest.fixture(autouse=True)
def _restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here waits five seconds for the next look."""
    monkeypatch.setattr(duplicates, "REST", 0.1)


async def waiting(profile: Running, *, by: Caller | None = None) -> list[dict[str, Any]]:
    """The pairs that wait, once everything that changed has been compared."""

    async def compared() -> bool:
        return await profile.rows("select from duplicate_search") == []

    await until(compared)
    items: list[dict[str, Any]] = (await profile.client(by or someone()).get("/v1/duplicates")).json()["items"]
    return items


def pairs(items: list[dict[str, Any]]) -> list[set[str]]:
    """Who is in them."""
    return [{item["one"]["client_id"], item["other"]["client_id"]} for item in items]


async def decide(profile: Running, duplicate_id: str, *, by: Caller | None = None, **form: Any) -> httpx.Response:
    """Decide of a pair."""
    at = f"/v1/duplicates/{duplicate_id}/decision"
    return await profile.client(by or someone()).post(at, json=form, headers=once())


async def says(profile: Running, client_id: str, value: str) -> httpx.Response:
    """A voice on the telephone says that this is her number: it proves nothing."""
    form = {"kind": "phone", "value": value}
    return await profile.client(someone()).post(f"/v1/clients/{client_id}/identities", json=form)


async def test_one_name_in_characters_and_in_pinyin_of_either_order_is_asked_about(running: Start) -> None:
    profile = await running("profile")
    one = await registered(profile, display_name="欧阳若怡")
    other = await registered(profile, display_name="Ruoyi Ouyang")
    await registered(profile, display_name="林晚秋")
    [found] = await waiting(profile)
    assert pairs([found]) == [{one, other}]
    assert found["grounds"] == ["name"]
    assert 0 < found["probability"] < 0.95
    assert {found["one"]["display_name"], found["other"]["display_name"]} == {"欧阳若怡", "Ruoyi Ouyang"}


async def test_a_corrected_name_is_compared_anew(running: Start) -> None:
    profile = await running("profile")
    one = await registered(profile, display_name="林晚秋")
    other = await registered(profile, display_name="wrongly heard")
    assert await waiting(profile) == []
    door = profile.client(someone())
    form = {"display_name": "Wanqiu Lin"}
    await door.patch(f"/v1/clients/{other}", json=form, headers={"If-Match": "*"})
    assert pairs(await waiting(profile)) == [{one, other}]


async def test_whoever_reads_alike_and_names_the_same_phone_is_joined_without_asking(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    one = await registered(profile, display_name="欧阳若怡", phone=value)
    other = await registered(profile, display_name="Ouyang Ruoyi")
    refused = await says(profile, other, value)
    assert (refused.status_code, refused.json()["reason"]) == (409, "number-not-verified")

    async def joined() -> bool:
        return bool(await profile.rows("select from client_merge"))

    await until(joined)
    assert await waiting(profile) == []
    [edge] = (await profile.client(someone()).get(f"/v1/clients/{other}/merges")).json()["items"]
    assert (edge["client_id"], edge["evidence"], edge["actor"]) == (one, "alike", "duplicates")
    # It was wrong, and is not done again.
    await separate(profile, one, edge["merge_id"])
    await says(profile, other, value)
    assert await waiting(profile) == []
    assert len(await profile.rows("select from client_merge")) == 1


async def test_two_histories_and_two_wechat_accounts_are_never_joined_without_asking(running: Start) -> None:
    profile = await running("profile")
    door = profile.client(someone())

    async def named(client_id: str, name: str) -> None:
        form = {"display_name": name}
        await door.patch(f"/v1/clients/{client_id}", json=form, headers={"If-Match": "*"})

    bought_one, bought_other = await bought(profile, "C-1"), await bought(profile, "C-2")
    in_wechat = [await recognised(profile, f"o-{n}", unionid=f"u-{n}") for n in range(2)]
    for (one, other), name, value in (
        ((bought_one, bought_other), "欧阳若怡", phone()),
        (in_wechat, "诸葛晴岚", phone()),
    ):
        for client_id in (one, other):
            await named(client_id, name)
        await gave_phone(profile, one, value)
        assert (await gave_phone(profile, other, value)).status_code == 409
    found = await waiting(profile)
    assert sorted(map(sorted, pairs(found))) == sorted([sorted((bought_one, bought_other)), sorted(in_wechat)])
    assert {tuple(item["grounds"]) for item in found} == {("name", "phone")}
    assert await profile.rows("select from client_merge") == []
    [of_wechat] = [item for item in found if item["one"]["client_id"] in in_wechat]
    refused = await decide(profile, of_wechat["duplicate_id"], survivor_id=in_wechat[0])
    assert problem(refused) == (409, "two-wechat-accounts")


async def test_a_decision_joins_the_two_or_keeps_them_apart_and_neither_is_asked_again(running: Start) -> None:
    profile = await running("profile")
    for name in ("欧阳若怡", "诸葛晴岚"):
        await registered(profile, display_name=name)
        await registered(profile, display_name=name)
    first, second = await waiting(profile)
    survivor = first["other"]["client_id"]
    assert problem(await decide(profile, first["duplicate_id"], survivor_id=str(uuid4()))) == (404, "not-found")
    assert (await decide(profile, first["duplicate_id"])).status_code == 422
    answer = await decide(profile, first["duplicate_id"], survivor_id=survivor, reason="same card")
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"duplicate_id": first["duplicate_id"], "client_id": survivor}
    assert (await decide(profile, second["duplicate_id"], survivor_id=None, reason="twins")).status_code == 201
    assert await waiting(profile) == []
    for decided in (first, second):
        assert problem(await decide(profile, decided["duplicate_id"], survivor_id=None)) == (404, "not-found")
    assert problem(await merge(profile, second["one"]["client_id"], second["other"]["client_id"])) == (
        409,
        "never-merge",
    )
    # Somebody of the two is compared anew: still nobody is asked.
    await profile.client(someone()).patch(
        f"/v1/clients/{second['one']['client_id']}", json={"salutation": "女士"}, headers={"If-Match": "*"}
    )
    assert await waiting(profile) == []


async def test_only_who_sees_both_is_asked(running: Start) -> None:
    profile = await running("profile")
    one, other = [await registered(profile, display_name="欧阳若怡") for _ in range(2)]
    [found] = await waiting(profile)
    await own(profile, one)
    assert await waiting(profile, by=advisor()) == []
    refused = await decide(profile, found["duplicate_id"], by=advisor(), survivor_id=one)
    assert problem(refused) == (404, "not-found")
    await own(profile, other)
    assert pairs(await waiting(profile, by=advisor())) == [{one, other}]
    assert (await decide(profile, found["duplicate_id"], by=advisor(), survivor_id=one)).status_code == 201


async def test_the_queue_is_read_in_pages_the_likeliest_first(running: Start) -> None:
    profile = await running("profile")
    for name in ("欧阳若怡", "诸葛晴岚", "司马清云"):
        await registered(profile, display_name=name)
        await registered(profile, display_name=name)
    everything = await waiting(profile)
    assert len(everything) == 3
    read: list[dict[str, Any]] = []
    door, cursor = profile.client(someone()), None
    while cursor or not read:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await door.get("/v1/duplicates", params=query)).json()
        read += page["items"]
        cursor = page["next_cursor"]
    assert read == everything
    assert [one["probability"] for one in read] == sorted((one["probability"] for one in read), reverse=True)
    assert (await door.get("/v1/duplicates", params={"cursor": "made-up"})).status_code == 400


async def test_rivals_who_decide_of_one_pair_take_turns(running: Start) -> None:
    profile = await running("profile")
    one, other = [await registered(profile, display_name="欧阳若怡") for _ in range(2)]
    [found] = await waiting(profile)
    wishes: list[str | None] = [one, other, None, one]
    answers = await asyncio.gather(*[decide(profile, found["duplicate_id"], survivor_id=wish) for wish in wishes])
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.status_code for answer in answers} <= {201, 404, 409}


async def test_a_number_that_many_name_is_found_to_be_shared_and_merges_nobody_any_more(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    first = await registered(profile, display_name="林晚秋", phone=value)
    second = await registered(profile, display_name="周清和")
    third = await registered(profile, display_name="韩雪")
    till = profile.client(someone(Role.POS))
    asked = {"identities": [{"kind": "phone", "value": value}]}
    assert (await says(profile, second, value)).status_code == 409
    assert [one["client_id"] for one in (await till.post("/v1/clients/identify", json=asked)).json()["items"]] == [
        first
    ]
    assert (await says(profile, third, value)).status_code == 409
    # From the third on it is a driver's: whoever shows it is one of several, and nobody learns a whole name.
    items = (await till.post("/v1/clients/identify", json=asked)).json()["items"]
    assert {one["client_id"] for one in items} == {first, second, third}
    assert {one["masked_name"] for one in items} == {"林**", "周**", "韩**"}
    newcomer = await recognised(profile, "o-1")
    for _ in range(2):
        assert (await gave_phone(profile, newcomer, value)).json() == {"client_id": newcomer, "merged": False}
    fourth = await registered(profile, phone=value)
    assert len((await till.post("/v1/clients/identify", json=asked)).json()["items"]) == 5
    brought = imported(phone=value)
    answer = await profile.client(someone()).post("/v1/clients/batch", json={"clients": [brought]})
    assert answer.json()["items"][0]["status"] == "created"
    assert await profile.rows("select from client_merge") == []
    record = (await profile.client(someone()).get(f"/v1/clients/{fourth}")).json()
    assert [known["kind"] for known in record["identities"]] == ["phone"]


async def test_staff_say_that_a_number_is_a_familys(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    one = await registered(profile, phone=value)
    other = await registered(profile)
    at = "/v1/clients/{}/shared-identifiers"
    door = profile.client(someone())
    assert (await door.post(at.format(other), json={"value": value})).status_code == 404
    assert (await door.post(at.format(uuid4()), json={"value": value})).status_code == 404
    assert (await door.post(at.format(one), json={"value": "12345"})).status_code == 400
    for _ in range(2):
        assert (await door.post(at.format(one), json={"value": value})).status_code == 204
    newcomer = await recognised(profile, "o-1")
    assert (await gave_phone(profile, newcomer, value)).json() == {"client_id": newcomer, "merged": False}
    assert await profile.rows("select from client_merge") == []


@pytest.mark.parametrize("name", ["曾小贤", "微信客户"])
async def test_nobody_is_asked_about_those_of_whom_nobody_knows_a_name(running: Start, name: str) -> None:
    profile = await running("profile")
    await recognised(profile, "o-1")
    await recognised(profile, "o-2")
    await bought(profile, "C-1")
    await registered(profile, display_name=name)
    assert await waiting(profile) == []
