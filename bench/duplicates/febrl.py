"""Febrl's set 4: 5,000 invented Australians, each once as she is and once with errors, to be linked one to one.

The files are not part of this repository. Where they lie, FEBRL_DATA says.
"""

import csv
import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.profile.identities.models import MISSING, Levels, Likeness, fit, resembles, slipped

Row = Mapping[str, str]
Pair = tuple[str, str]

NAMES, TEXTS = ("given_name", "surname"), ("address_1", "address_2", "suburb")
NUMBERS = ("street_number", "postcode", "date_of_birth", "soc_sec_id")
SIZES = (*(4 for _ in NAMES), *(4 for _ in TEXTS), *(3 for _ in NUMBERS), 2)
CUTS = (0.8, 0.92)


def folder() -> Path | None:
    """Where the files lie; None where they do not."""
    named = os.environ.get("FEBRL_DATA")
    return Path(named) if named and (Path(named) / "dataset4a.csv.gz").exists() else None


def rows(path: Path) -> list[Row]:
    """The records of one file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [
            {name.strip(): value.strip() for name, value in row.items()}
            for row in csv.DictReader(lines, skipinitialspace=True)
        ]


def compared(one: Row, other: Row) -> Levels:
    """The levels of names, texts, numbers and state. Names may have changed places."""
    straight = [resembles(one[name], other[name], CUTS) for name in NAMES]
    crossed = [resembles(one[name], other[another], CUTS) for name, another in zip(NAMES, reversed(NAMES), strict=True)]
    same = MISSING if not one["state"] or not other["state"] else int(one["state"] == other["state"])
    return (
        *max(straight, crossed, key=sum),
        *(resembles(one[name], other[name], CUTS) for name in TEXTS),
        *(slipped(one[name], other[name]) for name in NUMBERS),
        same,
    )


def candidates(left: list[Row], right: list[Row]) -> set[tuple[int, int]]:
    """The pairs that have a block in common: nobody compares all 25 million."""
    found: set[tuple[int, int]] = set()
    for block in range(len(list(_blocks(left[0])))):
        places = defaultdict(list)
        for number, row in enumerate(right):
            places[list(_blocks(row))[block]].append(number)
        for number, row in enumerate(left):
            key = list(_blocks(row))[block]
            if all(key):
                found.update((number, other) for other in places.get(key, ()))
    return found


def _blocks(row: Row) -> Iterator[tuple[str, ...]]:
    first, last = row["given_name"][:3], row["surname"][:3]
    yield ("born", row["date_of_birth"])
    yield ("insured", row["soc_sec_id"])
    yield ("named", *sorted((first, last))) if first and last else ("named", "")
    yield ("lives", row["postcode"], row["street_number"])
    yield ("street", row["address_1"])


def linked(left: list[Row], right: list[Row], *, least: float) -> tuple[list[Pair], Likeness]:
    """The pairs found to be one person with at least this chance, each record once; and the model, fitted to them."""
    levels = {(one, other): compared(left[one], right[other]) for one, other in candidates(left, right)}
    model = fit(Counter(levels.values()), SIZES)
    weights = {pair: model.weight(found) for pair, found in levels.items()}
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for (one, other), weight in sorted(weights.items(), key=lambda item: -item[1]):
        if model.probability(weight) < least:
            break
        if one not in taken[0] and other not in taken[1]:
            taken[0].add(one)
            taken[1].add(other)
            pairs.append((left[one]["rec_id"], right[other]["rec_id"]))
    return pairs, model


def is_one(pair: Pair) -> bool:
    """What the file itself says: the number in both ids is the same."""
    return pair[0].split("-")[1] == pair[1].split("-")[1]
