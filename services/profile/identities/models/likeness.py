"""How likely two records are one person."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import OSA, JaroWinkler

from services.profile.clients.models import days
from services.profile.clients.models.days import Day
from services.profile.clients.rules import Calendar
from services.profile.identities.models.writing import fits

# Levels of agreement, field by field: 0 where the two differ, more the more alike they are.
Levels = tuple[int, ...]
MISSING = -1  # one of the two says nothing, which says nothing of them
SHORT = 6  # letters: in a shorter reading another letter is another name, not a slip
_SLIPS = 1  # letters or digits
_ROUNDS, _SETTLED = 200, 1e-9  # of the fit
_LEAST = 1e-6  # no share is nothing: what was never seen may yet be


@dataclass(frozen=True, slots=True)
class Likeness:
    """Fellegi and Sunter's model of record linkage (JASA 64, 1969), over fields that are taken to be independent.

    `m` is the share of each level of each field among pairs that are one person, `u` among all others; `prior` the
    share of the former among the pairs compared.
    """

    m: tuple[tuple[float, ...], ...]
    u: tuple[tuple[float, ...], ...]
    prior: float

    def weight(self, levels: Levels, shares: Mapping[int, float] | None = None) -> float:
        """How much the agreement speaks for one person: log2 of m over u, summed. Nothing said weighs nothing.

        `shares` gives for a field that agrees how many people have that very value, which says more than `u`.
        """
        total = 0.0
        for field, level in enumerate(levels):
            if level != MISSING:
                u = (shares or {}).get(field, self.u[field][level])
                total += math.log2(self.m[field][level] / max(u, _LEAST))
        return total

    def probability(self, weight: float) -> float:
        """The chance that a pair of this weight is one person."""
        odds = self.prior / (1 - self.prior) * math.exp2(min(weight, 500.0))
        return odds / (1 + odds)


def fit(seen: Mapping[Levels, int], sizes: Sequence[int], *, prior: float = 0.1) -> Likeness:
    """The model that explains how often each pattern was seen best, by expectation and maximisation (Winkler 1988).

    Nobody has to say which pairs are one person. `sizes` is the number of levels of each field; `prior` a first guess.
    """
    # To begin with, people who are one agree and others do not.
    m = [[(level + 1.0) ** 3 for level in range(size)] for size in sizes]
    u = [[1.0 / (level + 1.0) ** 3 for level in range(size)] for size in sizes]
    model = Likeness(_shares(m), _shares(u), prior)
    total = sum(seen.values())
    for _ in range(_ROUNDS):
        m, u, ones = [[0.0] * size for size in sizes], [[0.0] * size for size in sizes], 0.0
        for levels, count in seen.items():
            chance = model.probability(model.weight(levels))
            ones += count * chance
            for field, level in enumerate(levels):
                if level != MISSING:
                    m[field][level] += count * chance
                    u[field][level] += count * (1 - chance)
        before, model = model.prior, Likeness(_shares(m), _shares(u), min(max(ones / total, _LEAST), 1 - _LEAST))
        if abs(model.prior - before) < _SETTLED:
            break
    return model


def _shares(counts: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(max(count / (sum(field) or 1.0), _LEAST) for count in field) for field in counts)


def slipped(one: str, other: str) -> int:
    """The level of two numbers or codes: 2 the same, 1 a slip apart (a digit wrong, left out or swapped), 0 others."""
    if not one or not other:
        return MISSING
    distance = OSA.distance(one, other, score_cutoff=_SLIPS)
    return 2 if distance == 0 else 1 if distance <= _SLIPS else 0


def resembles(one: str, other: str, cuts: Sequence[float]) -> int:
    """The level of two texts by Jaro and Winkler's similarity: how many of the rising cuts it reaches, 1.0 the last."""
    if not one or not other:
        return MISSING
    return sum(JaroWinkler.similarity(one, other) >= cut for cut in (*cuts, 1.0))


# Levels of a name. Written alike says more than read alike, and that more than a slip or the same family.
SAME_FAMILY, NEARLY, SAME_READING, SAME_WRITING = 1, 2, 3, 4
_SAME_PHONE = 2
# Levels of a birthday: a slip, the other calendar's day under this one's name; the same day; the same of the same year.
OTHER_DAY, SLIPPED_DAY, SAME_DAY, SAME_BIRTH = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Named:
    """What is compared of one record: the keys of her name, empty where nobody knows it, and how else she is known.

    `masks` are phones as e-shops show them, `shown` the beginning of a masked name: they tell a little, and never who.
    """

    name: str
    pinyin: str
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    addressed: str | None = None  # "w" or "m", as her form of address says
    masks: frozenset[str] = frozenset()
    shown: str | None = None
    born: Day | None = None

    def compared(self, other: "Named") -> Levels:
        """The levels of name, phone, e-mail, form of address, masked phone, masked name and birthday."""
        phones = max((slipped(one, another) for one in self.phones for another in other.phones), default=MISSING)
        emails = [int(one == another) for one in self.emails for another in other.emails]
        same = MISSING if None in {self.addressed, other.addressed} else int(self.addressed == other.addressed)
        # Whoever shows the same number whole shows it masked as well: that is one thing and not two.
        masked = MISSING if phones == _SAME_PHONE else max(_masked(self, other), _masked(other, self))
        shown = max(_shown(self, other), _shown(other, self))
        born = _born(self.born, other.born)
        return (_names(self, other), phones, max(emails, default=MISSING), same, masked, shown, born)


def _masked(one: Named, other: Named) -> int:
    """Whether a mask of one can hide a phone of the other, or is shown of her too."""
    fitting = [int(fits(number, mask)) for mask in one.masks for number in other.phones]
    fitting += [int(mask == another) for mask in one.masks for another in other.masks]
    return max(fitting, default=MISSING)


def _shown(one: Named, other: Named) -> int:
    """Whether a masked name of one can hide the name of the other."""
    hidden = other.name or other.shown
    if not one.shown or not hidden or one.shown.isascii() != hidden.isascii():
        return MISSING
    return int(hidden.startswith(one.shown) or one.shown.startswith(hidden))


def _born(one: Day | None, other: Day | None) -> int:
    if (
        one is None
        or other is None
        or _PLACEHOLDER in {(one.calendar, one.month, one.day)} | {(other.calendar, other.month, other.day)}
    ):
        return MISSING
    first, another = days.first_on(one), days.first_on(other)
    if first is not None and another is not None:
        if first == another:
            return SAME_BIRTH
        if one.calendar is other.calendar:
            return SLIPPED_DAY if _slipped_day(one, other) else OTHER_DAY
    same = (one.month, one.day, one.leap) == (other.month, other.day, other.leap)
    if one.calendar is other.calendar:
        return SAME_DAY if same else OTHER_DAY
    # The day of the moon, written down as one of the sun: often so. Any other two of two calendars cannot be compared
    # without their years.
    if (one.month, one.day) == (other.month, other.day):
        return SLIPPED_DAY
    return MISSING if first is None or another is None else OTHER_DAY


def _slipped_day(one: Day, other: Day) -> bool:
    turned = one.year == other.year and (one.month, one.day) == (other.day, other.month)
    return turned or OSA.distance(_digits(one), _digits(other), score_cutoff=_SLIPS) <= _SLIPS


def _digits(one: Day) -> str:
    return f"{one.year}{one.month:02}{one.day:02}"


# What systems put where they know no birthday.
_PLACEHOLDER = (Calendar.SOLAR, 1, 1)


def _names(one: Named, other: Named) -> int:
    if not one.name or not other.name:
        return MISSING
    if one.name == other.name:
        return SAME_WRITING
    both_hanzi = not (one.name.isascii() or other.name.isascii())
    if one.pinyin == other.pinyin or ring(one.pinyin) == ring(other.pinyin):
        # Other characters of the same reading: another name, or a slip at the keyboard.
        return NEARLY if both_hanzi else SAME_READING
    turned = _turned(other.pinyin, one.pinyin)
    if min(len(one.pinyin), len(turned)) >= SHORT and OSA.distance(one.pinyin, turned, score_cutoff=_SLIPS) <= _SLIPS:
        return NEARLY
    return SAME_FAMILY if (one.name[0] == other.name[0] if both_hanzi else one.pinyin[:2] == turned[:2]) else 0


def _turned(pinyin: str, like: str) -> str:
    """The reading begun where it is most like another: given and family name come in either order."""
    turns = [pinyin[start:] + pinyin[:start] for start in range(len(pinyin))] or [pinyin]
    return min(turns, key=lambda turn: OSA.distance(turn, like))


def ring(pinyin: str) -> str:
    """One form of all turns of a reading: "liruoyi" and "ruoyili" have the same."""
    return min((pinyin[start:] + pinyin[:start] for start in range(len(pinyin))), default="")


# Measured on invented clients of two tills whose truth is known (bench/duplicates), and rounded towards caution: name,
# phone, e-mail, form of address, masked phone, masked name, birthday. Where a value is shared by known many, their
# share goes before `u`. Of 365 days and 60 years one is the same by chance once in 22,000; systems round, so twice as
# often.
CLIENTS = Likeness(
    m=(
        (0.01, 0.01, 0.11, 0.32, 0.55),
        (0.12, 0.08, 0.8),
        (0.2, 0.8),
        (0.01, 0.99),
        (0.2, 0.8),
        (0.05, 0.95),
        (0.05, 0.1, 0.15, 0.7),
    ),
    u=(
        (0.97, 0.03, 1.5e-4, 1e-5, 1e-5),
        (0.9998, 3e-6, 2e-4),
        (0.99999, 1e-5),
        (0.5, 0.5),
        (0.9998, 2e-4),
        (0.92, 0.08),
        (0.992, 0.005, 0.003, 1e-4),
    ),
    prior=0.5,
)
TWINS = 0.6  # twice the share of clients who have a second record: of n(n-1)/2 pairs that many are one person
_FEWEST = 5_000  # records
CERTAIN, LIKELY = 0.95, 0.01  # chances: from here on without asking, and from here on worth asking
# What speaks for it, by its place among the levels, from a level above this one.
_GROUNDS = (("name", 0, SAME_FAMILY), ("phone", 1, 0), ("email", 2, 0), ("masked-phone", 4, 0), ("birthday", 6, 0))
_BORN = 6


@dataclass(frozen=True, slots=True)
class Judgement:
    """How two records compare, and the chance that they are one person."""

    levels: Levels
    chance: float

    @property
    def is_certain(self) -> bool:
        """Nobody needs to be asked: the name reads the same, phone or e-mail is the same, and that is no accident.

        Of two birthdays one must be wrong, which people have to find out. A mask is never enough.
        """
        name, phone, email, *_ = self.levels
        is_same = name >= SAME_READING and (phone == _SAME_PHONE or email == 1)
        return self.chance >= CERTAIN and is_same and self.levels[_BORN] != OTHER_DAY

    @property
    def is_likely(self) -> bool:
        """Worth the question."""
        return self.chance >= LIKELY

    @property
    def grounds(self) -> list[str]:
        """What speaks for it."""
        return [field for field, place, less in _GROUNDS if self.levels[place] > less]


def judge(one: Named, other: Named, *, records: int, namesakes: int, bearers: int) -> Judgement:
    """Weigh two of so many records: `namesakes` bear that name, in any order, and `bearers` give that phone."""
    levels = one.compared(other)
    # In a small house names and numbers are as rare as they are outside.
    records = max(records, _FEWEST)
    shares = {}
    if levels[0] >= SAME_READING:
        shares[0] = max(namesakes, 2) / records
    if levels[1] == _SAME_PHONE:
        shares[1] = max(bearers, 2) / records
    model = replace(CLIENTS, prior=TWINS / records)
    return Judgement(levels, model.probability(model.weight(levels, shares)))


_WOMEN = frozenset({"女士", "小姐", "太太", "夫人", "ms", "mrs", "miss", "madam"})
_MEN = frozenset({"先生", "公子", "mr", "sir"})


def addressed(salutation: str | None) -> str | None:
    """What a form of address says: "w" for a woman, "m" for a man, nothing for any other."""
    said = (salutation or "").casefold().rstrip(".")
    return "w" if said in _WOMEN else "m" if said in _MEN else None
