"""Clients of two tills as boutiques write them down: characters or pinyin, either order, slips, shared phones.

All of it is invented. What is assumed stands in the shares below; the truth is the person behind each record.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from pypinyin import lazy_pinyin

from services.profile.clients.models.days import Day
from services.profile.clients.models.names import keys
from services.profile.clients.rules import Calendar
from services.profile.identities.models import Named, addressed, is_masked, ring, shown_of

# The commonest surnames, the more often the earlier; given names are of one or two characters.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
    "于杜叶程魏苏吕丁沈任姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯"
    "龙史陶黎贺顾毛郝龚邵万钱严"
)
GIVEN = (
    "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉萍红建文辉力波斌鹏宇浩轩子涵梓"
    "若怡思雨欣晓雪佳琪诗晨曦嘉俊熙一诺语桐心妍梦婷雅楠瑶莹冰清云舒安然凯翔博瑞泽昊天"
    "航晴岚书瑾如意卓群立恒知行远宁"
)
SINGLE = 0.2  # given names of one character
TWICE = 0.3  # people with a record at both tills
SPOUSES, CHILDREN, DRIVEN, RECYCLED = 0.08, 0.06, 0.02, 0.03  # who has somebody else's phone
DRIVERS = 6  # phones that answer for several clients each
# How the second till wrote her name down, and what became of her phone there.
WRITTEN = {"same": 48, "pinyin": 17, "turned": 14, "homophone": 8, "slip": 8, "unknown": 5}
PHONED = {"same": 76, "slip": 7, "another": 10, "none": 7}
MAILED, MAILED_AGAIN, ADDRESSED = 0.35, 0.7, 0.8
# Who told her birthday, who says the year, who keeps it by the moon; and what the second till made of it.
BORN, WITH_YEAR, LUNAR, UNKNOWN_TO_IT = 0.6, 0.85, 0.12, 0.02
BORN_AGAIN = {"same": 66, "without year": 8, "slip": 5, "as solar": 3, "placeholder": 3, "another": 1, "none": 14}
# Who bought in a shop on a platform, which shows a part of her phone, and of her name where she gave no other.
SHOPPED, HIDDEN = 0.15, 0.5
_DIGITS = "0123456789"

Pair = tuple[int, int]


@dataclass(frozen=True)
class Record:
    """One record and the person behind it."""

    person: int
    till: int
    display_name: str
    phone: str
    email: str
    salutation: str
    born: Day | None = None
    mask: str = ""

    def named(self) -> Named:
        """As it is compared."""
        is_hidden = is_masked(self.display_name)
        key = keys(self.display_name, None, None) if self.display_name and not is_hidden else None
        return Named(
            key.name if key else "",
            key.pinyin if key else "",
            frozenset({self.phone} if self.phone else ()),
            frozenset({self.email} if self.email else ()),
            addressed(self.salutation),
            frozenset({self.mask} if self.mask else ()),
            shown_of(self.display_name),
            self.born,
        )


def house(people: int, *, seed: int) -> list[Record]:
    """The records of a house with so many clients."""
    chance = random.Random(seed)  # noqa: S311 - the same house each time
    drivers = [_phone(chance) for _ in range(DRIVERS)]
    first: list[Record] = []
    for person in range(people):
        one = _person(chance, person)
        first.append(_related(chance, one, first, drivers))
    second = [_again(chance, one) for one in first if chance.random() < TWICE]
    return _dated([*first, *second], random.Random(seed + 1))  # noqa: S311


def _dated(records: Sequence[Record], chance: random.Random) -> list[Record]:
    """The same with birthdays, and with buyers of a shop among those of the second till."""
    days = {one.person: _birthday(chance) for one in records if one.till == 1}
    return [
        replace(one, born=days[one.person]) if one.till == 1 else _shopped(chance, one, days[one.person])
        for one in records
    ]


def _birthday(chance: random.Random) -> Day | None:
    if chance.random() >= BORN:
        return None
    calendar = Calendar.LUNAR if chance.random() < LUNAR else Calendar.SOLAR
    if calendar is Calendar.SOLAR and chance.random() < UNKNOWN_TO_IT:
        return Day(calendar, 1, 1, 1980)
    year = chance.randrange(1950, 2008) if chance.random() < WITH_YEAR else None
    return Day(calendar, chance.randrange(1, 13), chance.randrange(1, 29), year)


def _shopped(chance: random.Random, one: Record, born: Day | None) -> Record:
    """What the second till knows of her birthday, and whether it is a shop that hides her phone."""
    told = replace(one, born=_born_again(chance, born))
    if not one.phone or chance.random() >= SHOPPED:
        return told
    name = f"{one.display_name[:1]}**" if chance.random() < HIDDEN else one.display_name
    return replace(told, phone="", mask=f"{one.phone[3:6]}****{one.phone[-4:]}", display_name=name)


def _born_again(chance: random.Random, born: Day | None) -> Day | None:
    if born is None:
        return _birthday(chance) if chance.random() < UNKNOWN_TO_IT else None
    told = {
        "same": born,
        "without year": replace(born, year=None),
        "slip": replace(born, day=born.day % 28 + 1),
        "as solar": replace(born, calendar=Calendar.SOLAR),
        "placeholder": Day(Calendar.SOLAR, 1, 1, 1990),
        "another": _birthday(chance),
        "none": None,
    }
    return told[chance.choices([*BORN_AGAIN], weights=[*BORN_AGAIN.values()])[0]]


def _person(chance: random.Random, person: int) -> Record:
    surname = chance.choices(SURNAMES, weights=[1 / (rank + 4) for rank in range(len(SURNAMES))])[0]
    given = "".join(chance.choices(GIVEN, k=1 if chance.random() < SINGLE else 2))
    email = f"{person}@mail.example" if chance.random() < MAILED else ""
    return Record(person, 1, surname + given, _phone(chance), email, chance.choice(("女士", "先生")))


def _related(chance: random.Random, one: Record, before: Sequence[Record], drivers: Sequence[str]) -> Record:
    """Some have the phone of a spouse, a parent, a driver, or of a stranger who gave it up."""
    drawn = chance.random()
    if not before or drawn >= SPOUSES + CHILDREN + DRIVEN + RECYCLED:
        return one
    other = chance.choice(before)
    if drawn < SPOUSES:
        return replace(one, phone=other.phone, salutation="先生" if other.salutation == "女士" else "女士")
    if drawn < SPOUSES + CHILDREN:
        # Of one family; half of such given names share the character of their generation.
        given = one.display_name[1:]
        generation = other.display_name[1] if chance.random() < 1 / 2 else given[0]
        # Nobody gives a child the name of its parent or sister, nor one that sounds like it.
        taken = {_sound(relative.display_name) for relative in before if relative.phone == other.phone}
        stem = other.display_name[0] + generation
        last = next(char for char in (given[-1], *GIVEN) if _sound(stem + char) not in taken)
        return replace(one, phone=other.phone, display_name=stem + last)
    return replace(one, phone=chance.choice(drivers) if drawn < SPOUSES + CHILDREN + DRIVEN else other.phone)


def _sound(name: str) -> str:
    return "".join(lazy_pinyin(name))


def _again(chance: random.Random, one: Record) -> Record:
    """The same person at the other till."""
    return replace(
        one,
        till=2,
        display_name=_written(chance, one.display_name),
        phone=_phoned(chance, one.phone),
        email=one.email if chance.random() < MAILED_AGAIN else "",
        salutation=one.salutation if chance.random() < ADDRESSED else "",
    )


def _written(chance: random.Random, name: str) -> str:
    family, given = lazy_pinyin(name[0])[0].title(), "".join(lazy_pinyin(name[1:])).title()
    match chance.choices([*WRITTEN], weights=[*WRITTEN.values()])[0]:
        case "pinyin":
            return f"{family} {given}"
        case "turned":
            return f"{given} {family}"
        case "homophone":
            alike = [one for one in GIVEN if one != name[-1] and lazy_pinyin(one) == lazy_pinyin(name[-1])]
            return name[:-1] + chance.choice(alike) if alike else name
        case "slip":
            return f"{family} {_slip(chance, given)}"
        case "unknown":
            return ""
        case _:
            return name


def _slip(chance: random.Random, text: str) -> str:
    """One letter or digit left out, doubled or swapped with the next."""
    at = chance.randrange(len(text) - 1) if len(text) > 1 else 0
    match chance.randrange(3):
        case 0:
            return text[:at] + text[at + 1 :] or text
        case 1:
            return text[: at + 1] + text[at:]
        case _:
            return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]


def _phoned(chance: random.Random, phone: str) -> str:
    match chance.choices([*PHONED], weights=[*PHONED.values()])[0]:
        case "slip":
            at = chance.randrange(4, len(phone))
            return phone[:at] + chance.choice(_DIGITS.replace(phone[at], "")) + phone[at + 1 :]
        case "another":
            return _phone(chance)
        case "none":
            return ""
        case _:
            return phone


def _phone(chance: random.Random) -> str:
    return "+86" + chance.choice(("138", "139", "150", "186", "177")) + "".join(chance.choices(_DIGITS, k=8))


def candidates(found: Sequence[Named]) -> set[Pair]:
    """The pairs with a block in common: the end of a phone, an e-mail, a reading in any order, or its beginning."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, one in enumerate(found):
        for block in blocks(one):
            places[block].append(number)
    return {pair for same in places.values() for pair in combinations(same, 2)}


def blocks(one: Named) -> Iterator[tuple[str, str]]:
    """The same blocks as the service looks records up by."""
    for phone in one.phones:
        yield "tail", phone[-4:]
    for mask in one.masks:
        yield "tail", mask[-4:]
    for email in one.emails:
        yield "mail", email
    if one.pinyin:
        yield "reading", ring(one.pinyin)


def namesakes(found: Sequence[Named]) -> Counter[str]:
    """How many bear a name, by its reading in any order."""
    return Counter(ring(one.pinyin) for one in found if one.pinyin)


def bearers(found: Sequence[Named]) -> Counter[str]:
    """How many give a phone as theirs."""
    return Counter(phone for one in found for phone in one.phones)
