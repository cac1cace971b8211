"""What may be kept of a client, and which of several words on one matter counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal


class Calendar(StrEnum):
    """The calendar a day is kept by."""

    SOLAR = "solar"
    LUNAR = "lunar"


class DayKind(StrEnum):
    """What a day is to her; her own birthday stands in her record."""

    WEDDING_ANNIVERSARY = "wedding-anniversary"
    SPOUSE_BIRTHDAY = "spouse-birthday"
    CHILD_BIRTHDAY = "child-birthday"
    PARENT_BIRTHDAY = "parent-birthday"
    FIRST_PURCHASE = "first-purchase"
    OTHER = "other"


class Topic(StrEnum):
    """What a preference is about."""

    METAL = "metal"
    STONE = "stone"
    MATERIAL = "material"
    COLOUR = "colour"
    STYLE = "style"
    COLLECTION = "collection"
    OCCASION = "occasion"
    GIFTS = "gifts"
    DRINK = "drink"
    REFRESHMENT = "refreshment"
    MUSIC = "music"
    INTEREST = "interest"
    BUDGET = "budget"
    CONTACT_CHANNEL = "contact-channel"
    CONTACT_TIME = "contact-time"
    VISIT_TIME = "visit-time"
    ROOM = "room"


class Provenance(StrEnum):
    """How the house knows, the surest first."""

    SAID = "said"
    OBSERVED = "observed"
    INFERRED = "inferred"


# How sure one may be, in per cent, when whoever writes it down does not say.
CONFIDENCE = {Provenance.SAID: 100, Provenance.OBSERVED: 70, Provenance.INFERRED: 40}
# On these she has one answer at a time; on the others every value is a matter of its own (emeralds, and pearls).
ONE_ANSWER = frozenset({Topic.BUDGET, Topic.CONTACT_CHANNEL, Topic.CONTACT_TIME, Topic.VISIT_TIME, Topic.ROOM})


class Tie(StrEnum):
    """What somebody is to a client."""

    SPOUSE = "spouse"
    PARTNER = "partner"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    FRIEND = "friend"
    ASSISTANT = "assistant"
    PRINCIPAL = "principal"
    OTHER = "other"


# What she is to them: her child has her as a parent. Every other tie is the same seen from both sides.
_OTHER_SIDE = {
    Tie.CHILD: Tie.PARENT,
    Tie.PARENT: Tie.CHILD,
    Tie.ASSISTANT: Tie.PRINCIPAL,
    Tie.PRINCIPAL: Tie.ASSISTANT,
}


class NoSuchDay(Refusal):
    """A day that its calendar does not have."""

    kind = Kind.MALFORMED
    slug = "no-such-day"
    en = "The calendar has no such day. Check the month, its length, and whether that year has this leap month."
    zh = "该日期不存在，请核对月份、当月天数以及该年是否有此闰月。"


class DayAhead(Refusal):
    """A first time that lies in the future."""

    kind = Kind.MALFORMED
    slug = "day-ahead"
    en = "This day has not come yet. Give the year in which it was first kept, or leave the year out."
    zh = "该日期尚未到来。请填写首次发生的年份，或不填年份。"


class LearnedAhead(Refusal):
    """Something learned on a day that has not come."""

    kind = Kind.MALFORMED
    slug = "learned-ahead"
    en = "This cannot have been learned in the future. Give the day on which it was learned, or leave it out."
    zh = "获知日期不能晚于今天，请更正或不填。"


class NotYourNote(Refusal):
    """A shared note is changed by whoever wrote it."""

    kind = Kind.FORBIDDEN
    slug = "not-your-note"
    en = "Only its author may change this note. Write one of your own beside it."
    zh = "仅笔记作者本人可以修改，您可以另写一条。"


class RelatedToHerself(Refusal):
    """Both ends of a relation are one person."""

    kind = Kind.CONFLICT
    slug = "related-to-herself"
    en = "Both records are the same person. Choose another client, or give the name of the other person."
    zh = "两份档案属于同一位客户，请选择另一位客户，或填写对方姓名。"


class RelationKnown(Refusal):
    """The two are related so already."""

    kind = Kind.CONFLICT
    slug = "relation-known"
    en = "This relation between the two is kept already. Remove it first if it was wrong."
    zh = "两位客户之间已记录该关系，如有误请先删除。"


@dataclass(frozen=True, slots=True)
class Preference:
    """One thing the house knows of her taste; `likes` false is what she wants to be spared."""

    preference_id: UUID
    topic: Topic
    value: str
    likes: bool
    provenance: Provenance
    confidence: int
    learned_on: date
    noted_by: str


def outdone(preferences: Iterable[Preference]) -> set[UUID]:
    """The preferences that another one on the same matter outdoes.

    What she said goes before what was observed, and that before what was inferred; of one provenance the newer counts.
    """
    every = list(preferences)
    best: dict[tuple[Topic, str], Preference] = {}
    for one in sorted(every, key=_weight):
        best[_matter(one)] = one
    return {one.preference_id for one in every} - {one.preference_id for one in best.values()}


def _matter(one: Preference) -> tuple[Topic, str]:
    return one.topic, "" if one.topic in ONE_ANSWER else " ".join(one.value.casefold().split())


def _weight(one: Preference) -> tuple[int, date, UUID]:
    # Ids grow with time: of two words of one day the later row counts.
    return -list(Provenance).index(one.provenance), one.learned_on, one.preference_id


def other_side(tie: Tie) -> Tie:
    """The tie as the other of the two sees it."""
    return _OTHER_SIDE.get(tie, tie)
