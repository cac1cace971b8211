"""What is recommended, to whom it may be shown, and what may have a part in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from infra.identity import Caller, Role
from services.recommend.assortments.rules import PERSONAL, SAME_KIND
from tests.asking import BRAND, tell, until
from tests.recommend.build import (
    BOUTIQUE,
    CODES,
    HEADQUARTERS,
    HER,
    HER_ID,
    OTHER_BOUTIQUE,
    House,
    piece,
)
from tests.running import Throwaway

RING, NECKLACE = "AUBE-RING-1", "SEINE-NECKLACE-2"


def shown(body: dict[str, Any]) -> list[str]:
    return [item["piece_code"] for item in body["items"]]


def reasons(body: dict[str, Any]) -> set[str]:
    return {item["reason"]["code"] for item in body["items"]}


async def test_a_purchase_changes_what_is_recommended(house: House) -> None:
    await house.allows()
    before = await house.recommended(limit=18)
    assert before["personalised"] is False, "nothing is known of her yet"
    assert RING in shown(before)
    await house.bought(RING)
    after = await house.recommended(limit=18)
    assert after["personalised"] is True
    assert RING not in shown(after), "what she has is not offered to her"
    assert shown(after)[0] == "AUBE-RING-2"
    first = after["items"][0]
    assert first["reason"] == {
        "code": "collection",
        "zh": "属于她喜爱的Aube系列",
        "en": "From Aube, a collection she likes",
    }
    assert "属于她常选的戒指" in {item["reason"]["zh"] for item in after["items"]}
    assert first["place"] == 1
    assert (first["pinned"], first["in_stock"]) == (False, None)


async def test_what_goes_with_hers_names_the_piece_she_has(house: House) -> None:
    await house.allows()
    await house.couples(RING, NECKLACE)
    await house.bought(RING, at=datetime.now(UTC) - timedelta(days=4000))
    [item] = [item for item in (await house.recommended(limit=18))["items"] if item["piece_code"] == NECKLACE]
    assert item["reason"]["code"] == "goes-with"
    assert item["reason"]["en"] == "Often chosen together with her The aube ring 1"
    mine = (await house.recommend.client(HER).get("/v1/me/recommendations", params={"limit": 18})).json()
    [item] = [item for item in mine["items"] if item["piece_code"] == NECKLACE]
    assert item["reason"]["en"] == "Goes well with your The aube ring 1"


async def test_a_pair_that_one_person_has_says_nothing(house: House) -> None:
    await house.allows()
    await house.couples(RING, NECKLACE, people=1)
    await house.bought(RING)
    assert "goes-with" not in reasons(await house.recommended(limit=18))


async def test_pieces_brought_back_and_the_ids_of_one_person_do_not_make_a_pair(house: House) -> None:
    await house.allows()
    for _ in range(3):
        person, purchase_id = uuid4(), uuid4()
        await house.bought(RING, NECKLACE, client=person, purchase_id=purchase_id)
        await house.bought(NECKLACE, client=person, quantity=-1)
    one, also = uuid4(), uuid4()
    await house.bought(RING, NECKLACE, client=one)
    await house.bought(RING, NECKLACE, client=also)
    await house.merged(also, into=one)
    await house.bought(RING)
    assert "goes-with" not in reasons(await house.recommended(limit=18))


async def test_without_consent_nothing_is_personal(house: House) -> None:
    await house.bought(RING)
    for granted in (None, True, False, True):
        if granted is not None:
            await house.allows(granted=granted)
        body = await house.recommended(limit=18)
        assert body["personalised"] is bool(granted)
        assert bool(reasons(body) & PERSONAL) is bool(granted)
        assert (RING in shown(body)) is not bool(granted)


async def test_pieces_that_the_catalogue_does_not_know_say_nothing_of_her(house: House) -> None:
    await house.allows()
    await house.bought("OLD-AND-UNKNOWN")
    assert (await house.recommended())["personalised"] is False


async def test_another_purpose_is_no_consent_for_this_one(house: House) -> None:
    await house.bought(RING)
    await house.tell("profile.consent-given.v1", {"client_id": str(HER_ID), "purpose": "marketing"})
    assert (await house.recommended())["personalised"] is False


async def test_what_a_merged_client_bought_counts_under_either_id(house: House) -> None:
    newcomer = uuid4()
    await house.allows()
    await house.bought(RING, client=newcomer)
    assert (await house.recommended())["personalised"] is False
    await house.merged(newcomer)
    for asked in (HER_ID, newcomer):
        body = await house.recommended(client=asked, limit=18)
        assert body["client_id"] == str(HER_ID)
        assert body["personalised"] is True
        assert RING not in shown(body)


@pytest.mark.parametrize("first", ["inner", "outer"])
async def test_a_chain_of_merges_ends_at_the_survivor_in_any_order(house: House, first: str) -> None:
    middle, oldest = uuid4(), uuid4()
    await house.allows()
    await house.bought(RING, client=oldest)
    steps = [(oldest, middle), (middle, HER_ID)]
    for merged, into in steps if first == "inner" else reversed(steps):
        await house.merged(merged, into=into)
    assert (await house.recommended(client=oldest))["client_id"] == str(HER_ID)
    assert RING not in shown(await house.recommended(limit=18))


@pytest.mark.parametrize("first", ["merged", "separated"])
async def test_separated_clients_are_two_again_whatever_is_heard_first(house: House, first: str) -> None:
    middle, oldest = uuid4(), uuid4()
    await house.allows()
    await house.allows(middle)
    await house.bought(RING, client=oldest)
    await house.merged(oldest, into=middle)
    merge_id = uuid4()
    if first == "merged":
        merge_id = await house.merged(middle)
        assert RING not in shown(await house.recommended(limit=18))
    await house.separated(merge_id, middle)
    assert RING in shown(await house.recommended(limit=18))
    # Whoever had become part of the one who left went with her.
    body = await house.recommended(client=oldest, limit=18)
    assert body["client_id"] == str(middle)
    assert RING not in shown(body)


async def test_of_a_merged_client_her_last_word_counts(house: House) -> None:
    newcomer, at = uuid4(), datetime.now(UTC)
    await house.bought(RING)
    await house.allows(newcomer, at=at - timedelta(minutes=2))
    await house.allows(granted=False, at=at - timedelta(minutes=1))
    await house.merged(newcomer)
    assert (await house.recommended())["personalised"] is False, "an older yes does not outdo her no"
    await house.allows(at=at)
    assert (await house.recommended())["personalised"] is True


async def test_a_receipt_that_found_its_client_is_hers(house: House) -> None:
    purchase_id = uuid4()
    await house.allows()
    await house.bought(RING, client=None, purchase_id=purchase_id)
    assert (await house.recommended())["personalised"] is False
    data = {"purchase_id": str(purchase_id), "client_id": str(HER_ID)}
    await house.tell("profile.purchase-claimed.v1", data)
    assert RING not in shown(await house.recommended(limit=18))


async def test_a_piece_on_two_lines_of_a_receipt_is_kept_once_with_both(house: House) -> None:
    await house.bought(RING, RING)
    assert [row["quantity"] for row in await house.recommend.rows("select quantity from bought")] == [2]


async def test_prices_play_no_part(house: House) -> None:
    await house.allows()
    await house.couples(RING, NECKLACE)
    await house.bought(RING, net_minor=100)
    before = await house.recommended(boutique_id=BOUTIQUE, limit=10)
    dearer = [piece(code, price_minor=piece(code)["price_minor"] * 1000) for code in CODES]
    answer = await house.recommend.client(HEADQUARTERS).put("/v1/pieces/batch", json={"pieces": dearer})
    assert answer.json()["changed"] == len(CODES)
    after = await house.recommended(boutique_id=BOUTIQUE, limit=10)
    priceless = [[{**item, "price_minor": 0} for item in body["items"]] for body in (before, after)]
    assert priceless[0] == priceless[1]
    assert before["items"] != after["items"]


async def test_at_a_boutique_only_what_it_has_is_recommended(house: House) -> None:
    await house.stocked(CODES[:2], boutique=OTHER_BOUTIQUE, quantity=0)
    body = await house.recommended(boutique_id=OTHER_BOUTIQUE, limit=18)
    assert set(shown(body)) == set(CODES[2:6])
    assert all(item["in_stock"] is True for item in body["items"])
    assert (await house.recommended(boutique_id=uuid4()))["items"] == []


async def test_the_limit_is_kept_and_no_kind_crowds_the_others_out(house: House) -> None:
    more = [piece(f"AUBE-RING-{n}") for n in range(3, 9)]
    await house.recommend.client(HEADQUARTERS).put("/v1/pieces/batch", json={"pieces": more})
    body = await house.recommended(limit=100)
    kinds = [(item["category"], item["collection"]) for item in body["items"]]
    assert all(kinds.count(kind) <= SAME_KIND for kind in kinds)
    assert len((await house.recommended(limit=3))["items"]) == 3
    assert len((await house.recommended())["items"]) == 6


async def test_her_own_answer_speaks_to_her(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    mine = await house.recommend.client(HER).get("/v1/me/recommendations", params={"boutique_id": str(BOUTIQUE)})
    body = mine.json()
    assert set(body) == {"boutique_id", "personalised", "items"}
    assert body["personalised"] is True
    for item in body["items"]:
        assert item["in_stock"] is True
        assert "pinned" not in item
        assert "她" not in item["reason"]["zh"]
    assert body["items"][0]["reason"]["zh"] == "来自您喜爱的Aube系列"
    for word in ("segment", "vic", "core", "potential", "client"):
        assert word not in mine.text.lower()
    stranger = Caller("other", Role.CLIENT, BRAND, client_id=uuid4())
    theirs = await house.recommend.client(stranger).get("/v1/me/recommendations")
    assert theirs.json()["personalised"] is False


# --- while what we know is stale -------------------------------------------------------------------------------------


@asynccontextmanager
async def held_up(house: House) -> AsyncIterator[None]:
    """The follower cannot move, and a fact has waited for it for longer than five seconds."""
    event_id = uuid4()
    connection = await asyncpg.connect(house.recommend.settings.database_url)
    log = await asyncpg.connect(house.recommend.settings.log_url)

    async def waits_for_long() -> bool:
        aged = await log.execute(
            "update fact set appended_at = now() - interval '6 seconds' where envelope ->> 'id' = $1", str(event_id)
        )
        return bool(aged == "UPDATE 1")

    try:
        async with asyncio.TaskGroup() as tasks, connection.transaction():
            await connection.execute("select 1 from follower_cursor where follower = 'recommend' for update")
            newcomer = {"client_id": str(uuid4())}
            tasks.create_task(tell(house.recommend, "profile.client-registered.v1", newcomer, event_id=event_id))
            await until(waits_for_long)
            yield
    finally:
        await connection.close()
        await log.close()


async def test_while_the_follower_lags_the_answer_is_not_personal(house: House) -> None:
    await house.allows()
    await house.bought(RING)
    visit = await house.agreed()

    async def personal() -> bool:
        listed = await house.prepared(visit)
        assert listed is not None
        answers = [
            await house.recommended_now(),
            listed,
            (await house.recommend.client(HER).get("/v1/me/recommendations")).json(),
        ]
        kinds = [
            {item["reason"]["code"] for item in body.get("items", body.get("pieces"))} & PERSONAL != set()
            for body in answers
        ]
        assert kinds == [body["personalised"] for body in answers]
        return all(kinds)

    async def impersonal() -> bool:
        return not await personal()

    await until(personal)
    async with held_up(house):
        await until(impersonal)
    await until(personal)


async def test_while_nobody_can_tell_how_old_it_is_the_answer_is_not_personal(
    house: House, postgres: Throwaway
) -> None:
    await house.allows()
    await house.bought(RING)
    assert (await house.recommended())["personalised"] is True
    await postgres.drop(house.recommend.settings.log_url)

    async def impersonal() -> bool:
        return not (await house.recommended_now())["personalised"]

    await until(impersonal)
