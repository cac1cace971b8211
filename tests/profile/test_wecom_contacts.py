"""What WeCom pushes of contacts: who is parted hears nothing by that way, and transfers are looked after at once."""

from datetime import timedelta
from typing import Any

import pytest

from infra.identity import Role
from tests.asking import once, until
from tests.conftest import Start
from tests.profile.handing import CORPID, team_in_wecom
from tests.profile.post import BY_WECOM, CORP, Post, opened
from tests.profile.relationship import as_role, as_service
from tests.profile.test_handover_wecom import Moving
from tests.profile.test_messages_channels import CONTACT, her, in_wecom, written


@pytest.fixture
async def post(running: Start) -> Post:
    return await opened(running, **BY_WECOM)


@pytest.fixture
async def moving(running: Start) -> Moving:
    return Moving(*await team_in_wecom(running))


def said(kind: str, userid: str, contact: str, *, at: str = "2026-03-01T12:00:00Z", corpid: str = CORP) -> Any:
    names = {"userid": userid, "external_userid": contact, "corpid": corpid}
    return {"event_id": f"{kind}{at}", "kind": kind, "occurred_at": at, **names}


async def told(profile: Any, *events: Any) -> int:
    answer = await as_service(profile, "gateway").post("/v1/wecom/events", json={"events": list(events)})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["accepted"])


async def test_a_contact_that_was_removed_is_no_way_to_her_until_it_is_there_again(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    userid = await in_wecom(post, client_id)
    removed = said("contact-deleted", userid.upper(), CONTACT, at="2026-03-01T12:00:01Z")
    # Another member's, and what was said before, changes nothing.
    assert await told(post.profile, said("contact-deleted", "another", CONTACT), removed) == 2
    assert await told(post.profile, removed, said("contact-added", userid, CONTACT)) == 0
    asked = await written(post, client_id, channel="wecom")
    assert asked["reason"] == "no-channel"
    again = said("contact-added", userid, CONTACT, at="2026-03-01T12:00:02Z")
    assert await told(post.profile, again) == 1
    assert (await written(post, client_id))["channel"] == "wecom"


async def test_what_waits_for_an_advisor_whom_she_has_removed_is_taken_back(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    userid = await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    await told(post.profile, said("contact-deleted", userid, CONTACT))
    post.clock.advance(minutes=3)
    assert (await post.becomes(asked["message_id"], "refused"))["reason"] == "no-channel"


async def test_nothing_is_kept_in_clear_and_nobody_else_tells_it(post: Post) -> None:
    await her(post, wecom=CONTACT)
    await told(post.profile, said("contact-added", "ada", CONTACT))
    assert CONTACT not in str(await post.profile.rows("select * from wecom_contact"))
    far = said("contact-added", "ada", CONTACT, at="9999-12-31T23:59:59Z")
    refused = await as_service(post.profile, "gateway").post("/v1/wecom/events", json={"events": [far]})
    assert refused.status_code == 422


async def test_a_transfer_is_looked_after_as_soon_as_wecom_says_something_of_it(moving: Moving) -> None:
    goes, refuses = await moving.prepare(2)
    await moving.start()
    await moving.states(are={"waiting": 2})
    contact = moving.contacts[refuses]
    await moving.corp.house.control.patch(f"/sandbox/wecom/clients/{contact}", json={"refuses": True})
    # WeCom's day passes, ours does not: nothing is due for an hour, and WeCom tells it.
    await moving.corp.house.post("/clock", {"advance_seconds": timedelta(hours=25).total_seconds()})
    profile = moving.house.profile
    await told(profile, said("transfer-failed", "bo", contact, corpid=CORPID))
    await told(profile, said("contact-added", "bo", moving.contacts[goes], corpid=CORPID))
    await moving.states(are={"done": 1, "refused": 1})


async def test_a_message_that_waits_in_wecom_is_taken_back_when_she_is_erased(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    await in_wecom(post, client_id)
    asked = await written(post, client_id)
    await post.becomes(asked["message_id"], "awaiting-advisor")
    [before] = (await post.house.get("/wecom/group-sends"))["items"]
    assert before["stopped_at"] is None
    await erased(post, client_id)
    assert await post.profile.rows("select 1 from message") == []

    async def stopped() -> bool:
        [waiting] = (await post.house.get("/wecom/group-sends"))["items"]
        return waiting["stopped_at"] is not None and not await post.profile.rows("select 1 from message_recall")

    await until(stopped)


async def erased(post: Post, client_id: Any) -> None:
    """Erase her, as an officer does."""
    officer = as_role(post.profile, Role.PRIVACY)
    asked = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": "erase"}, headers=once())
    for step in ("verify", "start"):
        at = f"/v1/data-requests/{asked.json()['request_id']}/{step}"
        done = await officer.post(at, headers={"If-Match": "*", **once()})
        assert done.is_success, done.text


async def test_who_has_parted_is_forgotten_with_her(post: Post) -> None:
    client_id = await her(post, wecom=CONTACT)
    await told(post.profile, said("contact-added", "ada", CONTACT), said("contact-added", "ada", "wmOTHER"))
    await erased(post, client_id)
    assert len(await post.profile.rows("select 1 from wecom_contact")) == 1
