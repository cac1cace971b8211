"""How codes are named to people."""

import re
from collections.abc import Mapping

# Houses give their categories codes; these are said in the words of the trade, any other by its own code.
_CATEGORIES: Mapping[str, tuple[str, str]] = {
    "accessory": ("配饰", "accessories"),
    "bracelet": ("手镯", "bracelets"),
    "brooch": ("胸针", "brooches"),
    "earrings": ("耳环", "earrings"),
    "fragrance": ("香氛", "fragrance"),
    "handbag": ("手袋", "handbags"),
    "homeware": ("家居臻品", "homeware"),
    "necklace": ("项链", "necklaces"),
    "pendant": ("吊坠", "pendants"),
    "ready-to-wear": ("成衣", "ready-to-wear"),
    "ring": ("戒指", "rings"),
    "scarf": ("丝巾", "silk scarves"),
    "shoes": ("鞋履", "shoes"),
    "small-leather": ("小皮具", "small leather pieces"),
    "watch": ("腕表", "watches"),
}


def category_name(code: str) -> tuple[str, str]:
    """A category in Chinese and in English (the plural)."""
    return _CATEGORIES.get(code.lower()) or (_spelt(code), _spelt(code))


def collection_name(code: str) -> str:
    """A collection: its name is a proper name, the same in both languages."""
    return _spelt(code)


def _spelt(code: str) -> str:
    """`jade-moon` as `Jade Moon`; what is written with capitals stays as it is."""
    words = re.split(r"[-_.]+", code)
    return " ".join(word.capitalize() if word.islower() else word for word in words if word)
