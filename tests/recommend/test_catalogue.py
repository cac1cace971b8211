"""Pieces and stock over HTTP."""

from typing import Any
from uuid import uuid4

from infra.identity import Caller, Role
from infra.wire import cursor
from tests.asking import BRAND, problem
from tests.recommend.build import (
    ADVISOR,
    BOUTIQUE,
    CODES,
    HEADQUARTERS,
    HER,
    OTHER_BOUTIQUE,
    RIVAL,
    TILL,
    House,
    codes,
    piece,
    stock,
)


async def test_sending_pieces_again_changes_nothing_and_says_nothing(house: House) -> None:
    before = await house.recommend.facts("recommend.piece-upserted.v1")
    assert len(before) == len(CODES)
    keeper = house.recommend.client(HEADQUARTERS)
    again = await keeper.put("/v1/pieces/batch", json={"pieces": [piece(code) for code in CODES]})
    assert again.json() == {"changed": 0, "unchanged": len(CODES)}
    assert await house.recommend.facts("recommend.piece-upserted.v1") == before
    dearer = [piece(CODES[0], price_minor=1), piece(CODES[0], price_minor=5_000_00), piece("AUBE-RING-9")]
    changed = await keeper.put("/v1/pieces/batch", json={"pieces": dearer})
    assert changed.json() == {"changed": 2, "unchanged": 0}
    told = (await house.recommend.facts("recommend.piece-upserted.v1"))[len(before) :]
    assert {fact["data"]["piece_code"] for fact in told} == {CODES[0], "AUBE-RING-9"}
    [first] = [item for item in (await keeper.get("/v1/pieces")).json()["items"] if item["piece_code"] == CODES[0]]
    assert first["price_minor"] == 5_000_00, "of two in one batch the later counts"


async def test_pieces_come_in_pages_by_code_and_kind(house: House) -> None:
    reader, seen, after = house.recommend.client(HER), list[str](), None
    while True:
        query = {"limit": 7} | ({"cursor": after} if after else {})
        page = await reader.get("/v1/pieces", params=query)
        seen += codes(page)
        after = page.json()["next_cursor"]
        if after is None:
            break
    assert seen == sorted(CODES)
    rings = await reader.get("/v1/pieces", params={"category": "ring", "collection": "jade-moon"})
    assert codes(rings) == ["JADE-MOON-RING-1", "JADE-MOON-RING-2"]


async def test_stock_is_what_there_is_and_only_a_change_is_announced(house: House) -> None:
    till = house.recommend.client(TILL)
    before = await house.recommend.facts("recommend.stock-changed.v1")
    form = {"stock": [stock(CODES[0], quantity=3), stock(CODES[1]), stock("NEVER-SEEN", quantity=0)]}
    assert (await till.put("/v1/stock/batch", json=form)).json() == {"changed": 1, "unchanged": 2}
    assert (await till.put("/v1/stock/batch", json=form)).json() == {"changed": 0, "unchanged": 3}
    [told] = (await house.recommend.facts("recommend.stock-changed.v1"))[len(before) :]
    assert told["data"] == {
        "stock_id": f"{BOUTIQUE}:{CODES[0]}",
        "boutique_id": str(BOUTIQUE),
        "piece_code": CODES[0],
        "quantity": 3,
    }
    await house.stocked([CODES[2]], quantity=0)
    shelf = await house.recommend.client(ADVISOR).get(f"/v1/boutiques/{BOUTIQUE}/stock", params={"limit": 100})
    assert codes(shelf) == sorted({*CODES} - {CODES[2]})
    other = await house.recommend.client(ADVISOR).get(f"/v1/boutiques/{OTHER_BOUTIQUE}/stock", params={"limit": 100})
    assert codes(other) == sorted(CODES[:6])


async def test_another_brand_has_neither_our_pieces_nor_our_stock(house: House) -> None:
    rival = house.recommend.client(RIVAL)
    assert codes(await rival.get("/v1/pieces")) == []
    assert codes(await rival.get(f"/v1/boutiques/{BOUTIQUE}/stock")) == []


MALFORMED: list[tuple[str, Any]] = [
    ("/v1/pieces/batch", {"pieces": []}),
    ("/v1/pieces/batch", {"pieces": [piece(CODES[0], price_minor=-1)]}),
    ("/v1/pieces/batch", {"pieces": [piece(CODES[0], price_minor=10**30)]}),
    ("/v1/pieces/batch", {"pieces": [piece(CODES[0], piece_code="no spaces")]}),
    ("/v1/pieces/batch", {"pieces": [piece(CODES[0], name_zh="")]}),
    ("/v1/pieces/batch", {"pieces": [piece(CODES[0], currency="yuan")]}),
    ("/v1/pieces/batch", {"pieces": [piece(CODES[0], colour="red")]}),
    ("/v1/pieces/batch", {"pieces": [piece(CODES[0])] * 1001}),
    ("/v1/stock/batch", {"stock": [stock(CODES[0], quantity=-1)]}),
    ("/v1/stock/batch", {"stock": [stock(CODES[0], quantity=2**40)]}),
    ("/v1/stock/batch", {"stock": [stock(CODES[0]) | {"boutique_id": "here"}]}),
    ("/v1/stock/batch", {"stock": "all"}),
    ("/v1/stock/batch", []),
]


async def test_a_malformed_batch_changes_nothing(house: House) -> None:
    before, till = await house.recommend.facts(), house.recommend.client(TILL)
    for path, form in MALFORMED:
        assert problem(await till.put(path, json=form)) == "malformed"
    assert await house.recommend.facts() == before


async def test_a_cursor_made_up_by_a_caller_never_reaches_the_database(house: House) -> None:
    client = house.recommend.client(ADVISOR)
    for path, of in (("/v1/pieces", "pieces None None"), (f"/v1/boutiques/{BOUTIQUE}/stock", f"stock {BOUTIQUE}")):
        for key in ("\x00", "a\x00b", "\ud800"):
            assert problem(await client.get(path, params={"cursor": cursor(key, of=of)})) == "bad-request"
        assert problem(await client.get(path, params={"cursor": "bm90aGluZw"})) == "bad-request"
        odd = await client.get(path, params={"cursor": cursor("Z'--" + "z" * 600, of=of)})
        assert codes(odd) == [], "no piece comes behind it"


async def test_a_till_sets_the_stock_of_its_own_boutiques_only(house: House) -> None:
    till = house.recommend.client(Caller("till-1", Role.POS, BRAND, boutique_ids=frozenset({BOUTIQUE})))
    before = await house.recommend.facts()
    form = {"stock": [stock(CODES[0], quantity=7), stock(CODES[0], quantity=7, boutique=OTHER_BOUTIQUE)]}
    refused = await till.put("/v1/stock/batch", json=form)
    assert (refused.status_code, problem(refused)) == (403, "stock-elsewhere")
    assert await house.recommend.facts() == before
    assert (await till.put("/v1/stock/batch", json={"stock": form["stock"][:1]})).json()["changed"] == 1
    assert (await house.recommend.client(TILL).put("/v1/stock/batch", json=form)).json()["changed"] == 1


async def test_only_keepers_of_the_catalogue_may_change_it(house: House) -> None:
    for by in (HER, ADVISOR):
        client = house.recommend.client(by)
        assert problem(await client.put("/v1/pieces/batch", json={"pieces": [piece(CODES[0])]})) == "not-permitted"
        assert problem(await client.put("/v1/stock/batch", json={"stock": [stock(CODES[0])]})) == "not-permitted"
    assert problem(await house.recommend.client().get(f"/v1/boutiques/{uuid4()}/stock")) == "unauthenticated"
