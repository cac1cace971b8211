"""Invented people, each with values that stand nowhere else, and how such a value is found in whatever disguise."""

import base64
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from pypinyin import lazy_pinyin

PEOPLE = 1_000
SEED = 20_261_122

_FAMILIES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
# Rare in names, and used nowhere else in the house: finding one is finding a name.
_GIVEN = "彧翀婠祎"
_SECOND = "安宁书影清和舒文知远若云晚晴"
_BASE64 = 3  # bytes that base64 turns into four characters
_SHORT = 3  # bytes: as many as one Chinese character has

# What every value of a kind has in it, and nothing else has. Names have one of the rare characters.
MARKS = {
    "phone": "1990013",
    "openid": "oQz7Kq",
    "unionid": "uQz7Kq",
    "member": "MQz7Kq",
    "till number": "TQz7Kq",
    "e-mail": ".qz7kq@example.cn",
    "address": "彧园路",
    "note": "她的先生不知道此事",
    "message": "您的翡翠胸针已经修好",
}

# Its digits alone turn up by chance in what is dumped in hexadecimal: a number begins and ends where no such digit is,
# but for the country's code and what is percent-encoded before it.
_PHONE = re.compile(rb"(?:(?<![0-9a-f])|(?<=%[0-9a-f]{2}))(?:86)?" + MARKS["phone"].encode() + rb"\d{4}(?![0-9a-f])")


@dataclass(frozen=True)
class Person:
    """One of them."""

    number: int
    family: str
    given: str
    phone: str
    openid: str
    unionid: str
    member: str
    till_number: str
    email: str
    address: str
    note: str
    message: str

    @property
    def name(self) -> str:
        """As it is written."""
        return self.family + self.given

    @property
    def pinyin(self) -> str:
        """Her name in one word."""
        return "".join(lazy_pinyin(self.name))

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that is hers, one kind after the other."""
        contacts = (self.phone, self.openid, self.unionid, self.member, self.till_number, self.email)
        return (self.name, *contacts, self.address, self.note, self.message)


def people() -> list[Person]:
    """The same ones in every run."""
    chance = random.Random(SEED)
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789_-"

    def code(mark: str, length: int) -> str:
        return mark + "".join(chance.choice(letters) for _ in range(length - len(mark)))

    tails = chance.sample(range(10_000), PEOPLE)
    return [
        Person(
            number=number,
            family=chance.choice(_FAMILIES),
            given=chance.choice(_GIVEN) + chance.choice(_SECOND),
            phone=f"{MARKS['phone']}{tails[number]:04d}",
            openid=code(MARKS["openid"], 28),
            unionid=code(MARKS["unionid"], 28),
            member=code(MARKS["member"], 14),
            till_number=code(MARKS["till number"], 14),
            email=f"w{number}{MARKS['e-mail']}",
            address=f"静安区{MARKS['address']}{chance.randrange(1, 900)}号{number}室",
            note=f"{MARKS['note']}，第{number}次",
            message=f"{MARKS['message']}，编号{number}",
        )
        for number in range(PEOPLE)
    ]


def found(everything: bytes, *, names_allowed: bool = False) -> list[str]:
    """The kinds of values that stand in it, in clear or in a disguise that anybody can take off."""
    everything = everything.replace(rb"\\", b"\\")  # what is escaped may have been put into JSON
    # The address begins with a rare character that may be allowed; its own mark is looked for all the same.
    kinds = [kind for kind, mark in MARKS.items() if _stands(everything, mark)]
    if not names_allowed:
        # The rare character alone, and the whole given name, which is long enough for every disguise.
        given = [rare + second for rare in _GIVEN for second in sorted(set(_SECOND))]
        kinds += [f"name ({one})" for one in (*_GIVEN, *given) if _stands(everything, one)]
    return kinds


def found_pinyin(everything: bytes, known: frozenset[str]) -> set[str]:
    """The names in pinyin, written together or apart, that stand in it."""
    words = re.findall(rb"[a-z]+(?:[ \-][a-z]+){0,2}", everything.lower())
    return {joined for word in set(words) if (joined := re.sub(rb"[ \-]", b"", word).decode()) in known}


def _stands(everything: bytes, mark: str) -> bool:
    in_clear = _PHONE.search(everything) is not None if mark == MARKS["phone"] else mark.encode() in everything
    return in_clear or any(disguise in everything for disguise in disguises(mark))


def disguises(mark: str) -> Iterator[bytes]:
    """In hexadecimal as bytea is dumped, percent-encoded, escaped as in JSON, protobuf and Python, in base64.

    Without those that are so short that they turn up by chance, in ids and in what is encrypted.
    """
    clear = mark.encode()
    if len(clear) > _SHORT:
        yield clear.hex().encode()
    if not mark.isascii():
        yield quote(mark).encode()
        yield mark.encode("unicode_escape")
        yield "".join(f"\\{byte:03o}" for byte in clear).encode()
        yield "".join(f"\\x{byte:02x}" for byte in clear).encode()
        if len(clear) > _SHORT:
            yield mark.encode("gb18030")
    for shift in range(_BASE64):
        # The characters that depend on what stands before and after are left out.
        whole = base64.b64encode(b"\0" * shift + clear).rstrip(b"=")
        inner = whole[4 if shift else 0 : -1 or None]
        if len(inner) >= 6:  # shorter ones could be chance
            yield inner
