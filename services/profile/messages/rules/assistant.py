"""What the assistant is asked, and what of its answer may become a draft."""

import re
from collections.abc import Collection, Mapping, Sequence

from services.profile.messages.rules import texts
from services.profile.messages.rules.texts import Named

LONGEST = 400  # characters
# What a client never hears: what she is reckoned to be, and what she is worth.
_FORBIDDEN = re.compile(
    r"\b(?:vics?|vips?|segments?|tiers?|top client|big spender|score|discount|sale price)\b"
    r"|顶级客户|核心客户|潜力客户|普通客户|客户分层|消费金额|消费总额|评分|折扣|优惠|打折|贵宾等级",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"[¥￥$€£]\s*\d|\d[\d,.]*\s*(?:元|块|万|人民币|yuan|rmb|cny|usd|eur|dollars|euros)|(?:rmb|cny|usd|eur)\s*\d",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?:|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|io|top|me|co)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d{5,}|@")
# Half a character cannot be kept, and of the characters that nobody sees a message needs line breaks alone.
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
_SAID: Mapping[Named, str] = {
    Named.SALUTATION: "how she is addressed",
    Named.PIECE: "the piece she bought last",
    Named.VISIT_ON: "the day of her last visit",
    Named.WISH: "the piece she asked about",
}


def asked(name: str, language: str, known: Collection[Named], example: str) -> Sequence[Mapping[str, str]]:
    """The conversation that asks for a draft. It holds no fact of hers: placeholders stand for them."""
    placeholders = "\n".join(f"{{{one}}}: {_SAID[one]}" for one in Named if one in known)
    return (
        {
            "role": "system",
            "content": (
                "You help a client advisor of a luxury boutique to word one short personal message. Write as one person"
                " to another: warm, discreet, no advertising. Two to four sentences. Never mention prices, discounts,"
                " ranks, links, numbers or anything you were not told. Use the placeholders exactly as written, braces"
                " included, and no others. Answer with the message alone."
            ),
        },
        {
            "role": "user",
            "content": (
                f"Language: {'Simplified Chinese' if language == 'zh' else 'English'}\nKind of message: {name}\n"
                f"Placeholders you may use:\n{placeholders}\nAn example of the tone:\n{example}"
            ),
        },
    )


def fit(answer: str, known: Collection[Named]) -> str | None:
    """The answer as a draft with places, or None where it says what it must not."""
    words = answer.strip().strip('"“”').strip()
    if not words or len(words) > LONGEST:
        return None
    if not texts.places(words) <= {one.value for one in known} or "{" in re.sub(r"\{[a-z_]+\}", "", words):
        return None
    if any(pattern.search(words) for pattern in (_FORBIDDEN, _PRICE, _LINK, _NUMBER, _UNSEEN)):
        return None
    return words
