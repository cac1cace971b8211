"""The corp's own pushes: encrypted, once for what happens and never for what was asked through its API."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from infra.wechat.call import open_http
from infra.wechat.errors import PushForged
from infra.wechat.token_store import MemoryTokenStore
from infra.wecom import transfers
from infra.wecom.access_token import Agent
from infra.wecom.client import open_channel
from infra.wecom.members import has_left, list_members
from infra.wecom.push import CorpDesk
from infra.wecom.push_events import read_event
from suite.sandbox.app import build
from tests.suite.sandbox.house import AES_KEY, no_pause, settings

CORPID, SECRET, AGENT, TOKEN = "ww0000000000000001", "corp-secret", 1000002, "corp-token"


class Corp:
    """The sandbox's corp, and a callback that reads its pushes as the gateway does."""

    def __init__(self) -> None:
        self.desk = CorpDesk(CORPID, TOKEN, AES_KEY)
        self.heard: list[Any] = []
        callback = FastAPI()
        callback.add_api_route("/wecom/{corpid}/push", self._check, methods=["GET"])
        callback.add_api_route("/wecom/{corpid}/push", self._receive, methods=["POST"])
        known = {"wecom_corpid": CORPID, "wecom_secret": SECRET, "wecom_agent_id": AGENT}
        keys = {"wecom_push_token": TOKEN, "wecom_push_aes_key": AES_KEY}
        address = {"sandbox_wecom_push_url": "http://gateway/wecom/{corpid}/push"}
        app = build(settings(**known, **keys, **address), push_transport=httpx.ASGITransport(callback))
        self.sandbox = app.state.sandbox
        transport = httpx.ASGITransport(app)
        self.control = httpx.AsyncClient(transport=transport, base_url="http://wecom/sandbox")
        http = open_http("http://wecom", transport=transport)
        self.wecom = open_channel(http, Agent(CORPID, AGENT, SECRET), MemoryTokenStore(), pause=no_pause)

    async def plays(self, method: str, path: str, body: object = None) -> Any:
        """Something happens; what the corp pushes of it has arrived."""
        answer = await self.control.request(method, path, json=body)
        assert answer.is_success, answer.text
        await self.sandbox.corp_pusher.settled()
        return answer.json() if answer.content else None

    def said(self) -> list[tuple[str, str, str | None]]:
        """What was heard since the last look."""
        heard, self.heard = self.heard, []
        return [(one.kind, one.userid, getattr(one, "external_userid", None)) for one in heard if one is not None]

    async def _check(self, request: Request) -> PlainTextResponse:
        try:
            return PlainTextResponse(self.desk.check_url(request.query_params, now=datetime.now(UTC)))
        except PushForged:
            return PlainTextResponse("forged", 403)

    async def _receive(self, request: Request) -> PlainTextResponse:
        push = self.desk.receive(request.query_params, await request.body(), now=datetime.now(UTC))
        self.heard.append(read_event(push.text))
        return PlainTextResponse("success")


@pytest.fixture
def corp() -> Corp:
    return Corp()


async def test_the_address_is_checked_as_wecom_checks_it(corp: Corp) -> None:
    assert await corp.plays("POST", "/wecom/pushes/check") == {"ok": True}
    corp.desk = CorpDesk(CORPID, "another", AES_KEY)
    assert await corp.plays("POST", "/wecom/pushes/check") == {"ok": False}


async def test_contacts_that_come_and_go_and_a_member_who_leaves_are_pushed(corp: Corp) -> None:
    await corp.plays("PUT", "/wecom/members/ada", {})
    await corp.plays("POST", "/wecom/clients", {"items": [{"external_userid": "wm1"}]})
    assert corp.said() == []
    await corp.plays("POST", "/wecom/clients/wm1/contacts", {"userid": "ada", "state": "q1"})
    await corp.plays("DELETE", "/wecom/clients/wm1/contacts/ada")
    await corp.plays("DELETE", "/wecom/clients/wm1/contacts/ada")
    await corp.plays("POST", "/wecom/clients/wm1/contacts", {"userid": "ada"})
    await corp.plays("DELETE", "/wecom/clients/wm1/contacts/ada?by=member")
    await corp.plays("POST", "/wecom/members/ada/leave")
    assert sorted(corp.said(), key=str) == sorted(
        [("contact-added", "ada", "wm1"), ("contact-deleted", "ada", "wm1")] * 2 + [("member-left", "ada", None)],
        key=str,
    )
    pushes = (await corp.plays("GET", "/wecom/pushes"))["items"]
    assert {(one["state"], one["attempts"]) for one in pushes} == {("accepted", 1)}


async def test_a_transfer_is_pushed_when_it_takes_effect_or_fails_and_not_when_it_is_asked_for(corp: Corp) -> None:
    for userid in ("ada", "bo"):
        await corp.plays("PUT", f"/wecom/members/{userid}", {})
    items = [{"external_userid": one, "userids": ["ada"]} for one in ("wm1", "wm2")]
    await corp.plays("POST", "/wecom/clients", {"items": items})
    await transfers.transfer_customer(corp.wecom, "ada", "bo", ["wm1", "wm2"])
    await corp.plays("PATCH", "/wecom/clients/wm2", {"refuses": True})
    await corp.plays("POST", "/clock", {"advance_seconds": 90_000})
    assert sorted(corp.said()) == [
        ("contact-added", "bo", "wm1"),
        ("contact-deleted", "ada", "wm1"),
        ("transfer-failed", "bo", "wm2"),
    ]


async def test_the_address_book_shows_a_department_with_those_below_it(corp: Corp) -> None:
    await corp.plays("PUT", "/wecom/departments/13?below=12")
    for userid, member in {
        "ada": {"departments": [12], "name": "陈静"},
        "bo": {"departments": [13]},
        "cai": {"departments": [1]},
        "dan": {"departments": [12], "is_seen": False},
    }.items():
        await corp.plays("PUT", f"/wecom/members/{userid}", member)
    found = await list_members(corp.wecom, 12)
    assert [(one.userid, one.name, one.departments) for one in found] == [("ada", "陈静", (12,)), ("bo", "bo", (13,))]
    await corp.plays("POST", "/wecom/members/bo/leave")
    assert [await has_left(corp.wecom, one) for one in ("ada", "bo", "nobody", "dan")] == [False, True, True, False]
