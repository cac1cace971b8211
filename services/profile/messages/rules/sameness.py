"""Never in bulk with only the name changed: how many clients one sender may send the same words in a day."""

from datetime import timedelta

from infra.refusal import Kind, Refusal

WITHIN = timedelta(days=1)


class SameWordsToMany(Refusal):
    """One sender has said this to as many clients today as the brand allows; only the names differ."""

    kind = Kind.CONFLICT
    slug = "message-same-to-many"
    en = "You have sent these words to several clients today. Write to her of what concerns her alone."
    zh = "您今天已将相同内容发送给多位客户。请为这位客户写一些只属于她的话。"


def check(clients: int, limit: int) -> None:
    """Raise SameWordsToMany where that many other clients have had the same words within a day."""
    if clients >= limit:
        raise SameWordsToMany
