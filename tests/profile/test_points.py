"""Points over HTTP and through PostgreSQL: what is bought and done earns, once, and what comes back is taken back."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Role
from services.profile.identities import queries as identities
from services.profile.loyalty.actions import earning, points
from services.profile.loyalty.actions.earning import Counted
from services.profile.loyalty.queries import points as queries
from services.profile.loyalty.rules.ledger import Entering, NotEnoughPoints
from tests.asking import BRAND, Clock, once, problem, tell, until
from tests.conftest import Start
from tests.profile.build import line, receipt
from tests.profile.relationship import as_role, caller, consented, registered
from tests.profile.test_merging import merged, separate
from tests.running import Running

CHANGED = "profile.points-changed.v1"
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
RULES: dict[str, Any] = {
    "since_on": "2026-01-01",
    "expiry_months": 12,
    "spend": [{"currency": "CNY", "minor_per_point": 100_00}],
    "store_types": [{"boutique_type": "outlet", "percent": 50}],
    "engagement": [{"kind": "arrived", "points": 30}, {"kind": "tried", "points": 20}],
}


@pytest.fixture
async def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def profile(running: Start, clock: Clock) -> Running:
    started = await running("profile", clock=clock)
    await ruled(started)
    return started


async def ruled(profile: Running, **changed: Any) -> None:
    answer = await as_role(profile).put("/v1/loyalty-policy", json=RULES | changed, headers={"If-Match": "*"})
    assert answer.status_code == httpx.codes.OK, answer.text


async def sold(profile: Running, *receipts: dict[str, Any]) -> None:
    answer = await as_role(profile, Role.POS).post("/v1/purchases/batch", json={"receipts": list(receipts)})
    assert answer.status_code == httpx.codes.MULTI_STATUS, answer.text
    assert {one["status"] for one in answer.json()["items"]} == {"created"}, answer.text


async def loyalty(profile: Running, client_id: UUID) -> dict[str, Any]:
    answer = await as_role(profile).get(f"/v1/clients/{client_id}/loyalty")
    assert answer.status_code == httpx.codes.OK, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def entries(profile: Running, client_id: UUID) -> list[tuple[str, int]]:
    """Her entries as kind and points, the first first."""
    answer = await as_role(profile).get(f"/v1/clients/{client_id}/points", params={"limit": 100})
    assert answer.status_code == httpx.codes.OK, answer.text
    return [(one["kind"], one["points"]) for one in reversed(answer.json()["items"])]


async def has(profile: Running, client_id: UUID, balance: int) -> None:
    """Wait until she has so many points."""

    async def so() -> bool:
        return bool((await loyalty(profile, client_id))["balance"] == balance)

    await until(so)


async def moved(profile: Running, client_id: UUID, kind: str, amount: int) -> httpx.Response:
    form = {"kind": kind, "points": amount, "reason": "她想换一份生日礼物"}
    return await as_role(profile).post(f"/v1/clients/{client_id}/points", json=form, headers=once())


async def test_a_receipt_earns_and_parts_that_come_back_take_it_away_again(profile: Running) -> None:
    her = await registered(profile, till_number="T-a")
    lines = [line(1, quantity=3, unit_price_minor=1_000_00), line(2, unit_price_minor=250_00)]
    sale = receipt("S-1", lines, customer="T-a")
    await sold(profile, sale)
    await has(profile, her, 32)
    assert await entries(profile, her) == [("earned", 30), ("earned", 2)]

    def back(name: str, number: int) -> dict[str, Any]:
        of = {"pos": "till", "receipt": "S-1", "line": number}
        return receipt(name, [line(1, quantity=-1, unit_price_minor=1_000_00, returns=of)], customer="T-a")

    await sold(profile, back("B-1", 1), back("B-2", 1))
    await has(profile, her, 12)
    told = [fact["data"] for fact in await profile.facts(CHANGED)]
    assert sum(one["delta"] for one in told) == told[-1]["balance"] == 12
    assert {one["reason"] for one in told} == {"earned", "returned"}
    # Said once more, nothing changes.
    ids = [row["purchase_id"] for row in await profile.rows("select purchase_id from purchase")]
    async with profile.kit.database.transaction(BRAND) as tx:
        await earning.reckon(tx, ids, now=NOW)
    assert len(await profile.facts(CHANGED)) == len(told)


async def test_a_return_that_comes_before_its_sale_counts_when_the_sale_is_there(profile: Running) -> None:
    her = await registered(profile, till_number="T-a")
    of = {"pos": "till", "receipt": "S-1", "line": 1}
    await sold(profile, receipt("B-1", [line(1, quantity=-1, unit_price_minor=400_00, returns=of)], customer="T-a"))
    await sold(profile, receipt("S-1", [line(1, unit_price_minor=1_000_00)], customer="T-a"))
    await has(profile, her, 6)


async def test_new_rules_reach_nothing_that_came_in_before_though_something_of_it_comes_back(profile: Running) -> None:
    her = await registered(profile, till_number="T-a")
    lines = [line(1, unit_price_minor=100_00), line(2, unit_price_minor=50_00)]
    await sold(profile, receipt("S-1", lines, customer="T-a"))
    await has(profile, her, 1)
    await ruled(profile, spend=[{"currency": "CNY", "minor_per_point": 10_00}])
    of = {"pos": "till", "receipt": "S-1", "line": 1}
    await sold(profile, receipt("B-1", [line(1, quantity=-1, unit_price_minor=100_00, returns=of)], customer="T-a"))
    await has(profile, her, 0)
    assert await entries(profile, her) == [("earned", 1), ("returned", -1)]


async def test_a_claimed_receipt_earns_what_the_policy_gives_and_one_from_before_it_nothing(profile: Running) -> None:
    boutique = {"boutique_id": str(uuid4()), "region_id": str(uuid4()), "code": "SH-1", "boutique_type": "outlet"}
    await tell(profile, "appointments.boutique-opened.v1", boutique)
    her = await registered(profile)
    await sold(
        profile,
        receipt("S-1", [line(1, unit_price_minor=1_000_00)]),
        receipt("S-2", [line(1, unit_price_minor=1_000_00)], purchased_at="2025-12-30T12:00:00+08:00"),
    )
    for name, bought_on in (("S-1", "2026-03-01"), ("S-2", "2025-12-30")):
        form = {"client_id": str(her), "pos": "till", "receipt": name, "purchased_on": bought_on, "net_minor": 1_000_00}
        answer = await as_role(profile).post("/v1/purchases/claims", json=form, headers=once())
        assert answer.is_success, answer.text
    await has(profile, her, 5)
    assert await entries(profile, her) == [("earned", 5)]


async def test_a_receipt_that_an_import_takes_back_has_earned_nothing(profile: Running) -> None:
    her = await registered(profile, till_number="T-a")
    await sold(profile, receipt("S-1", [line(1, unit_price_minor=1_000_00)], customer="T-a"))
    await has(profile, her, 10)
    [row] = await profile.rows("select purchase_id from purchase")
    async with profile.kit.database.transaction(BRAND) as tx:
        connection = await tx.connection()
        await connection.exec_driver_sql("delete from purchase_line")
        await connection.exec_driver_sql("delete from purchase")
    gone = {"purchase_id": str(row["purchase_id"]), "client_id": str(her), "currency": "CNY", "net_minor": 1_000_00}
    fact = gone | {"line_count": 1, "lines": [], "is_whole": True}
    for _ in range(2):
        await tell(profile, "profile.purchase-taken-back.v1", fact)
    assert await entries(profile, her) == [("earned", 10), ("returned", -10)]


async def test_contacts_count_once_a_day_unless_she_is_not_to_be_reckoned_up(profile: Running) -> None:
    her, other = await registered(profile), await registered(profile)
    await consented(profile, other, "personalisation", granted=False)
    for client_id in (her, other):
        for hour in (2, 5):
            fact = {
                "appointment_id": str(uuid4()),
                "client_id": str(client_id),
                "boutique_id": str(uuid4()),
                "advisor_id": str(uuid4()),
                "arrived_at": NOW.replace(hour=hour).isoformat(),
            }
            await tell(profile, "appointments.client-arrived.v1", fact)
        contacts = [
            {
                "system": "crm",
                "ref": f"{client_id}-{number}",
                "kind": "tried",
                "piece_code": "RING-1",
                "person": {"client_id": str(client_id)},
                "occurred_at": (NOW - timedelta(hours=number)).isoformat(),
            }
            for number in (1, 2, 30, 300)
        ]
        sent = await as_role(profile, Role.PARTNER).post("/v1/touchpoints/batch", json={"touchpoints": contacts})
        assert {one["status"] for one in sent.json()["items"]} == {"created"}, sent.text
    for _ in range(2):
        await earning.count_reported(profile.kit.database, now=NOW)
    assert sorted(await entries(profile, her)) == [("engaged", 20), ("engaged", 20), ("engaged", 30)]
    assert await entries(profile, other) == []


async def test_an_erasing_takes_along_what_a_contact_of_hers_was_just_earning(profile: Running) -> None:
    her = await registered(profile)
    officer = as_role(profile, Role.PRIVACY)
    asked = await officer.post(f"/v1/clients/{her}/data-requests", json={"kind": "erase"}, headers=once())
    at = f"/v1/data-requests/{asked.json()['request_id']}"
    assert (await officer.post(f"{at}/verify", headers={"If-Match": "*", **once()})).is_success

    async def is_waiting() -> bool:
        return bool(await profile.rows("select from pg_locks where not granted"))

    async with profile.kit.database.transaction(BRAND) as tx:
        await earning.count_contacts(tx, [Counted(her, "tried", date(2026, 5, 30))], now=NOW)
        erasing = asyncio.create_task(officer.post(f"{at}/start", headers={"If-Match": "*", **once()}))
        await until(is_waiting)
    assert (await erasing).is_success
    assert await profile.rows("select from points_entry") == []


async def test_points_are_spent_adjusted_and_expire_and_she_sees_them_without_the_words(
    profile: Running, clock: Clock
) -> None:
    her = await registered(profile)
    assert (await moved(profile, her, "adjust", 100)).is_success
    clock.advance(days=30)
    assert (await moved(profile, her, "adjust", 50)).is_success
    refused = await moved(profile, her, "spend", 151)
    assert (refused.status_code, problem(refused), refused.json()["balance"]) == (409, "not-enough-points", 150)
    for kind, amount in (("spend", 0), ("spend", -5), ("adjust", 0)):
        assert problem(await moved(profile, her, kind, amount)) == "points-nothing-to-enter"
    assert (await moved(profile, her, "spend", 30)).json()["balance"] == 120
    assert (await moved(profile, her, "adjust", -20)).json()["balance"] == 100
    body = await loyalty(profile, her)
    assert body["expiring"] == {"expires_on": "2027-06-01", "points": 50}
    clock.now = datetime(2027, 6, 1, 1, tzinfo=UTC)
    assert (await loyalty(profile, her))["balance"] == 50
    while await points.sweep(profile.kit.database, now=clock()):
        pass
    assert await entries(profile, her) == [
        ("adjusted", 100),
        ("adjusted", 50),
        ("spent", -30),
        ("adjusted", -20),
        ("expired", -50),
    ]
    mine = await as_role(profile, Role.CLIENT, client_id=her).get("/v1/me/loyalty")
    assert (mine.json()["balance"], mine.json()["cards"]) == (50, [])
    assert {"segment", "reason", "actor", "tiers", "lacking"}.isdisjoint(mine.text.replace('"', " ").split())
    assert "生日礼物" not in mine.text
    [row] = await profile.rows("select reason from points_entry where kind = 'spent'")
    assert "生日礼物".encode() not in row["reason"]


async def test_a_separation_brings_each_ledger_home(profile: Running) -> None:
    one, other = await registered(profile), await registered(profile)
    assert (await moved(profile, other, "adjust", 50)).is_success
    assert (await moved(profile, one, "adjust", 100)).is_success
    merge_id = await merged(profile, str(one), str(other))
    assert (await loyalty(profile, other))["balance"] == 150
    assert (await moved(profile, one, "spend", 70)).json()["balance"] == 80
    assert (await separate(profile, str(one), merge_id)).is_success
    assert ((await loyalty(profile, one))["balance"], (await loyalty(profile, other))["balance"]) == (80, 0)
    assert await entries(profile, other) == [("adjusted", 50), ("spent", -50)]


async def test_the_ledger_is_only_added_to_and_the_policy_changes_by_its_version(profile: Running) -> None:
    her = await registered(profile)
    assert (await moved(profile, her, "adjust", 100)).is_success
    with pytest.raises(Exception, match="only added to"):
        await profile.rows("update points_entry set points = 1")
    before = await as_role(profile).get("/v1/loyalty-policy")
    assert before.json()["spend"] == RULES["spend"]
    stale = await as_role(profile).put("/v1/loyalty-policy", json=RULES, headers={"If-Match": '"0"'})
    assert problem(stale) == "stale"


async def taken(profile: Running) -> None:
    """Wait until the service has taken its own facts."""

    async def told() -> bool:
        return not await profile.rows("select from outbox where published_at is null")

    await until(told)
    boutique = {"boutique_id": str(uuid4()), "region_id": str(uuid4()), "code": "LAST", "boutique_type": "cafe"}
    await tell(profile, "appointments.boutique-opened.v1", boutique)


class Person:
    """One client in a storm: what was done to her, and what must be true after each step."""

    def __init__(self, profile: Running, chance: random.Random, ids: list[UUID]) -> None:
        self.profile, self.chance, self.ids = profile, chance, ids
        self.today = date(2026, 6, 1)
        self.receipts: list[UUID] = []

    @property
    def now(self) -> datetime:
        return datetime(self.today.year, self.today.month, self.today.day, 4, tzinfo=UTC)

    async def step(self) -> None:
        chance, whose = self.chance, self.chance.choice(self.ids)
        async with self.profile.kit.database.transaction(BRAND) as tx:
            match chance.randrange(5):
                case 0:
                    await points.give(tx, whose, chance.randint(1, 100), reason="r", by="t", now=self.now)
                case 1:
                    family = await identities.family(tx, whose)
                    amount = chance.randint(1, 120)
                    # What is refused is rolled back by its caller; here nothing was entered before the refusal but
                    # what had expired anyway.
                    with suppress(NotEnoughPoints):
                        await points.spend(tx, family, amount, kind=Entering.SPENT, reason="r", by="t", now=self.now)
                case 2:
                    self.today += timedelta(days=chance.randint(1, 200))
                case _:
                    # The same receipts again and again, in whatever order.
                    some = chance.sample(self.receipts, k=min(len(self.receipts), chance.randint(1, 4)))
                    await earning.reckon(tx, some, now=self.now)
        if chance.random() < 0.3:
            await points.sweep(self.profile.kit.database, now=self.now)

    async def check(self) -> None:
        sums = await self.profile.rows(
            "select a.client_id, a.points, coalesce(sum(e.points), 0) as sum from points_account a"
            " left join points_entry e using (brand_id, client_id) where a.client_id = any($1) group by 1, 2",
            self.ids,
        )
        async with self.profile.kit.database.transaction(BRAND) as tx:
            held = await queries.ledgers(tx, self.ids)
            before = {one: ledger.available(self.today) for one, (ledger, _) in held.items()}
            debts = {one: ledger.debt for one, (ledger, _) in held.items()}
            await points.lock(tx, self.ids)
            await points.expire(tx, self.ids, today=self.today, now=self.now)
            after = await queries.ledgers(tx, self.ids)
        for row in sums:
            assert row["points"] == row["sum"] == held[row["client_id"]][0].balance
        for one, (ledger, _) in after.items():
            assert (ledger.balance, ledger.debt, ledger.due(self.today)) == (before[one], debts[one], [])


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_comes_in_whatever_order_the_balance_is_the_sum_of_the_entries(
    profile: Running, seed: int
) -> None:
    chance = random.Random(seed)
    one, other = await registered(profile, till_number="T-one"), await registered(profile, till_number="T-other")
    await merged(profile, str(one), str(other))
    person = Person(profile, chance, [one, other])
    receipts = []
    for number in range(6):
        till = chance.choice(["T-one", "T-other"])
        receipts.append(receipt(f"S-{number}", [line(1, quantity=4, unit_price_minor=500_00)], customer=till))
        for part in range(chance.randint(0, 4)):
            of = {"pos": "till", "receipt": f"S-{number}", "line": 1}
            back = [line(1, quantity=-1, unit_price_minor=500_00, returns=of)]
            receipts.append(receipt(f"B-{number}-{part}", back, customer=chance.choice(["T-one", "T-other"])))
    chance.shuffle(receipts)
    await sold(profile, *receipts)
    await taken(profile)
    person.receipts = [row["purchase_id"] for row in await profile.rows("select purchase_id from purchase")]
    for _ in range(25):
        await person.step()
        await person.check()
    # Each line has what it is still worth, as far as that has not expired.
    async with profile.kit.database.transaction(BRAND) as tx:
        await earning.reckon(tx, person.receipts, now=person.now)
        lines = {(one.purchase_id, one.line): one for one in await queries.lines(tx, person.receipts)}
        for place, entered in (await queries.of_lines(tx, person.receipts)).items():
            worth = 20 * (lines[place].net_minor + lines[place].back_minor) // lines[place].net_minor
            standing, expired = sum(one.points for one in entered), sum(one.expired for one in entered)
            assert standing == max(worth, expired) or standing == worth


async def test_only_those_who_may_move_points(profile: Running) -> None:
    her = await registered(profile)
    form = {"kind": "adjust", "points": 10, "reason": "r"}
    for role in (Role.ADVISOR, Role.POS, Role.PARTNER):
        asked = profile.client(caller(role, advisor_id=uuid4()))
        answer = await asked.post(f"/v1/clients/{her}/points", json=form, headers=once())
        assert answer.status_code == httpx.codes.FORBIDDEN
