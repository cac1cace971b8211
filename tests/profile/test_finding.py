"""Finding a client as her name, her phone or her number is being typed."""

import base64
import json
from typing import Any

from infra.identity import Caller
from tests.conftest import Start
from tests.profile.build import advisor, gave_phone, own, phone, recognised, registered, someone
from tests.running import Running


async def _page(profile: Running, by: Caller | None = None, **form: Any) -> dict[str, Any]:
    answer = await profile.client(by or someone()).post("/v1/clients/search", json=form)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _found(profile: Running, by: Caller | None = None, **form: Any) -> list[str]:
    """Everybody on every page, two at a time."""
    seen: list[str] = []
    page = await _page(profile, by, limit=2, **form)
    while True:
        seen += [one["client_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            return seen
        page = await _page(profile, by, limit=2, cursor=page["next_cursor"], **form)


async def test_one_box_finds_by_name_pinyin_phone_tail_and_member_number(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    hers = await registered(profile, display_name="欧阳若水", phone=value, member="VIP 0042")
    other = await registered(profile, display_name="欧阳锋", member="VIP 00421")
    await own(profile, hers)
    for typed in ("VIP 0042", value[-4:], "欧阳若", "ouyangruo", "oyrs"):
        assert await _found(profile, text=typed) == [hers], typed
        assert await _found(profile, advisor(), text=typed) == [hers], typed
    assert sorted(await _found(profile, text="欧阳")) == sorted([hers, other])
    assert await _found(profile, criteria={"member": "VIP 0042"}) == [hers]
    assert await _found(profile, criteria={"member": "VIP 004"}) == []
    assert await _found(profile, advisor(), criteria={"member": "VIP 00421"}) == []
    assert await _found(profile, someone(brand_id="other"), text="VIP 0042") == []


async def test_whoever_is_found_in_several_ways_stands_on_one_page_only(running: Start) -> None:
    profile = await running("profile")
    every = [await registered(profile, display_name="Li Lan", given_name="Li") for _ in range(3)]
    every += [await registered(profile, display_name=name) for name in ("李丽", "林琳", "陆离", "刘莉")]
    for by in (someone(), advisor()):
        for client_id in every:
            await own(profile, client_id)
        for typed in ("l", "li", "L"):
            found = await _found(profile, by, text=typed)
            assert len(found) == len(set(found))
    assert sorted(await _found(profile, text="l")) == sorted(every)


async def test_a_merged_record_is_found_by_its_own_name_and_shown_once_as_whom_it_belongs_to(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    older = await registered(profile, display_name="林晚秋", phone=value)
    newer = await recognised(profile, "o-1")
    at = f"/v1/clients/{newer}"
    await profile.client(someone()).patch(at, json={"display_name": "林小秋"}, headers={"If-Match": "*"})
    await own(profile, older)
    await gave_phone(profile, newer, value)
    for by in (someone(), advisor()):
        assert await _found(profile, by, text="林小") == [older]
        assert await _found(profile, by, text="lin") == [older]
        assert await _found(profile, by, text="l") == [older]


async def test_a_made_up_place_to_go_on_from_is_refused(running: Start) -> None:
    profile = await running("profile")
    for _ in range(3):
        await registered(profile, display_name="李丽")
    true = (await _page(profile, text="l", limit=1))["next_cursor"]
    parts = json.loads(base64.urlsafe_b64decode(true + "=="))
    for changed in ([*parts[:2], "x", *parts[3:]], [*parts[:4], "x"], [parts[0], "x", *parts[2:]], parts[:4]):
        made_up = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
        answer = await profile.client(someone()).post("/v1/clients/search", json={"text": "l", "cursor": made_up})
        assert answer.status_code == 400, changed
    elsewhere = await profile.client(someone()).post("/v1/clients/search", json={"text": "li", "cursor": true})
    assert elsewhere.status_code == 400


async def test_those_who_share_a_phone_tail_are_all_found_however_they_are_merged(running: Start) -> None:
    profile = await running("profile")
    tail, every = "7788", []
    for number in range(5):
        value = f"+8613{number}0000{tail}"
        older = await registered(profile, display_name=f"客{number}", phone=value)
        newer = await recognised(profile, f"o-{number}")
        # The same person has two phones that end alike.
        await gave_phone(profile, newer, f"+8615{number}0000{tail}")
        assert (await gave_phone(profile, newer, value)).json() == {"client_id": older, "merged": True}
        every.append(older)
    for form in ({"text": tail}, {"criteria": {"phone_tail": tail}}):
        assert sorted(await _found(profile, **form)) == sorted(every)
