"""The demo house's 300 pieces, with names in Chinese and English, and what each boutique has of them."""

import random
from collections.abc import Iterator
from typing import Any

# Category, its two names, and the price range in CNY.
CATEGORIES = [
    ("ring", "戒指", "Ring", 6_800, 320_000),
    ("necklace", "项链", "Necklace", 8_900, 480_000),
    ("bracelet", "手镯", "Bracelet", 9_800, 260_000),
    ("earrings", "耳环", "Earrings", 5_600, 180_000),
    ("watch", "腕表", "Watch", 28_000, 680_000),
    ("handbag", "手袋", "Handbag", 14_500, 98_000),
    ("small-leather", "小皮具", "Small Leather Piece", 2_900, 12_800),
    ("scarf", "丝巾", "Silk Scarf", 2_600, 9_800),
    ("fragrance", "香氛", "Fragrance", 980, 3_600),
    ("homeware", "家居臻品", "Homeware", 1_200, 26_000),
]
COLLECTIONS = [
    ("aube", "晨曦", "Aube"),
    ("lac", "湖光", "Lac"),
    ("jade-moon", "玉月", "Jade Moon"),
    ("plume", "轻羽", "Plume"),
    ("seine", "塞纳", "Seine"),
    ("camellia", "山茶", "Camellia"),
]
MATERIALS = [
    ("白金", "White Gold"),
    ("玫瑰金", "Rose Gold"),
    ("黄金", "Yellow Gold"),
    ("珍珠", "Pearl"),
    ("漆面", "Lacquer"),
]


def pieces() -> list[dict[str, Any]]:
    """Ten categories x six collections x five materials, as `PUT /v1/pieces/batch` takes them. The same every time."""
    chance = random.Random(300)
    made = []
    for category, category_zh, category_en, low, high in CATEGORIES:
        for collection, collection_zh, collection_en in COLLECTIONS:
            for number, (material_zh, material_en) in enumerate(MATERIALS, start=1):
                price = round(low * (high / low) ** chance.random(), -2)
                made.append(
                    {
                        "piece_code": f"{collection.upper()}-{category.upper()}-{number:02d}",
                        "category": category,
                        "collection": collection,
                        "name_zh": f"{collection_zh}系列{material_zh}{category_zh}",
                        "name_en": f"{collection_en} {material_en} {category_en}",
                        "price_minor": int(price) * 100,
                        "currency": "CNY",
                        "limited": chance.random() < 0.06,
                    }
                )
    return made


def stock(boutique_ids: list[str]) -> Iterator[dict[str, Any]]:
    """What each boutique has: two pieces in three, one to four of each, as `PUT /v1/stock/batch` takes it."""
    chance = random.Random(301)
    for boutique_id in boutique_ids:
        for piece in pieces():
            if chance.random() < 0.66:
                quantity = 1 if piece["limited"] else chance.randint(1, 4)
                yield {"boutique_id": boutique_id, "piece_code": piece["piece_code"], "quantity": quantity}
