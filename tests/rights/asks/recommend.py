"""How recommend is asked."""

from collections.abc import Mapping
from typing import Any

from tests.rights.asking import Ask


def piece(code: str) -> dict[str, Any]:
    """A piece as the house describes it."""
    return {
        "piece_code": code,
        "category": "ring",
        "collection": "aube",
        "name_zh": "戒指",
        "name_en": "Ring",
        "price_minor": 1_000_000,
        "currency": "CNY",
    }


ASKS: Mapping[str, Ask] = {
    "PUT /v1/retention/recommend/{category}": Ask({"days": 400}, named={"category": "recommend_category"}),
    "GET /v1/assortments": Ask(query={"appointment_id": "{appointment_id}"}, shows="assortment_id"),
    "POST /v1/assortments/laid-out": Ask({"appointment_ids": ["{appointment_id}"]}, shows="assortment_id"),
    "POST /v1/assortments": Ask({"appointment_id": "{appointment_id}"}, shows="assortment_id"),
    "GET /v1/assortments/{assortment_id}": Ask(shows="assortment_id"),
    "PATCH /v1/assortments/{assortment_id}": Ask({"pin": ["{piece_code}"]}, shows="assortment_id"),
    "GET /v1/boutiques/{boutique_id}/stock": Ask(shows="piece_code"),
    "GET /v1/clients/{client_id}/recommendations": Ask(shows="piece_code"),
    "GET /v1/pieces": Ask(shows="piece_code"),
    "PUT /v1/pieces/batch": Ask({"pieces": [piece("P-{n}")]}),
    "PUT /v1/stock/batch": Ask(
        {"stock": [{"boutique_id": "{boutique_id}", "piece_code": "{piece_code}", "quantity": 3}]}
    ),
}
