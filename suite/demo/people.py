"""The demo house's people: invented clients and what they bought, the same at every start but for the day it begins."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from suite.demo.pieces import pieces

CLIENTS = 2_000
OWNED_PER_ADVISOR = 40
POS = "lumiere-till"

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟"
)
_COMPOUND = ["欧阳", "司马", "诸葛", "上官", "端木"]
_GIVEN = "若怡子涵雨桐诗雅思远嘉宁文轩静书晓云志明慧敏俊杰婉清皓月安然明哲梓萱景行知夏令仪南枝"
_WESTERN = [("Claire", "Fontaine"), ("James", "Whitfield"), ("Aiko", "Tanaka"), ("Emma", "Laurent"), ("Kenji", "Mori")]


def name(chance: random.Random) -> dict[str, str]:
    """An invented name: mostly Chinese, some compound surnames, some from abroad."""
    if chance.random() < 0.05:
        given, family = chance.choice(_WESTERN)
        return {"display_name": f"{given} {family}", "family_name": family, "given_name": given, "language": "en"}
    family = chance.choice(_COMPOUND) if chance.random() < 0.03 else chance.choice(_SURNAMES)
    given = "".join(chance.sample(_GIVEN, chance.choice([1, 2, 2, 2])))
    return {"display_name": family + given, "family_name": family, "given_name": given, "language": "zh"}


def clients(advisors: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """2,000 clients as `POST /v1/clients/batch` takes them; the first ones belong to the advisors' books."""
    chance = random.Random(2_000)
    for number in range(CLIENTS):
        made: dict[str, Any] = {
            "external_ref": f"LUM-{number:06d}",
            **name(chance),
            "salutation": chance.choice(["女士", "女士", "先生"]),
            # Invented numbers in a form that passes for a mobile phone.
            "phone": f"+86139{chance.randrange(10):d}{number:07d}",
            "pos_ids": [{"system": POS, "value": f"C{number:06d}"}],
            "consents": [
                purpose
                for purpose, share in (("personalisation", 0.76), ("marketing", 0.5), ("survey", 0.7))
                if chance.random() < share
            ],
        }
        if number < OWNED_PER_ADVISOR * len(advisors):
            owner = advisors[number % len(advisors)]
            made["owner"] = {"advisor_id": owner["advisor_id"], "boutique_id": owner["boutique_id"]}
        yield made


def receipts(store_codes: list[str], now: datetime) -> Iterator[dict[str, Any]]:
    """Two years of receipts up to `now`, as `POST /v1/purchases/batch` takes them.

    Spend is spread as the field reports it: few clients buy much (Pareto), one in ten has bought nothing yet, and
    each prefers some categories and one collection, so that there is something to learn.
    """
    chance = random.Random(2_001)
    shelf: dict[str, list[dict[str, Any]]] = {}
    for piece in pieces():
        shelf.setdefault(piece["category"], []).append(piece)
    for number in range(CLIENTS):
        if chance.random() < 0.1:
            continue
        liked = chance.sample(sorted(shelf), chance.randint(1, 4))
        collection = chance.choice(pieces())["collection"]
        budget = min(60, int(chance.paretovariate(1.1) * 2))
        store = chance.choice(store_codes)
        for visit in range(min(12, 1 + budget // 3)):
            bought_at = now - timedelta(days=chance.randint(3, 730), minutes=chance.randrange(600))
            lines = []
            for line in range(1, chance.choice([1, 1, 1, 2, 2, 3]) + 1):
                rack = shelf[chance.choice(liked)]
                preferred = [piece for piece in rack if piece["collection"] == collection]
                affordable = sorted(rack, key=lambda piece: piece["price_minor"])[: max(3, len(rack) * budget // 60)]
                piece = chance.choice(preferred if chance.random() < 0.4 else affordable)
                lines.append(
                    {
                        "line": line,
                        "piece_code": piece["piece_code"],
                        "description": piece["name_en"],
                        "quantity": 1,
                        "unit_price_minor": piece["price_minor"],
                    }
                )
            yield {
                "pos": POS,
                "receipt": f"R{number:06d}-{visit:02d}",
                "purchased_at": bought_at.isoformat(timespec="seconds"),
                "currency": "CNY",
                "store_code": store,
                "customer": {"system": POS, "value": f"C{number:06d}"},
                "lines": lines,
            }
