"""Bad input to the client record: a problem document, never a fault, never the value back; and nothing personal out."""

import json
from typing import Any
from uuid import uuid4

import pytest

from infra.identity import Caller, Role
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.build import (
    advisor,
    bought,
    client_of,
    gateway,
    gave_phone,
    imported,
    line,
    names,
    phone,
    receipt,
    recognised,
    registered,
    someone,
)

MARK = "Zx81Secret"
POS = someone(Role.POS)
HEADQUARTERS = someone()

# Bodies that are wrong in one place each; most of them hold the mark that must not come back.
WRONG: list[tuple[Caller, str, str, Any]] = [
    (HEADQUARTERS, "POST", "/v1/clients", {}),
    (HEADQUARTERS, "POST", "/v1/clients", names(MARK * 50)),
    (HEADQUARTERS, "POST", "/v1/clients", names(f"{MARK}\u0007")),
    (HEADQUARTERS, "POST", "/v1/clients", names(language=MARK)),
    (HEADQUARTERS, "POST", "/v1/clients", names(phone=MARK)),
    (HEADQUARTERS, "POST", "/v1/clients", names(colour=MARK)),
    (HEADQUARTERS, "POST", "/v1/clients", names(pos_ids=[{"system": f"{MARK} ", "value": "1"}])),
    (HEADQUARTERS, "POST", "/v1/clients", [MARK]),
    (HEADQUARTERS, "POST", "/v1/clients/batch", {"clients": []}),
    (HEADQUARTERS, "POST", "/v1/clients/batch", {"clients": [imported(display_name=None)]}),
    (HEADQUARTERS, "POST", "/v1/clients/batch", {"clients": [imported(consents=[MARK])]}),
    (HEADQUARTERS, "POST", "/v1/clients/batch", {"clients": [imported(owner={"advisor_id": MARK})]}),
    (HEADQUARTERS, "POST", "/v1/clients/batch", {"clients": [imported()] * 501}),
    (HEADQUARTERS, "POST", "/v1/clients/search", {"text": MARK * 20}),
    (HEADQUARTERS, "POST", "/v1/clients/search", {"criteria": {"phone_tail": MARK}}),
    (HEADQUARTERS, "POST", "/v1/clients/search", {"criteria": {"phone_tail": "１２３４"}}),
    (HEADQUARTERS, "POST", "/v1/clients/search", {"text": "a", "cursor": MARK}),
    (HEADQUARTERS, "POST", "/v1/clients/search", {"text": "a", "limit": 10**30}),
    (HEADQUARTERS, "POST", "/v1/clients/search", {"criteria": {MARK: "1234"}}),
    (gateway(), "POST", f"/v1/clients/{uuid4()}/looks", {"subject": MARK, "role": MARK, "seen": "visit"}),
    (gateway(), "POST", f"/v1/clients/{uuid4()}/looks", {"subject": MARK, "role": "advisor", "seen": "a b"}),
    (gateway(), "POST", f"/v1/clients/{uuid4()}/looks", {"subject": MARK, "role": "headquarters", "seen": "visit"}),
    (POS, "POST", "/v1/clients/identify", {"identities": [{"kind": "phone", "value": MARK}]}),
    (POS, "POST", "/v1/clients/identify", {"identities": [{"kind": MARK, "value": "1"}]}),
    (POS, "POST", "/v1/clients/identify", {"identities": [{"kind": "openid", "value": MARK}]}),
    (POS, "POST", "/v1/clients/identify", {"identities": [{"kind": "member", "value": "1"}] * 6}),
    (gateway(), "POST", "/v1/clients/recognise", {"appid": "", "openid": MARK}),
    (gateway(), "POST", f"/v1/clients/{uuid4()}/identities", {"kind": "phone", "value": MARK}),
    (gateway(), "POST", f"/v1/clients/{uuid4()}/identities", {"kind": "phone", "value": "13800138000", "source": MARK}),
    (gateway(), "POST", f"/v1/clients/{uuid4()}/identities", {"kind": "phone", "value": "13800138000"}),
    (gateway(), "POST", f"/v1/clients/{MARK}/identities", {"kind": "phone", "value": "13800138000"}),
    (HEADQUARTERS, "GET", f"/v1/clients/{MARK}", None),
    (HEADQUARTERS, "GET", f"/v1/clients/{uuid4()}", None),
    (HEADQUARTERS, "GET", f"/v1/clients/{uuid4()}/timeline?kind={MARK}", None),
    (HEADQUARTERS, "GET", f"/v1/clients/{uuid4()}/timeline?limit=0", None),
    (HEADQUARTERS, "GET", f"/v1/clients/{uuid4()}/purchases?cursor={MARK}", None),
    (HEADQUARTERS, "GET", f"/v1/clients/{uuid4()}/segment?as_of={MARK}", None),
    (HEADQUARTERS, "GET", f"/v1/clients/{uuid4()}/segment?as_of=0001-01-01", None),
    (HEADQUARTERS, "PATCH", f"/v1/clients/{uuid4()}", {"display_name": None}),
    (HEADQUARTERS, "PATCH", f"/v1/clients/{uuid4()}", {"display_name": "李"}),
    (HEADQUARTERS, "PUT", f"/v1/clients/{uuid4()}/consents", {"consents": [{"purpose": MARK}]}),
    (client_of(str(uuid4())), "PUT", "/v1/me/consents", {"consents": []}),
    (
        client_of(str(uuid4())),
        "PUT",
        "/v1/me/consents",
        {"consents": [{"purpose": "survey", "granted": True, "notice_version": "1"}]},
    ),
    (client_of(str(uuid4())), "PATCH", "/v1/me", {"display_name": ""}),
    (POS, "POST", "/v1/purchases", receipt(lines=[])),
    (POS, "POST", "/v1/purchases", receipt(purchased_at=MARK)),
    (POS, "POST", "/v1/purchases", receipt(purchased_at="2026-03-01T12:00:00")),
    (POS, "POST", "/v1/purchases", receipt(purchased_at="9999-12-31T23:59:59-14:00")),
    (POS, "POST", "/v1/purchases", receipt(currency=MARK * 3)),
    (POS, "POST", "/v1/purchases", receipt(lines=[line(10**40)])),
    (POS, "POST", "/v1/purchases", receipt(lines=[line(quantity=1.5)])),
    (POS, "POST", "/v1/purchases", receipt(lines=[line(piece_code=MARK * 30)])),
    (POS, "POST", "/v1/purchases", receipt(lines=[line(description=MARK * 60)])),
    (POS, "POST", "/v1/purchases", receipt(pos=f"{MARK}/1")),
    (POS, "POST", "/v1/purchases/batch", {"receipts": [receipt()] * 1001}),
    (POS, "POST", "/v1/purchases/batch", {"receipts": MARK}),
]


@pytest.fixture
def wrong() -> list[tuple[Caller, str, str, Any]]:
    return WRONG


async def test_malformed_input_is_refused_with_a_problem_and_never_repeated(
    running: Start, wrong: list[tuple[Caller, str, str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    profile = await running("profile")
    for by, method, path, body in wrong:
        headers = {"Idempotency-Key": str(uuid4()), "If-Match": "*"}
        answer = await profile.client(by).request(method, path, json=body, headers=headers)
        assert 400 <= answer.status_code < 500, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].startswith("urn:maison:problem:")
        assert MARK not in answer.text, (path, body)
    assert MARK not in capsys.readouterr().out


@pytest.mark.parametrize("blank", ["   ", "\t\n ", "\u3000\u3000"])
async def test_a_text_that_says_nothing_is_refused(running: Start, blank: str) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    message = {"client_id": client_id, "purpose": "survey", "template": "survey-invitation"}
    silent: list[tuple[Caller, str, Any]] = [
        (advisor(), f"/v1/clients/{client_id}/access", {"reason": blank}),
        (HEADQUARTERS, "/v1/clients", names(blank)),
        (HEADQUARTERS, "/v1/clients", names(salutation=blank)),
        (HEADQUARTERS, "/v1/clients", names(member=blank)),
        (HEADQUARTERS, "/v1/clients", names(pos_ids=[{"system": "till", "value": blank}])),
        (HEADQUARTERS, "/v1/clients/batch", {"clients": [imported(blank)]}),
        (POS, "/v1/clients/identify", {"identities": [{"kind": "member", "value": blank}]}),
        (gateway(), "/v1/clients/recognise", {"appid": "wx1", "openid": blank}),
        (gateway(), "/v1/clients/recognise", {"appid": "wx1", "openid": "o-1", "unionid": blank}),
        (gateway(), f"/v1/clients/{client_id}/identities", {"kind": "member", "value": blank}),
        (gateway(), f"/v1/clients/{client_id}/looks", {"subject": blank, "role": "headquarters", "seen": "visit"}),
        (gateway(), "/v1/messages", {**message, "variables": {"text": blank}}),
        (POS, "/v1/purchases", receipt(blank)),
        (POS, "/v1/purchases", receipt(customer=blank)),
    ]
    for by, path, body in silent:
        answer = await profile.client(by).post(path, json=body, headers=once())
        assert problem(answer) == "malformed", (path, body, answer.text)


async def test_bytes_that_are_no_json_are_refused(running: Start) -> None:
    profile = await running("profile")
    door = profile.client(HEADQUARTERS)
    bodies = [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"text": "\\ud800"}',
        b'{"text": "\\u0000"}',
        b'{"text": NaN}',
        b'{"text": ' + b"[" * 5_000,
        b'{"text": "' + b"a" * 2_000_000 + b'"}',
    ]
    for body in bodies:
        answer = await door.post("/v1/clients/search", content=body, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500, (body[:40], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_other_houses_see_nothing_of_this_one(running: Start) -> None:
    profile = await running("profile")
    value = phone()
    await registered(profile, phone=value)
    await bought(profile, "C-1")
    foreign = profile.client(someone(Role.POS, brand_id="other"))
    for one in ({"kind": "phone", "value": value}, {"kind": "pos", "system": "till", "value": "C-1"}):
        found = await foreign.post("/v1/clients/identify", json={"identities": [one]})
        assert found.json() == {"items": []}
    # The same receipt of the same till in another house is another receipt.
    again = await foreign.post("/v1/purchases", json=receipt("R-1", customer="C-1"))
    assert again.status_code == 201
    assert len(await profile.rows("select distinct brand_id from client")) == 2


async def test_no_fact_no_log_line_and_no_row_outside_the_names_says_who_she_is(
    running: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = await running("profile")
    value, openid = phone(), "o-Personal-1"
    client_id = await registered(profile, display_name="诸葛若怡", phone=value, member="MemberNo77", salutation="女士")
    await bought(profile, "TillNo88")
    newcomer = await recognised(profile, openid, unionid="u-Personal-1")
    await gave_phone(profile, newcomer, value)
    await profile.client(HEADQUARTERS).get(f"/v1/clients/{client_id}")
    await profile.client(HEADQUARTERS).post("/v1/clients/search", json={"text": "诸葛"})
    personal = ["诸葛", "zhuge", value[3:], openid, "u-Personal-1", "MemberNo77", "TillNo88"]

    told = json.dumps(await profile.facts(), ensure_ascii=False)
    said = capsys.readouterr().out
    kept = [
        str(row)
        for query in ("select * from identity", "select * from client_merge", "select * from touchpoint")
        for row in await profile.rows(query)
    ]
    for secret in personal:
        assert secret not in told
        assert secret not in said
        assert all(secret not in row for row in kept)
    assert "profile.identities-merged.v1" in told
