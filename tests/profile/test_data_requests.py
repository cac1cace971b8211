"""What clients ask for: from the request to its answer, step by step, and what an erasing leaves in profile."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Caller, Role
from infra.ids import NOBODY
from tests.asking import BRAND, once, problem, tell, until
from tests.conftest import Start
from tests.profile.build import (
    ADVISOR,
    advisor,
    bought,
    gave_phone,
    imported,
    of_till,
    own,
    phone,
    receipt,
    recognised,
    registered,
    someone,
    visit,
)
from tests.profile.post import opened
from tests.profile.relationship import consented
from tests.running import Running

PEERS = ("appointments", "feedback", "recommend", "gateway")
ALL = ("profile", *PEERS)
# Her ids stand in what keeps her away, in what is on its way, and in the proof that she asked.
LEFT = {"tombstone", "outbox", "outbox_sequence", "data_request"}
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def herself(client_id: str) -> Caller:
    """A client as the gateway vouches for her."""
    return Caller(client_id, Role.CLIENT, BRAND, client_id=UUID(client_id))


async def _asked(profile: Running, client_id: str, kind: str = "erase", **more: Any) -> dict[str, Any]:
    form = {"kind": kind, **more}
    answer = await profile.client(herself(client_id)).post("/v1/me/data-requests", json=form, headers=once())
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def _step(profile: Running, request_id: str, step: str, body: Any = None, if_match: str = "*") -> httpx.Response:
    officer = profile.client(someone(Role.PRIVACY))
    return await officer.post(f"/v1/data-requests/{request_id}/{step}", json=body, headers={"If-Match": if_match})


async def erase(profile: Running, client_id: str) -> str:
    request_id: str = (await _asked(profile, client_id))["request_id"]
    answer = await _step(profile, request_id, "start")
    assert answer.status_code == 200, answer.text
    return request_id


async def _certificate(profile: Running, request_id: str) -> dict[str, Any]:
    answer = await profile.client(someone(Role.PRIVACY)).get(f"/v1/data-requests/{request_id}/certificate")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def _receipt(profile: Running, service: str, request_id: str) -> None:
    told = {"erasure_id": request_id, "erased": [{"table": "session", "fate": "unlinked", "rows": 1}]}
    await tell(profile, f"{service}.client-data-erased.v1", told, about=f"erasure:{request_id}")


async def _somebody(profile: Running) -> tuple[str, str]:
    """Somebody of whom every table has something: her id, and her number at the till."""
    till_number, number = f"C-{uuid4()}", phone()
    client_id = await bought(profile, till_number, receipts=2)
    for known in ({"kind": "member", "value": f"M-{uuid4()}"}, {"kind": "phone", "value": number}):
        answer = await profile.client(someone()).post(f"/v1/clients/{client_id}/identities", json=known)
        assert answer.status_code == 200, answer.text
    await own(profile, client_id)
    consents = [{"purpose": one, "granted": True, "notice_version": "1"} for one in ("marketing", "survey")]
    await profile.client(herself(client_id)).put("/v1/me/consents", json={"consents": consents})
    await profile.client(someone(Role.EVENTS)).post(
        f"/v1/clients/{client_id}/access", json={"reason": "her birthday"}, headers=once()
    )
    assert (await profile.client(someone(Role.EVENTS)).get(f"/v1/clients/{client_id}")).status_code == 200
    return client_id, till_number


async def _rows_about(profile: Running, client_ids: tuple[str, ...]) -> Mapping[str, int]:
    """In how many rows of which table an id of hers stands, in whatever column."""
    named = await profile.rows(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    found = {}
    for table in sorted(row["relname"] for row in named):
        [row] = await profile.rows(
            f"select count(*) from {table} t where exists (select from unnest($1::text[]) id"  # noqa: S608
            " where to_jsonb(t)::text like '%' || id || '%')",
            list(client_ids),
        )
        if row["count"]:
            found[table] = row["count"]
    return found


async def test_her_own_request_is_verified_and_an_officers_has_to_be(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    hers = await _asked(profile, client_id, "copy")
    assert (hers["status"], hers["done_at"]) == ("verified", None)
    officer = profile.client(someone(Role.PRIVACY))
    made = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": "correct"}, headers=once())
    assert (made.status_code, made.json()["status"]) == (201, "received")
    request_id, tag = made.json()["request_id"], made.headers["ETag"]
    assert problem(await _step(profile, request_id, "start")) == "request-step-not-allowed"
    verified = await _step(profile, request_id, "verify", if_match=tag)
    assert (verified.status_code, verified.json()["status"]) == (200, "verified")
    assert problem(await _step(profile, request_id, "start", if_match=tag)) == "stale"
    assert (await _step(profile, request_id, "start")).json()["status"] == "running"
    assert (await _step(profile, request_id, "finish")).json()["status"] == "done"
    listed = (await officer.get("/v1/data-requests", params={"status": "done"})).json()["items"]
    assert [one["request_id"] for one in listed] == [request_id]
    mine = (await profile.client(herself(client_id)).get("/v1/me/data-requests")).json()["items"]
    assert [one["kind"] for one in mine] == ["correct", "copy"]


async def test_a_correction_says_what_is_wrong_to_those_who_correct_it_and_is_sealed(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    wrong = [
        {"about": "name", "stands": "李若怡", "right": "黎若仪"},
        {"about": "contact", "stands": None, "right": "旧手机号已停用"},
    ]
    hers = await _asked(profile, client_id, "correct", corrections=wrong)
    assert hers["corrections"] == wrong
    shown = await profile.client(someone(Role.PRIVACY)).get(f"/v1/data-requests/{hers['request_id']}")
    assert shown.json()["corrections"] == wrong
    [row] = await profile.rows("select corrections from data_request")
    assert "黎若仪".encode() not in row["corrections"]
    mine = profile.client(herself(client_id))
    for body in (
        {"kind": "copy", "corrections": wrong},
        {"kind": "correct", "corrections": [{"about": "name", "right": ""}]},
        {"kind": "correct", "corrections": wrong * 11},
    ):
        assert problem(await mine.post("/v1/me/data-requests", json=body, headers=once())) == "malformed"
    await erase(profile, client_id)
    assert {row["corrections"] for row in await profile.rows("select corrections from data_request")} == {None}


async def test_it_is_due_after_fifteen_days(running: Start) -> None:
    profile = await running("profile")
    said = await _asked(profile, await registered(profile), "access")
    [row] = await profile.rows(
        "select due_on - (asked_at at time zone 'Asia/Shanghai')::date as days from data_request"
        " where request_id::text = $1",
        said["request_id"],
    )
    assert row["days"] == 15


async def test_asking_again_answers_the_open_request_also_when_both_come_at_once(running: Start) -> None:
    profile = await running("profile")
    client_id = await registered(profile)
    said = await asyncio.gather(*(_asked(profile, client_id) for _ in range(5)))
    assert len({one["request_id"] for one in said}) == 1
    assert (await _step(profile, said[0]["request_id"], "refuse", {"reason": "打错了"})).status_code == 200
    again = await _asked(profile, client_id)
    assert again["request_id"] != said[0]["request_id"]
    first = await profile.client(herself(client_id)).get(f"/v1/me/data-requests/{said[0]['request_id']}")
    assert (first.json()["status"], first.json()["reason"]) == ("refused", "打错了")


async def test_somebody_elses_request_is_not_there(running: Start) -> None:
    profile = await running("profile")
    hers = await _asked(profile, await registered(profile))
    other = profile.client(herself(await registered(profile)))
    assert (await other.get(f"/v1/me/data-requests/{hers['request_id']}")).status_code == 404
    assert (await _step(profile, str(uuid4()), "start")).status_code == 404
    foreign = profile.client(someone(Role.PRIVACY, brand_id="ombre"))
    assert (await foreign.get(f"/v1/data-requests/{hers['request_id']}")).status_code == 404
    for body in ({}, {"kind": "forget"}, {"kind": "erase", "all": True}):
        refused = await other.post("/v1/me/data-requests", json=body, headers=once())
        assert problem(refused) == "malformed"


async def test_what_is_left_of_her_are_receipts_of_nobody_and_proof_without_a_person(running: Start) -> None:
    profile = await running("profile")
    client_id, till_number = await _somebody(profile)
    before = await _rows_about(profile, (client_id,))
    assert {"client", "identity", "purchase", "consent", "client_owner", "access_log", "access_grant"} <= set(before)
    request_id = await erase(profile, client_id)
    assert set(await _rows_about(profile, (client_id,))) == LEFT
    kept = await profile.rows("select client_id, net_minor from purchase")
    assert [(row["client_id"], row["net_minor"] > 0) for row in kept] == [(NOBODY, True)] * 2
    consents = await profile.rows(
        "select client_id, purpose, actor, given_at, withdrawn_at from consent order by purpose"
    )
    assert [(row["client_id"], row["purpose"], row["actor"]) for row in consents] == [
        (NOBODY, "marketing", ""),
        (NOBODY, "survey", ""),
    ]
    assert all(row["given_at"] and row["withdrawn_at"] for row in consents)
    looks = await profile.rows("select distinct client_id from access_log")
    assert [row["client_id"] in {NOBODY, client_id} for row in looks] == [False]
    facts = await profile.facts("profile.client-erased.v1")
    assert [fact["data"] for fact in facts] == [{"erasure_id": request_id, "client_ids": [client_id]}]
    for by, path in ((herself(client_id), "/v1/me"), (someone(), f"/v1/clients/{client_id}")):
        assert (await profile.client(by).get(path)).status_code == 404
    # A till that sends her receipts again changes nothing, and brings nobody back.
    clients = await profile.rows("select from client")
    again = {"receipts": [receipt(customer=till_number), receipt()]}
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json=again)
    assert [one["status"] for one in answer.json()["items"]] == ["created", "created"]
    assert len(await profile.rows("select from client")) == len(clients)
    assert len(await profile.rows("select from purchase where client_id is null")) == 2


async def test_the_certificate_is_complete_when_every_service_has_answered(running: Start) -> None:
    profile = await running("profile")
    client_id, _ = await _somebody(profile)
    request_id = await erase(profile, client_id)
    begun = await _certificate(profile, request_id)
    assert [one["service"] for one in begun["receipts"]] == sorted(ALL)
    awaited = {one["service"]: one["waiting_seconds"] for one in begun["receipts"]}
    assert awaited.pop("profile") is None
    assert all(seconds is not None for seconds in awaited.values())
    [here] = [one for one in begun["receipts"] if one["service"] == "profile"]
    counted = {one["table"]: (one["fate"], one["rows"]) for one in here["tables"]}
    assert counted["purchase"] == ("unlinked", 2)
    assert counted["identity"] == ("deleted", 3)
    assert problem(await _step(profile, request_id, "finish")) == "still-erasing"
    for service in PEERS:
        assert not (await _certificate(profile, request_id))["is_complete"]
        # Told twice, as after a refill: the first counts.
        await _receipt(profile, service, request_id)
        await _receipt(profile, service, request_id)
    done = await _certificate(profile, request_id)
    assert done["is_complete"]
    assert done["done_at"] is not None
    assert all(one["erased_at"] for one in done["receipts"])
    shown = await profile.client(someone(Role.PRIVACY)).get(f"/v1/data-requests/{request_id}")
    assert shown.json()["status"] == "done"


async def test_there_is_no_certificate_of_what_was_not_started(running: Start) -> None:
    profile = await running("profile")
    said = await _asked(profile, await registered(profile))
    answer = await profile.client(someone(Role.PRIVACY)).get(f"/v1/data-requests/{said['request_id']}/certificate")
    assert problem(answer) == "no-certificate"


async def test_all_her_records_are_erased_with_her(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    first = await recognised(profile, "o1")
    assert (await gave_phone(profile, first, number)).status_code == 200
    second = await recognised(profile, "o2", appid="wx2")
    merged = await gave_phone(profile, second, number)
    assert merged.json()["merged"]
    await erase(profile, second)
    [fact] = await profile.facts("profile.client-erased.v1")
    assert fact["data"]["client_ids"] == sorted([first, second])
    assert set(await _rows_about(profile, (first, second))) == {
        "tombstone",
        "outbox",
        "outbox_sequence",
        "data_request",
    }


async def test_no_import_and_no_fact_on_its_way_brings_her_back(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    form = {"clients": [imported("M-erased", phone=number, pos_ids=[{"system": "till", "value": "T-erased"}])]}
    hq = profile.client(someone())
    client_id = (await hq.post("/v1/clients/batch", json=form)).json()["items"][0]["client_id"]
    await erase(profile, client_id)
    others = [imported("M-erased"), imported(phone=number), imported(pos_ids=[{"system": "till", "value": "T-erased"}])]
    again = (await hq.post("/v1/clients/batch", json={"clients": others})).json()["items"]
    assert [one["code"] for one in again] == ["client-erased"] * 3
    booked = visit(client_id, starts_at=TOMORROW, ends_at=TOMORROW + timedelta(hours=1))
    await tell(profile, "appointments.confirmed.v1", booked, about=f"appointment:{booked['appointment_id']}")
    assert await profile.rows("select from touchpoint") == []
    assert await profile.rows("select from presence") == []


async def test_she_may_come_back_herself_as_somebody_new(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    erased = await recognised(profile, "o1", unionid="u1")
    assert (await gave_phone(profile, erased, number)).status_code == 200
    await bought(profile, "T-9")
    await erase(profile, erased)
    again = await recognised(profile, "o1", unionid="u1")
    assert again != erased
    answer = await gave_phone(profile, again, number)
    assert (answer.status_code, answer.json()["client_id"]) == (200, again)
    assert (await profile.client(herself(again)).get("/v1/me/purchases")).json()["items"] == []
    assert await of_till(profile, "T-9") not in {erased, again}


@pytest.mark.parametrize("rival", ["identity", "receipt", "message"])
async def test_what_is_written_at_the_same_moment_is_erased_too_or_refused(running: Start, rival: str) -> None:
    profile = await running("profile")
    for number in range(8):
        till_number = f"T-{rival}-{number}"
        client_id = await bought(profile, till_number)
        request_id = (await _asked(profile, client_id))["request_id"]
        if rival == "identity":
            write = gave_phone(profile, client_id, phone())
        elif rival == "receipt":
            body = {"receipts": [receipt(customer=till_number)]}
            write = profile.client(someone(Role.POS)).post("/v1/purchases/batch", json=body)
        else:
            write = profile.client(advisor(role=Role.EVENTS)).post(
                f"/v1/clients/{client_id}/access", json={"reason": "her birthday"}, headers=once()
            )
        started, written = await asyncio.gather(_step(profile, request_id, "start"), write)
        assert started.status_code == 200, started.text
        assert written.status_code in {200, 201, 207, 404, 410}, written.text
        left = set(await _rows_about(profile, (client_id,)))
        assert left == LEFT


async def test_whom_a_restore_brought_back_is_erased_again_by_itself(running: Start) -> None:
    profile = await running("profile")
    client_id, _ = await _somebody(profile)
    # As a restore leaves it: her rows are back, and the tombstone that was carried over says so.
    await profile.rows(
        "insert into tombstone (brand_id, aggregate, buried_at, restored_at) values ($1, $2, now(), now())",
        BRAND,
        f"client:{client_id}",
    )

    async def erased() -> bool:
        return not await profile.rows("select from client where client_id::text = $1", client_id)

    await until(erased, seconds=90)
    [fact] = await profile.facts("profile.client-erased.v1")
    assert fact["data"]["client_ids"] == [client_id]
    assert await profile.rows("select from tombstone where restored_at is not null") == []


async def test_restricted_data_is_stored_and_not_used_until_the_restriction_is_lifted(running: Start) -> None:
    profile = await running("profile")
    client_id, _ = await _somebody(profile)
    said = await _asked(profile, client_id, "restrict")
    assert (await _step(profile, said["request_id"], "start")).json()["status"] == "done"
    reads = ["", "/card", "/timeline", "/purchases", "/segment"]
    for by in (advisor(), someone(), someone(Role.CLIENT_SERVICE)):
        for read in reads:
            assert problem(await profile.client(by).get(f"/v1/clients/{client_id}{read}")) == "processing-restricted"
    officer = profile.client(someone(Role.PRIVACY))
    for read in reads:
        assert (await officer.get(f"/v1/clients/{client_id}{read}")).status_code == 200
    assert (await profile.client(herself(client_id)).get("/v1/me")).status_code == 200
    name = {"text": "POS client"}
    assert client_id not in (await profile.client(someone()).post("/v1/clients/search", json=name)).text
    assert client_id in (await officer.post("/v1/clients/search", json=name)).text
    assert (await officer.delete(f"/v1/clients/{client_id}/restriction")).status_code == 204
    assert (await officer.delete(f"/v1/clients/{client_id}/restriction")).status_code == 404
    assert (await profile.client(someone()).get(f"/v1/clients/{client_id}")).status_code == 200
    kinds = [fact["type"] for fact in await profile.facts()]
    assert [one for one in kinds if "processing" in one] == [
        "profile.processing-restricted.v1",
        "profile.processing-resumed.v1",
    ]


async def test_no_message_leaves_while_her_data_is_restricted(running: Start) -> None:
    post = await opened(running)
    client_id, openid = await post.client()
    await consented(post.profile, client_id)
    await post.accepts(openid, times=2)
    said = await _asked(post.profile, str(client_id), "restrict")
    assert (await _step(post.profile, said["request_id"], "start")).status_code == 200
    refused = await post.ask(client_id)
    assert (refused["status"], refused["reason"]) == ("refused", "restricted")
    officer = post.profile.client(someone(Role.PRIVACY))
    assert (await officer.delete(f"/v1/clients/{client_id}/restriction")).status_code == 204
    await post.becomes((await post.ask(client_id))["message_id"], "sent")


async def test_she_reads_who_has_seen_her_without_a_name(running: Start) -> None:
    profile = await running("profile")
    client_id, _ = await _somebody(profile)
    seen = (await profile.client(herself(client_id)).get("/v1/me/access-log")).json()["items"]
    assert {(one["role"], one["seen"], one["ground"]) for one in seen} == {("events", "client", "grant")}
    assert all(set(one) == {"role", "seen", "ground", "seen_at"} for one in seen)


async def test_restricted_clients_stand_in_no_book_and_in_no_pair_that_may_be_one(running: Start) -> None:
    profile = await running("profile")
    hers, merged, alike = [await registered(profile, display_name="欧阳若怡") for _ in range(3)]
    for client_id in (hers, alike):
        await own(profile, client_id)
    form = {"other_client_id": merged, "dry_run": False}
    joined = await profile.client(someone()).post(f"/v1/clients/{hers}/merges", json=form, headers=once())
    assert joined.status_code == 201
    one, other = sorted([UUID(merged), UUID(alike)])
    await profile.rows(
        "insert into duplicate (brand_id, duplicate_id, one_id, other_id, probability, grounds, found_at)"
        " values ('lumiere', $1, $2, $3, 0.9, '{name}', now()) returning 1",
        uuid4(),
        one,
        other,
    )

    async def listed() -> tuple[set[str], int]:
        book = (await profile.client(advisor()).get(f"/v1/advisors/{ADVISOR}/book")).json()["items"]
        pairs = (await profile.client(someone()).get("/v1/duplicates")).json()["items"]
        return {entry["client_id"] for entry in book}, len(pairs)

    assert await listed() == ({hers, alike}, 1)
    # Under the record that was merged into hers before it was.
    await profile.rows("insert into restriction values ('lumiere', $1, now()) returning 1", merged)
    assert await listed() == ({alike}, 0)
    officer = profile.client(someone(Role.PRIVACY))
    assert (await officer.delete(f"/v1/clients/{hers}/restriction")).status_code == 204
    assert await listed() == ({hers, alike}, 1)
    told = await profile.facts("profile.processing-resumed.v1")
    assert {fact["data"]["client_id"] for fact in told} == {hers, merged}
