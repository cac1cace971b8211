"""What a client seems to like, from what she bought."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

HALF_LIFE_DAYS = 365  # a purchase a year ago says half as much as one today


@dataclass(frozen=True)
class Bought:
    """One piece she bought (a negative quantity is a return)."""

    piece_code: str
    category: str | None
    collection: str | None
    quantity: int
    purchased_at: datetime


@dataclass(frozen=True)
class Taste:
    """Shares of her purchases by category and collection (each sums to 1), and the pieces she has.

    `latest` are those she has that the catalogue knows, the newest first.
    """

    categories: Mapping[str, float] = field(default_factory=dict)
    collections: Mapping[str, float] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    latest: tuple[str, ...] = ()


def taste_of(purchases: Iterable[Bought], *, now: datetime) -> Taste:
    """Weigh each piece by the age of its last purchase; what she brought back counts for nothing.

    Price plays no part, and a piece bought twice counts once.
    """
    kept: dict[str, int] = defaultdict(int)
    last: dict[str, Bought] = {}
    for bought in purchases:
        code = bought.piece_code
        kept[code] += bought.quantity
        if bought.quantity > 0 and (code not in last or bought.purchased_at > last[code].purchased_at):
            last[code] = bought
    owned = frozenset(code for code, quantity in kept.items() if quantity > 0)
    newest = sorted(
        (last[code] for code in owned), key=lambda bought: (-bought.purchased_at.timestamp(), bought.piece_code)
    )
    categories: dict[str, float] = defaultdict(float)
    collections: dict[str, float] = defaultdict(float)
    latest = []
    for bought in newest:
        if bought.category is None or bought.collection is None:
            continue
        age_days = max(0.0, (now - bought.purchased_at).total_seconds() / 86_400)
        weight = 0.5 ** (age_days / HALF_LIFE_DAYS)
        categories[bought.category] += weight
        collections[bought.collection] += weight
        latest.append(bought.piece_code)
    return Taste(_shares(categories), _shares(collections), owned, tuple(latest))


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    # A purchase of long ago may weigh so little that nothing is left of it.
    return {name: weight / total for name, weight in weights.items()} if total else {}
