"""Partners let in by headquarters, with their tokens, and a document of what they may ask for."""

import json
from typing import Any

from tests.asking import once
from tests.gateway.build import Gateway, document, operation

BODY = json.dumps({"receipt": "A-1"}).encode()
TARGET = "/v1/purchases?store=7"
BEHIND = document(
    {
        "/v1/purchases": {"post": operation("profile", "pos", "partner"), "get": operation("profile", "pos")},
        "/v1/purchases/{id}": {"put": operation("profile", "pos")},
    }
)


async def let_in(running: Gateway, role: str = "pos", **form: Any) -> dict[str, Any]:
    headquarters = running.client(running.token())
    answer = await headquarters.post("/v1/partners", json={"name": "Till", "role": role, **form}, headers=once())
    assert answer.status_code == 201, answer.text
    partner: dict[str, Any] = answer.json()
    return partner


async def token_of(running: Gateway, partner: dict[str, Any]) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": partner["client_id"],
        "client_secret": partner["client_secret"],
    }
    answer = await running.client().post("/v1/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"
    token: str = answer.json()["access_token"]
    return token
