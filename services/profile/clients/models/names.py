"""How a name is written, and the keys it is found by."""

import unicodedata
from dataclasses import dataclass

from pypinyin import lazy_pinyin

# Surnames that the dictionary reads as it would read the same character elsewhere.
SURNAMES = {
    "曾": "zeng",
    "仇": "qiu",
    "单": "shan",
    "單": "shan",
    "解": "xie",
    "查": "zha",
    "朴": "piao",
    "区": "ou",
    "區": "ou",
    "盖": "ge",
    "蓋": "ge",
    "缪": "miao",
    "繆": "miao",
    "翟": "zhai",
    "任": "ren",
    "洗": "xian",
    "冼": "xian",
    "员": "yun",
    "乐": "yue",
    "樂": "yue",
    "晁": "chao",
    "逄": "pang",
    "秘": "bi",
    "折": "she",
    "黑": "he",
    "重": "chong",
    "种": "chong",
    "召": "shao",
    "哈": "ha",
    "尹": "yin",
}
COMPOUND = {
    "欧阳": ("ou", "yang"),
    "歐陽": ("ou", "yang"),
    "司马": ("si", "ma"),
    "司馬": ("si", "ma"),
    "诸葛": ("zhu", "ge"),
    "諸葛": ("zhu", "ge"),
    "尉迟": ("yu", "chi"),
    "尉遲": ("yu", "chi"),
    "长孙": ("zhang", "sun"),
    "長孫": ("zhang", "sun"),
    "万俟": ("mo", "qi"),
    "萬俟": ("mo", "qi"),
    "单于": ("chan", "yu"),
    "單于": ("chan", "yu"),
    "上官": ("shang", "guan"),
    "夏侯": ("xia", "hou"),
    "皇甫": ("huang", "fu"),
    "公孙": ("gong", "sun"),
    "公孫": ("gong", "sun"),
    "令狐": ("ling", "hu"),
    "慕容": ("mu", "rong"),
    "宇文": ("yu", "wen"),
    "澹台": ("tan", "tai"),
    "澹臺": ("tan", "tai"),
    "东方": ("dong", "fang"),
    "東方": ("dong", "fang"),
    "独孤": ("du", "gu"),
    "獨孤": ("du", "gu"),
    "南宫": ("nan", "gong"),
    "南宮": ("nan", "gong"),
    "鲜于": ("xian", "yu"),
    "鮮于": ("xian", "yu"),
    "轩辕": ("xuan", "yuan"),
    "軒轅": ("xuan", "yuan"),
    "钟离": ("zhong", "li"),
    "鍾離": ("zhong", "li"),
    "赫连": ("he", "lian"),
    "赫連": ("he", "lian"),
    "濮阳": ("pu", "yang"),
    "濮陽": ("pu", "yang"),
    "淳于": ("chun", "yu"),
    "申屠": ("shen", "tu"),
    "呼延": ("hu", "yan"),
    "拓跋": ("tuo", "ba"),
    "西门": ("xi", "men"),
    "西門": ("xi", "men"),
    "亓官": ("qi", "guan"),
    "端木": ("duan", "mu"),
    "司徒": ("si", "tu"),
    "司空": ("si", "kong"),
}
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FULL_WIDTH_OFFSET = 0xFEE0
# People type whichever dot their keyboard has; names of minorities and foreigners are written with U+00B7.
_DOTS = dict.fromkeys(map(ord, "‧•・∙⋅･"), "·")
LONGEST_KEY = 400  # characters


@dataclass(frozen=True, slots=True)
class Keys:
    """What a name is found by: each is compared as a prefix, in lower case and without spaces."""

    name: str
    given: str
    pinyin: str
    initials: str


def tidy(name: str) -> str:
    """The name in NFC, trimmed, Latin letters and digits in half width, spaces single, dots U+00B7."""
    half = "".join(
        chr(ord(char) - _FULL_WIDTH_OFFSET)
        if ord(char) in _FULL_WIDTH and chr(ord(char) - _FULL_WIDTH_OFFSET).isalnum()
        else char
        for char in unicodedata.normalize("NFC", name)
    )
    return " ".join(half.translate(_DOTS).split())


def is_writable(name: str) -> bool:
    """Whether a tidied name says anything, and holds no control or private characters."""
    return any(char.isalnum() for char in name) and not any(
        unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"} for char in name
    )


def fold(text: str) -> str:
    """Text as the keys hold it, also for what someone types to search."""
    return "".join(char for char in tidy(text).casefold() if char.isalnum())[:LONGEST_KEY]


def keys(display_name: str, family_name: str | None, given_name: str | None) -> Keys:
    """The keys of a tidied name.

    Without parts a Chinese name is read with its first character, or a compound surname, as the family's.
    """
    syllables = _syllables(display_name, family_name)
    return Keys(
        name=fold(display_name),
        given=fold(given_name or ""),
        pinyin=fold("".join(syllables)),
        initials=fold("".join(syllable[0] for syllable in syllables if syllable)),
    )


def addressed_as(display_name: str, family_name: str | None, salutation: str | None) -> str:
    """How she is spoken to: 欧阳女士, Ms Fontaine; by her whole name where no salutation or no surname is known."""
    if salutation is None:
        return display_name
    if not _is_chinese(display_name):
        return f"{salutation} {family_name or display_name}"
    if "·" in display_name:
        # Which part is whose differs from people to people.
        return f"{family_name or display_name}{salutation}"
    compound = display_name[:2] if display_name[:2] in COMPOUND else display_name[:1]
    return f"{family_name or compound}{salutation}"


def _is_chinese(name: str) -> bool:
    return unicodedata.name(name[0], "").startswith("CJK ")


def _syllables(name: str, family_name: str | None) -> list[str]:
    surname = _surname(name, family_name)
    read = list(COMPOUND.get(surname, ())) or [SURNAMES[surname]] if surname else []
    syllables = []
    for part in lazy_pinyin(name[len(surname) :]):
        # What is not Chinese comes back as it was: a word is a syllable.
        syllables += part.replace("·", " ").split()
    return [*read, *syllables]


def _surname(name: str, family_name: str | None) -> str:
    """The surname at the head of the name, if it is one that needs its own reading; else nothing."""
    for candidate in (family_name or "", name[:2], name[:1]):
        if name.startswith(candidate) and (candidate in COMPOUND or candidate in SURNAMES):
            # Foreigners and minorities do not put a Chinese surname first.
            return "" if "·" in name else candidate
    return ""
