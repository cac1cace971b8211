"""What proves that two records are one person, and what does not."""

import asyncio
from datetime import UTC, datetime, timedelta

from infra.identity import Role
from tests.asking import once
from tests.conftest import Start
from tests.profile.build import (
    advisor,
    bought,
    gave_phone,
    imported,
    phone,
    recognised,
    registered,
    someone,
)


async def test_two_histories_are_not_joined_by_a_phone(running: Start) -> None:
    profile = await running("profile")
    one, other, value = await bought(profile, "C-1"), await bought(profile, "C-2"), phone()
    assert (await gave_phone(profile, one, value)).json()["merged"] is False
    refused = await gave_phone(profile, other, value)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:maison:problem:merge-needs-decision"
    assert refused.json()["reason"] == "both-have-purchases"
    assert await profile.rows("select 1 from client_merge") == []


async def test_a_till_or_another_wechat_account_proves_too_little(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    one, other = await recognised(profile, "o-1"), await recognised(profile, "o-2")
    await gave_phone(profile, one, value)
    assert (await gave_phone(profile, other, value)).json()["reason"] == "two-wechat-accounts"
    third = await registered(profile)
    form = {"kind": "phone", "value": value, "source": "wechat"}
    # A till cannot claim that WeChat said so.
    answer = await profile.client(someone(Role.POS)).post(f"/v1/clients/{third}/identities", json=form)
    assert (answer.status_code, answer.json()["reason"]) == (409, "number-not-verified")


async def test_a_number_unseen_for_a_year_needs_someone_who_has_seen_her(running: Start) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    profile = await running("profile", clock=lambda: now)
    value, known, newcomer = phone(), await registered(profile), await recognised(profile, "o-1")
    await gave_phone(profile, known, value)
    now += timedelta(days=366)
    assert (await gave_phone(profile, newcomer, value)).json()["reason"] == "number-not-seen-lately"
    form = {"kind": "phone", "value": value}
    # A voice on the telephone is nobody who has been seen, whatever it says its number is.
    for role in (Role.CLIENT_SERVICE, Role.HEADQUARTERS):
        heard = await profile.client(someone(role)).post(f"/v1/clients/{newcomer}/identities", json=form)
        assert (heard.status_code, heard.json()["reason"]) == (409, "number-not-verified")
    mine = profile.client(advisor())
    for client_id in (known, newcomer):
        await mine.post(f"/v1/clients/{client_id}/access", json={"reason": "she stands before me"}, headers=once())
    seen = await mine.post(f"/v1/clients/{newcomer}/identities", json=form)
    assert seen.json() == {"client_id": known, "merged": True}


async def test_a_till_that_repeats_an_old_number_does_not_make_it_fresh(running: Start) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    profile = await running("profile", clock=lambda: now)
    value, known, newcomer = phone(), await bought(profile, "C-1"), await recognised(profile, "o-1")
    till = profile.client(someone(Role.POS))
    form = {"kind": "phone", "value": value, "source": "pos"}
    await till.post(f"/v1/clients/{known}/identities", json=form)
    now += timedelta(days=366)
    again = await till.post(f"/v1/clients/{known}/identities", json=form)
    assert again.json() == {"client_id": known, "merged": False}
    assert (await gave_phone(profile, newcomer, value)).json()["reason"] == "number-not-seen-lately"
    # She gives it herself, and it is hers again.
    assert (await gave_phone(profile, known, value)).json() == {"client_id": known, "merged": False}
    assert (await gave_phone(profile, newcomer, value)).json() == {"client_id": known, "merged": True}


async def test_an_imported_number_or_one_heard_on_the_telephone_proves_nothing_until_she_shows_it(
    running: Start,
) -> None:
    profile = await running("profile")
    of_import, heard = phone(), phone()
    brought = await profile.client(someone()).post("/v1/clients/batch", json={"clients": [imported(phone=of_import)]})
    called = await bought(profile, "C-1")
    form = {"kind": "phone", "value": heard}
    said = await profile.client(someone(Role.CLIENT_SERVICE)).post(f"/v1/clients/{called}/identities", json=form)
    assert said.json() == {"client_id": called, "merged": False}
    for turn, (client_id, value) in enumerate([(brought.json()["items"][0]["client_id"], of_import), (called, heard)]):
        newcomer = await recognised(profile, f"o-{turn}")
        assert (await gave_phone(profile, newcomer, value)).json()["reason"] == "number-not-seen-lately"
        await gave_phone(profile, client_id, value)
        assert (await gave_phone(profile, newcomer, value)).json() == {"client_id": client_id, "merged": True}


async def test_two_clients_who_give_each_others_number_at_once_take_turns(running: Start) -> None:
    profile = await running("profile")
    for turn in range(10):
        one, other = [await recognised(profile, f"o-{turn}", appid=app) for app in ("wx1", "wx2")]
        hers, theirs = phone(), phone()
        await gave_phone(profile, one, hers)
        await gave_phone(profile, other, theirs)
        answers = await asyncio.gather(
            gave_phone(profile, one, theirs),
            gave_phone(profile, other, hers),
            gave_phone(profile, one, theirs),
            gave_phone(profile, other, hers),
        )
        assert [answer.status_code for answer in answers] == [200] * 4, [answer.text for answer in answers]
        assert sum(answer.json()["merged"] for answer in answers) == 1


async def test_two_newcomers_with_one_phone_at_once_become_one(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    clients = [await recognised(profile, f"o-{n}", appid=f"wx{n}") for n in range(5)]
    answers = await asyncio.gather(*[gave_phone(profile, client_id, value) for client_id in clients])
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["merged"] for answer in answers) == 4
    assert len(await profile.rows("select distinct canonical_id from client_alias")) == 1
    assert len({await recognised(profile, f"o-{n}", appid=f"wx{n}") for n in range(5)}) == 1


async def test_nobody_opens_a_history_by_typing_its_owners_number_into_another_record(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    known = await registered(profile, phone=value)
    mine = profile.client(advisor())
    newcomer = await registered(profile, by=advisor())
    form = {"kind": "phone", "value": value}
    refused = await mine.post(f"/v1/clients/{newcomer}/identities", json=form)
    assert (refused.status_code, refused.json()["reason"]) == (409, "other-record-not-open")
    assert (await mine.get(f"/v1/clients/{known}")).status_code == 404
    # With a reason that is kept, she may see both, and then join them.
    key = {"Idempotency-Key": "1"}
    await mine.post(f"/v1/clients/{known}/access", json={"reason": "she stands before me"}, headers=key)
    assert (await mine.post(f"/v1/clients/{newcomer}/identities", json=form)).json() == {
        "client_id": known,
        "merged": True,
    }
    stranger = await registered(profile)
    assert (await mine.post(f"/v1/clients/{stranger}/identities", json=form)).status_code == 404
