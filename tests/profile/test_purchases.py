"""Receipts of the tills: every line once, every line accounted for."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import event

from infra.identity import Role
from infra.ids import new_id
from tests.asking import problem, tell, until
from tests.conftest import Start
from tests.profile.build import BOUTIQUE, bought, client_of, line, of_till, receipt, someone

# What keeping a batch does and no reaction does: the follower works on the same engine meanwhile.
OURS = (
    "insert into purchase",
    "insert into identity",
    "insert into client (",
    "update purchase set",
    "limit 1 for update",
)


async def _send(profile: Any, *receipts: dict[str, Any]) -> Any:
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": list(receipts)})
    assert answer.status_code == 207, answer.text
    body = answer.json()
    taken = body["accepted_lines"] + body["repeated_lines"] + body["rejected_lines"]
    assert taken == body["received_lines"] == sum(len(one["lines"]) for one in receipts)
    return body


async def _lines(profile: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await profile.rows("select * from purchase_line order by purchase_id, line")
    return found


async def test_a_batch_sent_again_changes_nothing(running: Start) -> None:
    profile = await running("profile")
    batch = [receipt("R-1", [line(1), line(2)], customer="C-1"), receipt("R-2", [line(1)])]
    first = await _send(profile, *batch)
    facts = await profile.facts()
    second = await _send(profile, *batch)
    assert [item["status"] for item in first["items"]] == ["created", "created"]
    assert [item["status"] for item in second["items"]] == ["repeated", "repeated"]
    assert [item["purchase_id"] for item in first["items"]] == [item["purchase_id"] for item in second["items"]]
    assert (second["accepted_lines"], second["repeated_lines"]) == (0, 3)
    assert len(await _lines(profile)) == 3
    assert len([fact for fact in await profile.facts() if fact["type"] == "profile.purchase-recorded.v1"]) == 2
    assert [fact["type"] for fact in facts].count("profile.client-registered.v1") == 1


async def test_racing_duplicates_keep_each_line_once_and_one_client_per_customer(running: Start) -> None:
    profile = await running("profile")
    batch = [receipt(f"R-{n}", [line(1), line(2)], customer=f"C-{n % 7}") for n in range(40)]
    answers = await asyncio.gather(*[_send(profile, *(batch if turn % 2 else reversed(batch))) for turn in range(6)])
    assert sum(answer["accepted_lines"] for answer in answers) == 80
    assert sum(answer["repeated_lines"] for answer in answers) == 400
    assert len(await _lines(profile)) == 80
    assert len(await profile.rows("select 1 from client")) == 7
    assert len(await profile.facts("profile.purchase-recorded.v1")) == 40


async def test_lines_added_to_a_receipt_later_are_announced_alone(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", [line(1)], customer="C-1"))
    added = await _send(profile, receipt("R-1", [line(1), line(2, unit_price_minor=50_000)], customer="C-1"))
    assert added["items"][0]["status"] == "extended"
    told = (await profile.facts("profile.purchase-recorded.v1"))[1]["data"]
    assert (told["net_minor"], told["line_count"], len(told["lines"])) == (50_000, 1, 1)
    kept = await profile.rows("select net_minor, line_count from purchase")
    assert kept == [{"net_minor": 150_000, "line_count": 2}]


async def test_a_receipt_in_two_parts_of_one_batch_is_one_receipt(running: Start) -> None:
    profile = await running("profile")
    body = await _send(profile, receipt("R-1", [line(1)]), receipt("R-1", [line(1), line(2)]))
    assert [(item["accepted"], item["repeated"]) for item in body["items"]] == [(1, 0), (1, 1)]
    assert len({item["purchase_id"] for item in body["items"]}) == 1
    assert len(await profile.facts("profile.purchase-recorded.v1")) == 1


async def test_each_wrong_line_is_refused_alone_and_says_why(running: Start) -> None:
    profile = await running("profile")
    wrong = [
        line(1, quantity=0),
        line(2, unit_price_minor=-1),
        line(3, piece_code=""),
        line(4, piece_code="<script>"),
        line(5, quantity=2**61),
        line(6, unit_price_minor=2**61),
        line(7, net_minor=-5),
        line(0),
        line(8, piece_code="BANK CHARGES"),
        line(9, quantity=-1),
    ]
    body = await _send(profile, receipt("R-1", wrong))
    assert [one["code"] for one in body["items"][0]["rejected"]] == [
        "quantity-zero",
        "price-negative",
        "bad-piece-code",
        "bad-piece-code",
        "quantity-too-large",
        "amount-too-large",
        "net-against-quantity",
        "bad-line-number",
    ]
    assert body["accepted_lines"] == 2
    # The return weighs against the sale.
    assert (await profile.rows("select net_minor from purchase"))[0]["net_minor"] == 0


async def test_lines_a_receipt_has_no_room_for_are_refused_and_the_rest_of_the_batch_is_kept(running: Start) -> None:
    profile = await running("profile")
    largest = 10**15
    for turn in range(12):  # more than a bigint holds of such batches
        many = [line(950 * turn + n, unit_price_minor=largest) for n in range(1, 951)]
        body = await _send(profile, receipt("R-1", many), receipt(f"S-{turn}"))
        assert body["accepted_lines"] == (2 if turn == 0 else 1)
        assert {one["code"] for one in body["items"][0]["rejected"]} == {"amount-too-large"}
        assert body["items"][1]["status"] == "created"
    kept = await profile.rows("select net_minor, line_count from purchase where receipt = 'R-1'")
    assert kept == [{"net_minor": largest, "line_count": 1}]
    # In parts of one batch too, downwards as well, and what is kept is still known again.
    back, more = line(1, unit_price_minor=largest, quantity=-1), line(2, unit_price_minor=1, quantity=-1)
    body = await _send(profile, *[receipt("R-2", [one]) for one in (back, more, back)])
    assert [item["status"] for item in body["items"]] == ["created", "rejected", "repeated"]
    refused = await profile.client(someone(Role.POS)).post("/v1/purchases", json=receipt("R-1", [line(9_999)]))
    assert (refused.status_code, problem(refused)) == (400, "nothing-taken")
    assert refused.json()["rejected"] == [{"line": 9_999, "code": "amount-too-large"}]


async def test_a_line_with_other_content_under_the_same_number_is_refused(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", [line(1)]))
    body = await _send(profile, receipt("R-1", [line(1, quantity=2), line(1)]))
    assert body["items"][0]["rejected"] == [{"line": 1, "code": "line-differs"}]
    assert body["items"][0]["repeated"] == 1


async def test_what_speaks_against_a_whole_receipt_refuses_its_new_lines(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", [line(1)], customer="C-1"))
    body = await _send(
        profile,
        receipt("R-1", [line(1), line(2)], customer="C-2"),
        receipt("R-1", [line(3)], customer="C-1", currency="EUR"),
        receipt("R-2", [line(1)], currency="yuan"),
        receipt("R-3", [line(1)], purchased_at="2999-01-01T00:00:00Z"),
        receipt("R-4", [line(1)], purchased_at="0001-01-01T00:00:00+14:00"),
    )
    codes = [[one["code"] for one in item["rejected"]] for item in body["items"]]
    assert codes == [
        ["customer-differs"],
        ["currency-differs"],
        ["bad-currency"],
        ["date-impossible"],
        ["date-impossible"],
    ]
    assert [item["purchase_id"] is None for item in body["items"]] == [False, False, True, True, True]


async def test_an_anonymous_receipt_finds_its_client(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1"))
    assert (await profile.facts("profile.purchase-recorded.v1"))[0]["data"]["client_id"] is None
    await _send(profile, receipt("R-1", customer="C-1"))
    client_id = await of_till(profile, "C-1")
    claimed = await profile.facts("profile.purchase-claimed.v1")
    assert [fact["data"]["client_id"] for fact in claimed] == [client_id]
    mine = (await profile.client(client_of(client_id)).get("/v1/me/purchases")).json()["items"]
    assert [one["receipt"] for one in mine] == ["R-1"]

    async def entered() -> bool:
        return len(await profile.rows("select 1 from touchpoint where kind = 'purchase'")) == 1

    await until(entered)


async def test_a_claimed_receipt_is_a_contact_by_its_fact_alone_also_when_the_receipt_is_gone(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", customer="C-1"))
    fact = {
        "purchase_id": str(new_id()),
        "client_id": await of_till(profile, "C-1"),
        "boutique_id": str(BOUTIQUE),
        "purchased_at": "2026-03-01T04:00:00Z",
        "currency": "CNY",
    }
    await tell(profile, "profile.purchase-claimed.v1", fact)
    made = "select 1 from touchpoint where subject_id = $1 and boutique_id = $2"

    async def entered() -> bool:
        return len(await profile.rows(made, UUID(fact["purchase_id"]), BOUTIQUE)) == 1

    await until(entered)


async def test_nobody_gets_a_receipt_by_guessing_at_it(running: Start) -> None:
    profile = await running("profile")
    first = await _send(profile, receipt("R-1"))
    differs = receipt("R-1", [line(1, quantity=2)], customer="C-9")
    body = await _send(profile, differs, receipt("R-1", currency="EUR", customer="C-9"))
    assert [item["status"] for item in body["items"]] == ["rejected", "repeated"]
    assert body["items"][0]["rejected"] == [{"line": 1, "code": "line-differs"}]
    assert await profile.rows("select client_id from purchase") == [{"client_id": None}]
    assert await profile.rows("select 1 from client") == []
    assert await profile.rows("select 1 from identity") == []
    assert [fact["type"] for fact in await profile.facts()] == ["profile.purchase-recorded.v1"]
    # Whoever knows its lines has the receipt in hand; the part that guessed is still refused.
    body = await _send(profile, differs, receipt("R-1", customer="C-1"))
    assert [item["status"] for item in body["items"]] == ["rejected", "repeated"]
    assert body["items"][1]["purchase_id"] == first["items"][0]["purchase_id"]
    [kept] = await profile.rows("select client_id::text from purchase")
    assert kept["client_id"] == await of_till(profile, "C-1")
    assert len(await profile.rows("select 1 from client")) == 1
    assert len(await profile.facts("profile.purchase-claimed.v1")) == 1


async def test_a_customer_whose_lines_are_all_refused_is_not_registered(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", customer="C-1"))
    body = await _send(
        profile,
        receipt("R-1", [line(2)], customer="C-9"),
        receipt("R-2", [line(1, quantity=0)], customer="C-8"),
        receipt("R-3", currency="yuan", customer="C-7"),
    )
    assert [item["status"] for item in body["items"]] == ["rejected"] * 3
    assert len(await profile.rows("select 1 from client")) == 1
    assert len(await profile.rows("select 1 from identity")) == 1
    assert len(await profile.rows("select 1 from purchase")) == 1


async def test_added_lines_are_told_in_the_currency_of_the_receipt_they_are_added_to(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", [line(1)]))
    body = await _send(profile, receipt("R-1", [line(3)], currency="EUR"), receipt("R-1", [line(2)]))
    assert [item["status"] for item in body["items"]] == ["rejected", "extended"]
    told = await profile.facts("profile.purchase-recorded.v1")
    assert [fact["data"]["currency"] for fact in told] == ["CNY", "CNY"]


async def test_a_single_receipt_says_whether_it_is_new(running: Start) -> None:
    profile = await running("profile")
    till = profile.client(someone(Role.POS))
    assert (await till.post("/v1/purchases", json=receipt("R-1"))).status_code == 201
    assert (await till.post("/v1/purchases", json=receipt("R-1"))).status_code == 200
    nothing = await till.post("/v1/purchases", json=receipt("R-2", [line(1, quantity=0)]))
    assert (nothing.status_code, nothing.json()["type"]) == (400, "urn:maison:problem:nothing-taken")
    assert nothing.json()["rejected"] == [{"line": 1, "code": "quantity-zero"}]


async def test_store_codes_become_boutiques_also_for_receipts_that_came_first(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1"))
    await tell(profile, "appointments.boutique-opened.v1", {"boutique_id": str(BOUTIQUE), "code": "SH-1"})
    assert await profile.rows("select 1 from purchase where boutique_id = $1", BOUTIQUE)
    await _send(profile, receipt("R-2"))
    told = await profile.facts("profile.purchase-recorded.v1")
    assert [fact["data"]["boutique_id"] for fact in told] == [None, str(BOUTIQUE)]


async def test_a_batch_of_ten_thousand_lines_is_taken_and_one_more_line_is_too_large(running: Start) -> None:
    profile = await running("profile")
    batch = [receipt(f"R-{n}", [line(m) for m in range(1, 11)], customer=f"C-{n % 300}") for n in range(1_000)]
    assert (await _send(profile, *batch))["accepted_lines"] == 10_000
    batch[0]["lines"].append(line(11))
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": batch})
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:maison:problem:body-too-large")


async def test_only_tills_partners_and_headquarters_report_purchases(running: Start) -> None:
    profile = await running("profile")
    client_id = await bought(profile, "C-1")
    for caller in (None, client_of(client_id), someone(Role.ADVISOR)):
        answer = await profile.client(caller).post("/v1/purchases/batch", json={"receipts": [receipt()]})
        assert answer.status_code == (401 if caller is None else 403)


async def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(running: Start) -> None:
    profile = await running("profile")
    counted: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counted.append(statement)

    async def cost(size: int) -> int:
        batch = [receipt(customer=f"C-{size}-{n}") for n in range(size)]
        await _send(profile, *batch[: size // 2])
        event.listen(profile.kit.database.engine.sync_engine, "before_cursor_execute", count)
        counted.clear()
        # Half of them are known, with a line more; half are new.
        await _send(profile, *[{**one, "lines": [line(1), line(2)]} for one in batch])
        event.remove(profile.kit.database.engine.sync_engine, "before_cursor_execute", count)
        return len([one for one in counted if any(ours in one for ours in OURS)])

    assert await cost(4) == await cost(400) == 6  # receipts, known receipts, lines, extensions, identities, clients
