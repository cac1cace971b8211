"""How many of the pairs found are one person (precision), and how many of those that are were found (recall)."""

import sys
import time
from collections.abc import Collection, Iterator
from itertools import combinations

from bench.duplicates import chinese, febrl
from bench.figures import Figure
from services.profile.identities import models

PEOPLE, FULL_PEOPLE, SEED = 20_000, 50_000, 20_260_101
PRECISE, FOUND = 0.999, 0.95
LEAST = 0.99  # chance from which two of Febrl's records are linked


def measure(*, full: bool) -> Iterator[Figure]:
    """Febrl's set 4 where its files lie, and a house of invented clients."""
    folder = febrl.folder()
    if folder is None:
        sys.stderr.write("duplicates: FEBRL_DATA does not say where Febrl's files lie; left out\n")
    else:
        left, right = febrl.rows(folder / "dataset4a.csv.gz"), febrl.rows(folder / "dataset4b.csv.gz")
        began = time.perf_counter()
        pairs, _ = febrl.linked(left, right, least=LEAST)
        seconds = time.perf_counter() - began
        right_ones = sum(map(febrl.is_one, pairs))
        yield from _figures("Febrl 4", right_ones / len(pairs), right_ones / len(right))
        yield Figure("duplicates: Febrl 4, compared, fitted and linked", seconds, "s")
    certain, likely, true = judged(FULL_PEOPLE if full else PEOPLE)
    yield from _figures(
        "two tills", len(certain & true) / len(certain), len(likely & true) / len(true), found="with the queue"
    )
    yield Figure("duplicates: two tills, joined without asking", len(certain & true) / len(true), "of all")
    yield Figure("duplicates: two tills, right among those asked about", _share(likely - certain, true), "of the queue")


def judged(people: int, *, seed: int = SEED) -> tuple[set[chinese.Pair], set[chinese.Pair], set[chinese.Pair]]:
    """The certain pairs of a house, those that are at least likely, and those that are one person in truth."""
    house = chinese.house(people, seed=seed)
    named = [record.named() for record in house]
    namesakes, bearers = chinese.namesakes(named), chinese.bearers(named)
    certain, likely = set(), set()
    for pair in chinese.candidates(named):
        one, other = (named[number] for number in pair)
        found = models.judge(
            one,
            other,
            records=len(house),
            namesakes=namesakes[models.ring(one.pinyin)],
            bearers=max((bearers[phone] for phone in one.phones & other.phones), default=0),
        )
        if found.is_certain:
            certain.add(pair)
        if found.is_likely:
            likely.add(pair)
    numbers: dict[int, list[int]] = {}
    for number, record in enumerate(house):
        numbers.setdefault(record.person, []).append(number)
    return certain, likely, {pair for same in numbers.values() for pair in combinations(same, 2)}


def _share(found: Collection[chinese.Pair], true: set[chinese.Pair]) -> float:
    return len(true.intersection(found)) / len(found)


def _figures(what: str, precision: float, recall: float, *, found: str = "found") -> Iterator[Figure]:
    yield Figure(
        f"duplicates: {what}, precision", precision, "of the joined", goal=f">= {PRECISE}", reached=precision >= PRECISE
    )
    yield Figure(f"duplicates: {what}, recall, {found}", recall, "of all", goal=f">= {FOUND}", reached=recall >= FOUND)
