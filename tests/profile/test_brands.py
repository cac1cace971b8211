"""One client of two brands: nothing crosses the wall before she allows it in both, nor after she no longer does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.identity import Caller, Role
from services.profile.identities.rules import Proven, may_be_one, one_of
from tests.asking import once, tell
from tests.conftest import Start
from tests.profile.build import ADVISOR, BOUTIQUE, advisor, client_of, own, phone, receipt, someone, visit
from tests.profile.test_data_requests import erase
from tests.running import Running

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HERE, THERE = "lumiere", "ombre"


class Brand:
    """One brand of the house, asked through its own callers."""

    def __init__(self, profile: Running, brand_id: str) -> None:
        self.profile, self.brand_id = profile, brand_id

    def door(self, by: Caller) -> Any:
        """Whoever asks, as somebody of this brand."""
        return self.profile.client(replace(by, brand_id=self.brand_id))

    async def recognised(self, openid: str, *, unionid: str | None = None, number: str | None = None) -> str:
        """Somebody in this brand's own app, with WeChat's word for her number."""
        gateway = self.door(Caller("gateway", Role.SERVICE, self.brand_id))
        form = {"appid": f"wx-{self.brand_id}", "openid": openid} | ({"unionid": unionid} if unionid else {})
        client_id: str = (await gateway.post("/v1/clients/recognise", json=form)).json()["client_id"]
        if number:
            told = {"kind": "phone", "value": number, "source": "wechat"}
            answer = await gateway.post(f"/v1/clients/{client_id}/identities", json=told)
            assert answer.status_code == 200, answer.text
        return client_id

    async def bought(self, client_id: str, name: str, at: str) -> None:
        """A receipt of hers."""
        till = {"kind": "pos", "system": "till", "value": f"{self.brand_id}-{client_id}"}
        gateway = self.door(Caller("gateway", Role.SERVICE, self.brand_id))
        answer = await gateway.post(f"/v1/clients/{client_id}/identities", json=till)
        assert answer.status_code == 200, answer.text
        payments = [{"method": "cash", "amount_minor": 100_000}]
        one = receipt(name, customer=till["value"], purchased_at=at, payments=payments)
        sold = await self.door(someone(Role.POS)).post("/v1/purchases", json=one, headers=once())
        assert sold.status_code == 201, sold.text

    async def decides(self, client_id: str, *, granted: bool) -> None:
        """Her word on the use by other brands, on her phone."""
        form = {"consents": [{"purpose": "cross-brand", "granted": granted, "notice_version": "2026-1"}]}
        answer = await self.door(client_of(client_id)).put("/v1/me/consents", json=form)
        assert answer.status_code == 200, answer.text

    async def sees(self, by: Caller, at: str, **query: Any) -> list[tuple[str, str]]:
        """Brand and receipt, or kind, of each item, over all pages."""
        found: list[tuple[str, str]] = []
        cursor = None
        while True:
            params = query | ({"cursor": cursor} if cursor else {})
            answer = await self.door(by).get(f"/v1/{at}/across-brands", params=params)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += [(one["brand_id"], one.get("receipt") or one["kind"]) for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


async def _she(running: Start, **proof: str) -> tuple[Brand, Brand, str, str]:
    """She in two brands, with two receipts in each, owned by an advisor in each; she has decided nothing."""
    profile = await running("profile", clock=lambda: NOW)
    here, there = Brand(profile, HERE), Brand(profile, THERE)
    hers = await here.recognised("o-1", **proof)
    also = await there.recognised("o-9", **proof)
    for brand, client_id, days in ((here, hers, (1, 3)), (there, also, (2, 4))):
        for day in days:
            await brand.bought(client_id, f"R-{day}", f"2026-03-0{day}T12:00:00+08:00")
    await own(profile, hers)
    owner = {"advisor_id": str(ADVISOR), "boutique_id": str(BOUTIQUE)}
    door = there.door(Caller("gateway", Role.SERVICE, THERE))
    assert (await door.put(f"/v1/clients/{also}/owner", json=owner, headers={"If-Match": "*"})).status_code == 200
    return here, there, hers, also


OWN = [(HERE, "R-3"), (HERE, "R-1")]
ALL = [(THERE, "R-4"), (HERE, "R-3"), (THERE, "R-2"), (HERE, "R-1")]


async def test_her_history_is_whole_while_she_allows_it_in_both_brands_and_only_then(running: Start) -> None:
    here, there, hers, also = await _she(running, unionid="u-1")
    mine, me = f"clients/{hers}/purchases", client_of(hers)

    async def is_whole(*, expected: bool) -> None:
        for limit in (1, 3, 50):
            assert await here.sees(advisor(), mine, limit=limit) == (ALL if expected else OWN)
        assert await here.sees(me, "me/purchases") == (ALL if expected else OWN)
        there_sees = await there.sees(advisor(), f"clients/{also}/purchases")
        assert there_sees == (ALL if expected else [one for one in ALL if one not in OWN])

    await is_whole(expected=False)
    await here.decides(hers, granted=True)
    await is_whole(expected=False)
    await there.decides(also, granted=True)
    await is_whole(expected=True)
    # Withdrawn in either, nothing crosses any more in either direction, from the next request on.
    for brand, client_id in ((here, hers), (there, also)):
        await brand.decides(client_id, granted=False)
        await is_whole(expected=False)
        await brand.decides(client_id, granted=True)
        await is_whole(expected=True)
    # What was paid with and who sold it stays in its brand; that somebody looked stands in that brand's log.
    page = (await here.door(advisor()).get(f"/v1/{mine}/across-brands")).json()["items"]
    assert [bool(one["payments"]) for one in page] == [False, True, False, True]
    log = (await there.door(someone(Role.PRIVACY)).get(f"/v1/clients/{also}/access-log")).json()["items"]
    assert (log[0]["subject"], log[0]["ground"], log[0]["seen"]) == (
        f"{HERE}/advisor:{ADVISOR}",
        "cross-brand",
        "purchases",
    )
    shown = (await there.door(client_of(also)).get("/v1/me/access-log")).json()["items"]
    assert "cross-brand" in {one["ground"] for one in shown}
    # Erased there, she is nobody there; and here everything is as before.
    await erased_in(there, also)
    assert await here.sees(advisor(), mine) == OWN


async def erased_in(brand: Brand, client_id: str) -> None:
    """Erase her in one brand."""
    officer = brand.door(someone(Role.PRIVACY))
    asked = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": "erase"}, headers=once())
    for step in ("verify", "start"):
        answer = await officer.post(
            f"/v1/data-requests/{asked.json()['request_id']}/{step}", headers={**once(), "If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text


async def test_whoever_is_not_her_own_advisor_sees_this_brand_only(running: Start) -> None:
    here, there, hers, also = await _she(running, unionid="u-1")
    for brand, client_id in ((here, hers), (there, also)):
        await brand.decides(client_id, granted=True)
    at = f"clients/{hers}/purchases"
    manager = advisor(UUID(int=7), role=Role.MANAGER)
    assert await here.sees(manager, at) == ALL
    # Present at her boutique, or opened for a day: that is a reason to know her here.
    guest = advisor(UUID(int=8), boutique_id=UUID(int=9))
    booked = visit(hers, boutique_id=UUID(int=9), starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    await tell(here.profile, "appointments.confirmed.v1", booked, about=f"appointment:{booked['appointment_id']}")
    assert await here.sees(guest, at) == OWN
    stranger = here.door(advisor(UUID(int=6), boutique_id=UUID(int=5)))
    assert (await stranger.get(f"/v1/{at}/across-brands")).status_code == 404
    for role in (Role.HEADQUARTERS, Role.PRIVACY, Role.CLIENT_SERVICE, Role.POS, Role.PARTNER):
        assert (await here.door(someone(role)).get(f"/v1/{at}/across-brands")).status_code == 403
    # The other brand's id of her opens nothing here, and hers nothing there.
    assert (await here.door(advisor()).get(f"/v1/clients/{also}/purchases/across-brands")).status_code == 404
    # Her contacts too; of those of the other brand not with whom.
    kinds = await here.sees(advisor(), f"clients/{hers}/timeline")
    assert {brand for brand, _ in kinds} == {HERE, THERE}
    page = (await here.door(advisor()).get(f"/v1/clients/{hers}/timeline/across-brands?kind=purchase")).json()["items"]
    assert {one["advisor_id"] for one in page if one["brand_id"] == THERE} == {None}
    assert all(set(one["details"]) <= {"piece_code"} for one in page if one["brand_id"] == THERE)
    # Whose data is not to be used there is not shown here.
    officer = there.door(someone(Role.PRIVACY))
    asked = await officer.post(f"/v1/clients/{also}/data-requests", json={"kind": "restrict"}, headers=once())
    for step in ("verify", "start"):
        await officer.post(
            f"/v1/data-requests/{asked.json()['request_id']}/{step}", headers={**once(), "If-Match": "*"}
        )
    assert await here.sees(advisor(), at) == OWN


async def test_a_number_that_wechat_vouched_for_is_proof_and_a_tills_word_or_two_accounts_are_not(
    running: Start,
) -> None:
    here, there, hers, also = await _she(running, number=phone())
    for brand, client_id in ((here, hers), (there, also)):
        await brand.decides(client_id, granted=True)
    at = f"clients/{hers}/purchases"
    assert await here.sees(advisor(), at) == ALL
    # Each turns out to have a WeChat account of her own: a number that both had shows nothing any more.
    await here.recognised("o-1", unionid="u-1")
    assert await here.sees(advisor(), at) == ALL
    await there.recognised("o-9", unionid="u-2")
    assert await here.sees(advisor(), at) == OWN
    # A number that only a till named in the other brand.
    number = phone()
    one = await here.recognised("o-2", number=number)
    other = await there.recognised("o-8")
    told = {"kind": "phone", "value": number}
    answer = await there.door(someone(Role.POS)).post(f"/v1/clients/{other}/identities", json=told)
    assert answer.status_code == 200
    await there.bought(other, "R-9", "2026-03-09T12:00:00+08:00")
    for brand, client_id in ((here, one), (there, other)):
        await brand.decides(client_id, granted=True)
    assert await here.sees(client_of(one), "me/purchases") == []
    # Merged and separated there, she is found as whom she is.
    await erase(here.profile, one)
    assert (await here.door(client_of(one)).get("/v1/me/purchases/across-brands")).status_code == 404


@pytest.mark.parametrize(
    ("by_unionid", "by_any", "meant"),
    [
        (set(), set(), None),
        (set(), {UUID(int=1)}, UUID(int=1)),
        (set(), {UUID(int=1), UUID(int=2)}, None),
        ({UUID(int=1)}, {UUID(int=1), UUID(int=2)}, UUID(int=1)),
        ({UUID(int=1), UUID(int=2)}, {UUID(int=1), UUID(int=2)}, None),
    ],
)
def test_wechats_word_goes_before_a_numbers_and_of_several_nobody_is_meant(
    by_unionid: set[UUID], by_any: set[UUID], meant: UUID | None
) -> None:
    assert one_of(by_unionid, by_any) == meant


@given(st.frozensets(st.binary(max_size=1), max_size=2), st.frozensets(st.binary(max_size=1), max_size=2))
def test_two_wechat_accounts_are_never_one_person(one: frozenset[bytes], other: frozenset[bytes]) -> None:
    phones = frozenset({b"p"})
    known = may_be_one(Proven(one, phones), Proven(other, phones))
    assert known is (not one or not other or bool(one & other))
