"""E-mail, WeCom contacts, shops' buyers and masked phones: what each of them proves, and what it does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from infra.identity import Role
from services.profile.clients.models.days import Day
from services.profile.clients.rules import Calendar
from services.profile.identities.models import EmailUnreadable, Named, judge, mailbox, shown_of, tail_of
from tests.asking import once
from tests.conftest import Start
from tests.profile.build import (
    advisor,
    bought,
    gateway,
    imported,
    names,
    own,
    phone,
    receipt,
    recognised,
    registered,
    someone,
)
from tests.profile.test_data_requests import erase
from tests.profile.test_duplicates import pairs, waiting
from tests.profile.test_merging import separate
from tests.running import Running

SHOP = "tmall-aurore"


async def gave(profile: Running, client_id: str, kind: str, value: str, **more: Any) -> httpx.Response:
    """The gateway hands an identifier over; by default she answered what was sent there."""
    form = {"kind": kind, "value": value, "source": "answered", **more}
    return await profile.client(gateway()).post(f"/v1/clients/{client_id}/identities", json=form)


async def contact(profile: Running, external_userid: str, *, unionid: str | None = None, corpid: str = "ww1") -> str:
    """The id of whoever added an advisor in WeCom."""
    form = {"corpid": corpid, "external_userid": external_userid} | ({"unionid": unionid} if unionid else {})
    answer = await profile.client(gateway()).post("/v1/clients/recognise", json=form)
    assert answer.status_code == 200, answer.text
    client_id: str = answer.json()["client_id"]
    return client_id


async def identified(profile: Running, kind: str, value: str, **more: Any) -> list[str]:
    form = {"identities": [{"kind": kind, "value": value, **more}]}
    answer = await profile.client(someone(Role.POS)).post("/v1/clients/identify", json=form)
    assert answer.status_code == 200, answer.text
    return [one["client_id"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" Li.Ruoyi@MAIL.Example.COM ", "Li.Ruoyi@mail.example.com"),
        ("li@例子.中国", "li@xn--fsqu00a.xn--fiqs8s"),
        ("li@XN--FSQU00A.xn--fiqs8s", "li@xn--fsqu00a.xn--fiqs8s"),
        # No provider's own rules: these may be three people.
        ("li.ruoyi+vip@gmail.com", "li.ruoyi+vip@gmail.com"),
        ("liruoyi@gmail.com", "liruoyi@gmail.com"),
        ("LiRuoyi@gmail.com", "LiRuoyi@gmail.com"),
    ],
)
def test_of_an_address_only_the_domain_is_brought_into_one_form(typed: str, read: str) -> None:
    assert mailbox(typed) == read


@pytest.mark.parametrize(
    "typed", ["", "li", "li@", "@mail.example", "li@localhost", "李 <li@mail.example>", "a b@c.cn"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(EmailUnreadable):
        mailbox(typed)


async def test_an_address_joins_two_records_only_when_she_answered_from_it(running: Start) -> None:
    now = datetime(2026, 4, 1, tzinfo=UTC)
    profile = await running("profile", clock=lambda: now)
    known, newcomer = await bought(profile, "C-1"), await recognised(profile, "o-1")
    assert (await gave(profile, known, "email", "Li@Mail.Example")).json() == {"client_id": known, "merged": False}
    # An advisor who has her before him has still not seen her mailbox.
    await own(profile, newcomer)
    typed = {"kind": "email", "value": "Li@mail.example"}
    refused = await profile.client(advisor()).post(f"/v1/clients/{newcomer}/identities", json=typed)
    assert (refused.status_code, refused.json()["reason"]) == (409, "other-record-not-open")
    refused = await profile.client(someone()).post(f"/v1/clients/{newcomer}/identities", json=typed)
    assert (refused.status_code, refused.json()["reason"]) == (409, "address-not-verified")
    now += timedelta(days=366)
    refused = await gave(profile, newcomer, "email", "Li@mail.example")
    assert (refused.status_code, refused.json()["reason"]) == (409, "address-not-seen-lately")
    assert (await gave(profile, known, "email", "Li@mail.example")).status_code == 200
    joined = await gave(profile, newcomer, "email", "Li@mail.example")
    assert joined.json() == {"client_id": known, "merged": True}
    assert await identified(profile, "email", "Li@MAIL.example") == [known]
    record = (await profile.client(someone()).get(f"/v1/clients/{known}")).json()
    assert {"kind": "email", "system": None, "value": "Li@mail.example"} in record["identities"]
    [edge] = (await profile.client(someone()).get(f"/v1/clients/{known}/merges")).json()["items"]
    assert edge["evidence"] == "email:answered"
    # Separated, each has again what was hers; and nothing joins them a second time.
    await separate(profile, known, edge["merge_id"])
    assert (await gave(profile, newcomer, "email", "Li@mail.example")).json()["reason"] == "never-merge"
    assert await identified(profile, "email", "Li@mail.example") == [known]


async def test_an_address_that_was_only_typed_waits_for_its_proof(running: Start) -> None:
    profile = await running("profile")
    known, newcomer = await registered(profile, email="a@mail.example"), await recognised(profile, "o-1")
    rows = await profile.rows("select confirmed_at from identity where kind = 'email'")
    assert [row["confirmed_at"] for row in rows] == [None]
    refused = await gave(profile, newcomer, "email", "a@mail.example")
    assert (refused.status_code, refused.json()["reason"]) == (409, "address-not-seen-lately")
    assert (await gave(profile, known, "email", "a@mail.example")).status_code == 200
    assert (await gave(profile, newcomer, "email", "a@mail.example")).json() == {"client_id": known, "merged": True}


async def test_an_address_of_a_family_is_found_to_be_shared(running: Start) -> None:
    profile = await running("profile")
    every = [await registered(profile, display_name=name) for name in ("李若怡", "王晓明", "张子涵")]
    for client_id in every:
        await profile.client(someone()).post(
            f"/v1/clients/{client_id}/identities", json={"kind": "email", "value": "home@mail.example"}
        )
    assert sorted(await identified(profile, "email", "home@mail.example")) == sorted(every)
    other = await registered(profile, email="firm@mail.example")
    form = {"kind": "email", "value": "firm@mail.example"}
    hq = profile.client(someone())
    assert (await hq.post(f"/v1/clients/{other}/shared-identifiers", json=form)).status_code == 204
    # It is free for anybody, and joins nobody.
    third = await recognised(profile, "o-1")
    assert (await gave(profile, third, "email", "firm@mail.example")).json() == {"client_id": third, "merged": False}


async def test_a_wecom_contact_is_one_per_corp_and_joined_by_its_unionid_alone(running: Start) -> None:
    profile = await running("profile")
    first = await contact(profile, "wm-1")
    assert await contact(profile, "wm-1") == first
    assert await contact(profile, "wm-1", corpid="ww2") != first
    in_app = await recognised(profile, "o-1", unionid="u-1")
    assert in_app != first
    # The corp binds its Open Platform account: from then on WeCom tells who she is in WeChat.
    assert await contact(profile, "wm-1", unionid="u-1") == in_app
    assert await contact(profile, "wm-1") == in_app
    # Somebody else's unionid on a contact that is hers: two people, and nothing is joined.
    other = await recognised(profile, "o-2", unionid="u-2")
    assert await contact(profile, "wm-1", unionid="u-2") == in_app
    assert await recognised(profile, "o-2") == other
    # Two contacts of one corp are two WeChat accounts: a phone does not join them.
    one, another, value = await contact(profile, "wm-8"), await contact(profile, "wm-9"), phone()
    assert (await gave(profile, one, "phone", value)).status_code == 200
    refused = await gave(profile, another, "phone", value)
    assert (refused.status_code, refused.json()["reason"]) == (409, "two-wechat-accounts")
    record = (await profile.client(someone()).get(f"/v1/clients/{one}")).json()
    assert {"kind": "wecom", "system": "ww1", "value": None} in record["identities"]
    for form in ({"appid": "wx1"}, {"corpid": "ww1", "openid": "o"}, {"appid": "w", "openid": "o", "corpid": "c"}):
        unclear = await profile.client(gateway()).post("/v1/clients/recognise", json=form)
        assert (unclear.status_code, unclear.json()["type"]) == (400, "urn:maison:problem:wechat-unclear")


async def test_a_shops_buyer_is_hers_by_shop_and_number_and_its_orders_are_her_history(running: Start) -> None:
    profile = await running("profile")
    known = await registered(profile, display_name="李若怡", eshop_ids=[{"system": SHOP, "value": "AAH-1"}])
    assert await identified(profile, "eshop", "AAH-1", system=SHOP) == [known]
    # Another shop's number, and a till's, are other numbers.
    assert await identified(profile, "eshop", "AAH-1", system="jd-aurore") == []
    assert await identified(profile, "pos", "AAH-1", system=SHOP) == []
    order = receipt(channel="e-shop", masked_phone="138****8000")
    order["customer"] = {"kind": "eshop", "system": SHOP, "value": "AAH-1"}
    other_order = receipt(channel="e-shop", masked_name="王*", masked_phone="****")
    other_order["customer"] = {"kind": "eshop", "system": SHOP, "value": "AAH-2"}
    till = profile.client(someone(Role.POS))
    assert (await till.post("/v1/purchases/batch", json={"receipts": [other_order]})).status_code == 422
    other_order |= {"masked_phone": "******00"}
    answer = await till.post("/v1/purchases/batch", json={"receipts": [order, other_order]})
    assert answer.status_code == 207
    page = (await profile.client(someone()).get(f"/v1/clients/{known}/purchases")).json()["items"]
    assert [one["receipt"] for one in page] == [order["receipt"]]
    kept = await profile.rows(
        "select standing, system, tail is null as untold from identity where kind = 'masked-phone'"
    )
    assert sorted(tuple(row.values()) for row in kept) == [("claimed", "", False), ("claimed", "", True)]
    # Whom nobody knows yet is called what the shop shows of her.
    [unknown] = await identified(profile, "eshop", "AAH-2", system=SHOP)
    record = (await profile.client(someone()).get(f"/v1/clients/{unknown}")).json()
    assert record["display_name"] == "王*"
    other = await registered(profile)
    taken = await gave(profile, other, "eshop", "AAH-1", system=SHOP)
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:maison:problem:identity-taken")


async def test_a_mask_is_compared_and_never_identifies(running: Start) -> None:
    profile = await running("profile")
    number = "+8613812348000"
    known = await registered(profile, display_name="欧阳若怡", phone=number)
    # The same mask of three buyers of a shop: one reads like her, one has her family name, one has nothing of hers.
    same, family, other = [
        await registered(
            profile, display_name=name, masked_phone="138****8000", eshop_ids=[{"system": SHOP, "value": id_}]
        )
        for id_, name in (("1", "欧阳若怡"), ("2", "欧**"), ("3", "王晓明"))
    ]
    found = await waiting(profile)
    assert {known, same} in pairs(found)
    assert {known, family} in pairs(found)
    assert not any({known, other} == pair for pair in pairs(found))
    by_mask = next(one for one in found if {one["one"]["client_id"], one["other"]["client_id"]} == {known, same})
    assert by_mask["grounds"] == ["name", "masked-phone"]
    # However much speaks for it, nobody is joined by a mask.
    assert await profile.rows("select from client_merge") == []
    door = profile.client(someone())
    for form in ({"kind": "masked-phone", "value": "138****8000"}, {"kind": "phone", "value": "138****8000"}):
        asked = await profile.client(someone(Role.POS)).post("/v1/clients/identify", json={"identities": [form]})
        assert asked.status_code in {400, 422}
    assert (await gave(profile, other, "masked-phone", "138****8000")).json() == {"client_id": other, "merged": False}
    bad = await gave(profile, other, "masked-phone", "13812348000")
    assert (bad.status_code, bad.json()["type"]) == (400, "urn:maison:problem:mask-unreadable")
    assert (await door.post("/v1/clients/search", json={"text": "8000"})).json()["items"][0]["client_id"] == known
    with pytest.raises(Exception, match="ck_identity_mask"):
        await profile.rows("update identity set standing = 'held' where kind = 'masked-phone' returning 1")


async def test_none_of_these_brings_back_who_was_erased_but_she_may_come_herself(running: Start) -> None:
    profile = await running("profile")
    client_id = await contact(profile, "wm-1")
    await gave(profile, client_id, "email", "gone@mail.example")
    await gave(profile, client_id, "eshop", "AAH-1", system=SHOP)
    await gave(profile, client_id, "masked-phone", "138****8000")
    await erase(profile, client_id)
    assert await profile.rows("select from identity") == []
    others = [imported(email="gone@MAIL.example"), imported(eshop_ids=[{"system": SHOP, "value": "AAH-1"}])]
    again = (await profile.client(someone()).post("/v1/clients/batch", json={"clients": others})).json()["items"]
    assert [one["code"] for one in again] == ["client-erased"] * 2
    form = {"corpid": "ww1", "external_userid": "wm-1"}
    assert (await profile.client(gateway()).post("/v1/clients/recognise", json=form)).status_code == 410
    herself = await recognised(profile, "o-1", unionid="u-1")
    # Back in the app, she is in WeCom too: there is nobody else whose contact that could be.
    assert await contact(profile, "wm-1", unionid="u-1") == herself
    for kind, value, more in (("email", "gone@mail.example", {}), ("wecom", "wm-1", {"system": "ww1"})):
        assert (await gave(profile, herself, kind, value, **more)).json()["client_id"] == herself


async def test_an_import_brings_birthdays_addresses_and_shops_and_says_what_is_wrong(running: Start) -> None:
    profile = await running("profile", clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    lunar = {"calendar": "lunar", "year": 1984, "month": 10, "day": 3, "leap_month": True}
    people = [
        imported("M-1", birthday=lunar, email="A@Mail.Example", language="en", salutation="女士"),
        imported("M-2", birthday={"month": 2, "day": 29}, eshop_ids=[{"system": SHOP, "value": "1"}]),
        imported("M-3", birthday={"month": 2, "day": 30}),
        imported("M-4", birthday={"year": 2026, "month": 7, "day": 1}),
        imported("M-5", email="nobody"),
        imported("M-6", email="A@mail.example"),
        # A child's consent is her guardian's, of which an import knows nothing.
        imported("M-9", birthday={"year": 2014, "month": 7, "day": 1}, consents=["survey"]),
        *(imported(name, masked_phone="138****8000") for name in ("M-7", "M-8")),
    ]
    hq = profile.client(someone())
    items: list[dict[str, Any]] = []
    for status in ("created", "known"):
        items = (await hq.post("/v1/clients/batch", json={"clients": people})).json()["items"]
        assert [one["status"] for one in items] == [status, status, *["rejected"] * 5, status, status]
        wrong = ["no-such-day", "day-ahead", "email-unreadable", "identity-taken", "guardian-needed"]
        assert [one["code"] for one in items[2:7]] == wrong
    hers = (await hq.get(f"/v1/clients/{items[0]['client_id']}")).json()
    assert hers["birthday"] | {"next_on": None} == {**lunar, "next_on": None}
    assert (hers["language"], hers["salutation"]) == ("en", "女士")
    assert {"kind": "email", "system": None, "value": "A@mail.example"} in hers["identities"]
    sealed = await profile.rows("select value from identity")
    assert not any(b"mail.example" in row["value"] or b"8000" in row["value"] for row in sealed)


async def test_she_is_found_by_her_address_and_by_a_serial_within_what_one_may_see(running: Start) -> None:
    profile = await running("profile")
    hers, other = [await registered(profile, email=f"{name}@mail.example") for name in ("a", "b")]
    door = profile.client(someone())
    entered = await door.post(f"/v1/clients/{hers}/owned-pieces", json={"serial": "AB 12-345"}, headers=once())
    assert entered.status_code == 201
    await own(profile, other)

    async def found(who: Any, **form: Any) -> list[str]:
        answer = await profile.client(who).post("/v1/clients/search", json=form)
        assert answer.status_code == 200, answer.text
        return [one["client_id"] for one in answer.json()["items"]]

    for form in ({"text": "ab12-345"}, {"criteria": {"serial": "AB12-345"}}, {"text": "a@MAIL.example"}):
        assert await found(someone(), **form) == [hers]
        assert await found(advisor(), **form) == []
        assert await found(someone(brand_id="other"), **form) == []
    assert await found(advisor(), criteria={"email": "b@mail.example"}) == [other]
    # The record is hers who bought it, under whichever of her records.
    await own(profile, hers)
    merged = await door.post(f"/v1/clients/{other}/merges", json={"other_client_id": hers}, headers=once())
    assert merged.status_code == 201
    assert await found(advisor(), text="AB12-345") == [other]
    # Handed on, it leads to nobody who no longer has it.
    heir = await registered(profile, display_name=names("林晚秋")["display_name"])
    piece_id = entered.json()["piece_id"]
    given = await door.post(
        f"/v1/owned-pieces/{piece_id}/owners",
        json={"kind": "given", "client_id": heir},
        headers={**once(), "If-Match": "*"},
    )
    assert given.status_code == 201, given.text
    assert await found(someone(), text="AB12-345") == [heir]


def _born(month: int, day: int, year: int | None = None, calendar: Calendar = Calendar.SOLAR) -> Named:
    return Named("", "", born=Day(calendar, month, day, year))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (_born(10, 3, 1984), _born(10, 3, 1984), 3),
        # The third of the tenth month of 1984 by the moon was the 26th by the sun.
        (_born(10, 3, 1984, Calendar.LUNAR), _born(10, 26, 1984), 3),
        (_born(10, 3), _born(10, 3, 1984), 2),
        (_born(10, 3, 1984), _born(3, 10, 1984), 1),
        (_born(10, 3, 1984), _born(10, 3, 1948), 1),
        (_born(10, 3, 1984, Calendar.LUNAR), _born(10, 3), 1),
        (_born(10, 3), _born(10, 4), 0),
        (_born(10, 3, 1984), _born(5, 17, 1990), 0),
        (_born(10, 3, None, Calendar.LUNAR), _born(11, 25), -1),
        (_born(1, 1, 1990), _born(10, 3, 1984), -1),
        (Named("", ""), _born(10, 3), -1),
    ],
)
def test_birthdays_are_compared_by_sun_and_moon_as_far_as_they_are_known(one: Named, other: Named, level: int) -> None:
    assert one.compared(other)[-1] == other.compared(one)[-1] == level


def test_a_birthday_speaks_for_and_against_and_joins_nobody_alone() -> None:
    def chance(*born: Day | None, number: str = "") -> Any:
        phones = frozenset({number} if number else ())
        one, other = (Named("李娜", "lina", phones, born=day) for day in born)
        return judge(one, other, records=20_000, namesakes=40, bearers=2)

    hers, another = Day(Calendar.SOLAR, 10, 3, 1984), Day(Calendar.SOLAR, 5, 17, 1990)
    assert chance(hers, hers).chance > chance(None, None).chance > chance(hers, another).chance
    assert chance(hers, hers).grounds == ["name", "birthday"]
    assert not chance(hers, hers).is_certain
    # Two who have one phone, one name and two birthdays are asked about.
    assert chance(None, None, number="+8613800138000").is_certain
    unlike = chance(hers, another, number="+8613800138000")
    assert (unlike.is_certain, unlike.is_likely) == (False, True)


def test_of_masks_only_what_they_show_is_read() -> None:
    assert [shown_of(name) for name in ("李**", "L*", "李＊", "*怡", "李若怡")] == ["李", "l", "李", None, None]
    assert [tail_of(number) for number in ("138****8000", "138******00", "+8613800138000")] == ["8000", None, "8000"]
