"""What other systems report of a client: each contact once, late and out of order; and what it comes to."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from infra.identity import Caller, Role
from services.profile.touchpoints import rules
from services.profile.touchpoints.rules import NOT_THERE, PIECES, Contact, Fault, WhyNot
from tests.asking import problem, until
from tests.conftest import Start
from tests.profile.build import (
    BOUTIQUE,
    OTHER_BOUTIQUE,
    advisor,
    bought,
    gave_phone,
    phone,
    receipt,
    recognised,
    registered,
    someone,
)
from tests.running import Running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
JUNE = {"from": "2026-06-01T00:00:00+08:00", "to": "2026-07-01T00:00:00+08:00"}


def contact(ref: str | None = None, *, client_id: str | None = None, **more: Any) -> dict[str, Any]:
    """One contact of the WeChat account: a click on its menu."""
    return {
        "system": "wechat",
        "ref": ref or str(uuid4()),
        "kind": "menu-click",
        "person": {"client_id": client_id},
        "occurred_at": NOW.isoformat(),
        **more,
    }


async def sent(profile: Running, *contacts: dict[str, Any], by: Caller | None = None) -> Any:
    """The answer to a batch; what went in always adds up."""
    answer = await profile.client(by or someone(Role.PARTNER)).post(
        "/v1/touchpoints/batch", json={"touchpoints": list(contacts)}
    )
    assert answer.status_code == 207, answer.text
    body = answer.json()
    assert body["received"] == body["created"] + body["repeated"] + body["rejected"] == len(contacts)
    return body


def outcomes(body: Any) -> list[str]:
    return [item["code"] or item["status"] for item in body["items"]]


async def timeline(profile: Running, client_id: str, **query: Any) -> list[dict[str, Any]]:
    answer = await profile.client(someone()).get(f"/v1/clients/{client_id}/timeline", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_contacts_stand_in_the_timeline_in_the_order_in_which_they_happened(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    late = contact(client_id=client_id, kind="qr-scan", occurred_at=(NOW - timedelta(days=400)).isoformat())
    tried = contact(client_id=client_id, kind="tried", piece_code="RING-1", why_not="price", boutique_id=str(BOUTIQUE))
    assert outcomes(await sent(profile, tried, late)) == ["created", "created"]
    first, last = await timeline(profile, client_id)
    assert (first["kind"], first["details"]) == ("tried", {"piece_code": "RING-1", "why_not": "price"})
    assert (last["kind"], last["details"]) == ("qr-scan", {})
    assert [one["kind"] for one in await timeline(profile, client_id, kind="qr-scan")] == ["qr-scan"]


async def test_pages_go_over_facts_and_reported_contacts_alike(running: Start) -> None:
    profile = await running("profile")
    client_id = await bought(profile, "C-1", receipts=3)
    days = [contact(client_id=client_id, occurred_at=(NOW - timedelta(days=60 * n)).isoformat()) for n in range(4)]
    await sent(profile, *days)

    async def is_whole() -> bool:
        return len(await timeline(profile, client_id)) == 7

    await until(is_whole)
    whole = await timeline(profile, client_id)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        answer = (
            await profile.client(someone()).get(f"/v1/clients/{client_id}/timeline", params={"limit": 2, **cursor})
        ).json()
        seen += answer["items"]
        cursor = {"cursor": answer["next_cursor"]}
    assert seen == whole
    assert cursor == {"cursor": None}


async def test_a_contact_that_is_sent_again_is_the_same_one_and_another_under_its_name_is_refused(
    running: Start,
) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    one = contact("e-1", client_id=client_id)
    assert outcomes(await sent(profile, one, one)) == ["created", "repeated"]
    assert outcomes(await sent(profile, one, {**one, "kind": "qr-scan"})) == ["repeated", "contact-differs"]
    assert outcomes(await sent(profile, {**one, "system": "mini"})) == ["created"], "each system names its own"
    assert len(await timeline(profile, client_id)) == 2


async def test_of_ten_rivals_with_the_same_batch_one_enters_it(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    batch = [contact(client_id=client_id) for _ in range(20)]
    bodies = await asyncio.gather(*[sent(profile, *(batch[n:] + batch[:n])) for n in range(10)])
    assert sum(body["created"] for body in bodies) == 20
    assert len(await timeline(profile, client_id)) == 20


async def test_a_person_is_named_by_her_id_or_by_one_identifier_that_is_hers(running: Start) -> None:
    profile = await running("profile")
    client_id, value = await recognised(profile, "o-1", unionid="u-1"), phone()
    await gave_phone(profile, client_id, value)
    named = [
        {"client_id": client_id},
        {"kind": "openid", "system": "wx1", "value": "o-1"},
        {"kind": "unionid", "value": "u-1"},
        {"kind": "phone", "value": value.removeprefix("+86")},
    ]
    body = await sent(profile, *[contact(person=person) for person in named])
    assert outcomes(body) == ["created"] * 4
    assert len(await timeline(profile, client_id)) == 4


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ({}, "person-unclear"),
        ({"kind": "openid"}, "person-unclear"),
        ({"client_id": str(UUID(int=1)), "kind": "member", "value": "M-1"}, "person-unclear"),
        ({"kind": "phone", "value": "12"}, "person-unclear"),
        ({"client_id": str(UUID(int=1))}, "client-unknown"),
        ({"kind": "openid", "system": "wx1", "value": "nobody"}, "client-unknown"),
    ],
)
async def test_whoever_nobody_knows_is_refused_and_the_others_of_the_batch_are_not(
    running: Start, person: dict[str, Any], code: str
) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    assert outcomes(await sent(profile, contact(person=person), contact(client_id=client_id))) == [code, "created"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"occurred_at": "1999-12-31T00:00:00Z"}, "date-impossible"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "date-impossible"),
        ({"kind": "missed"}, "piece-missing"),
        ({"kind": "wished", "piece_code": "RING-1", "why_not": "price"}, "reason-misplaced"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(running: Start, changed: dict[str, Any], code: str) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    assert outcomes(await sent(profile, contact(client_id=client_id, **changed))) == [code]
    assert await profile.rows("select 1 from reported_contact") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "purchase"},
        {"kind": "shouted"},
        {"note": "x"},
        {"occurred_at": "soon"},
        {"occurred_at": "9999-12-31T23:59:59-12:00"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
    ],
)
async def test_what_is_not_in_the_documented_form_is_malformed_as_a_whole(
    running: Start, changed: dict[str, Any]
) -> None:
    profile = await running("profile")
    form = {"touchpoints": [contact(client_id=str(uuid4()), **changed)]}
    answer = await profile.client(someone(Role.PARTNER)).post("/v1/touchpoints/batch", json=form)
    assert (answer.status_code, problem(answer)) == (422, "malformed")


async def test_a_name_that_holds_an_openid_does_not_stand_there_in_clear(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    await sent(profile, contact("oQz7Kq-1780000000", client_id=client_id))
    [row] = await profile.rows("select reported_contact::text as row from reported_contact")
    assert "oQz7Kq" not in row["row"]
    assert b"oQz7Kq".hex() not in row["row"]


async def test_the_index_tells_what_clients_do_in_wechat_and_its_share(running: Start) -> None:
    profile = await running("profile")
    known, newcomer, value = await registered(profile), await recognised(profile, "o-1"), phone()
    clicks = [contact(client_id=one) for one in (known, newcomer, newcomer)]
    await sent(
        profile,
        *clicks,
        contact(client_id=known, kind="qr-scan"),
        contact(client_id=known, kind="page-view"),
        contact(client_id=known, occurred_at="2026-07-01T00:00:00+08:00"),
        contact(client_id=known, occurred_at="2026-05-31T23:59:59+08:00"),
    )

    async def index() -> Any:
        return (await profile.client(someone()).get("/v1/touchpoints/index", params=JUNE)).json()

    body = await index()
    assert body["total"] == 4
    assert [(one["kind"], one["count"], one["clients"], one["share"]) for one in body["items"]] == [
        ("menu-click", 3, 2, 0.75),
        ("post-interaction", 0, 0, 0.0),
        ("messaging", 0, 0, 0.0),
        ("qr-scan", 1, 1, 0.25),
    ]
    await gave_phone(profile, known, value)
    await gave_phone(profile, newcomer, value)
    assert (await index())["items"][0]["clients"] == 1, "they are one"
    empty = (
        await profile.client(someone()).get(
            "/v1/touchpoints/index", params={"from": "2025-06-01T00:00:00Z", "to": "2025-06-02T00:00:00Z"}
        )
    ).json()
    assert (empty["total"], {one["share"] for one in empty["items"]}) == (0, {None})


@pytest.mark.parametrize("to", ["2026-06-01T00:00:00+08:00", "2026-05-01T00:00:00+08:00", "2027-06-03T00:00:00Z"])
async def test_a_report_reckons_a_year_at_most(running: Start, to: str) -> None:
    profile = await running("profile")
    for route in ("/v1/touchpoints/index", "/v1/touchpoints/research-online", "/v1/wishes/missing"):
        answer = await profile.client(someone()).get(route, params=JUNE | {"to": to})
        assert (answer.status_code, problem(answer)) == (400, "report-period-too-wide"), route


async def test_what_was_wanted_and_not_there_is_told_to_the_boutiques_own_people(running: Start) -> None:
    profile = await running("profile")
    her, other = await registered(profile), await registered(profile)
    here, there = {"boutique_id": str(BOUTIQUE)}, {"boutique_id": str(OTHER_BOUTIQUE)}
    await sent(
        profile,
        contact(client_id=her, kind="missed", piece_code="RING-1", **here),
        contact(client_id=her, kind="tried", piece_code="RING-1", why_not="size-missing", **here),
        contact(client_id=other, kind="shown", piece_code="RING-1", why_not="price", **here),
        contact(client_id=her, kind="missed", piece_code="BAG-1", **there),
        contact(client_id=other, kind="missed", piece_code="BAG-1", **there),
    )

    async def missing(by: Caller) -> list[tuple[str, int, int]]:
        answer = await profile.client(by).get("/v1/wishes/missing", params=JUNE)
        assert answer.status_code == 200, answer.text
        return [(one["piece_code"], one["times"], one["clients"]) for one in answer.json()["items"]]

    assert await missing(someone()) == [("BAG-1", 2, 2), ("RING-1", 2, 1)]
    assert await missing(advisor(role=Role.MANAGER)) == [("RING-1", 2, 1)]


async def test_who_looked_online_before_she_bought_in_a_boutique_is_counted(running: Start) -> None:
    profile = await running("profile")
    await profile.rows(
        "insert into boutique (brand_id, code, boutique_id) values ('lumiere', 'SH-1', $1) returning 1", BOUTIQUE
    )
    buyers = {}
    for customer in ("looked", "long ago", "after", "never", "abroad"):
        form = receipt(customer=customer, purchased_at=NOW.isoformat())
        form |= {"store_code": "nowhere"} if customer == "abroad" else {}
        await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": [form]})
        found = {"identities": [{"kind": "pos", "system": "till", "value": customer}]}
        answer = await profile.client(someone(Role.POS)).post("/v1/clients/identify", json=found)
        buyers[customer] = answer.json()["items"][0]["client_id"]
    before = {"looked": 29, "long ago": 31, "after": -1, "abroad": 1}
    await sent(
        profile,
        *[
            contact(client_id=buyers[who], kind="page-view", occurred_at=(NOW - timedelta(days=days)).isoformat())
            for who, days in before.items()
        ],
        contact(client_id=buyers["never"], kind="call", occurred_at=(NOW - timedelta(days=1)).isoformat()),
    )

    async def rate(**query: Any) -> tuple[int, int, float | None]:
        answer = await profile.client(someone()).get("/v1/touchpoints/research-online", params=JUNE | query)
        body = answer.json()
        return body["buyers"], body["researched"], body["rate"]

    assert await rate() == (4, 1, 0.25)
    assert await rate(days=60) == (4, 2, 0.5)
    assert await rate(**{"from": "2026-06-20T00:00:00Z"}) == (0, 0, None)


@given(
    kind=some.sampled_from(sorted(Contact)),
    days=some.floats(min_value=-1.0, max_value=9_000),
    piece_code=some.sampled_from([None, "RING-1"]),
    why_not=some.sampled_from([None, *WhyNot]),
)
def test_a_contact_is_taken_unless_its_piece_or_reason_makes_no_sense(
    kind: Contact, days: float, piece_code: str | None, why_not: WhyNot | None
) -> None:
    at = NOW - timedelta(days=days)
    found = rules.fault(kind, at, piece_code=piece_code, why_not=why_not, now=NOW)
    if kind in PIECES and piece_code is None:
        assert found is Fault.PIECE_MISSING
    elif why_not is not None and kind not in {Contact.SHOWN, Contact.TRIED}:
        assert found is Fault.REASON_MISPLACED
    else:
        assert found is None
    assert set(NOT_THERE) < set(WhyNot)
