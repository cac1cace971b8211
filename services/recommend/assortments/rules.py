"""How pieces are chosen: taste first, then what goes with hers, then what is liked; each with a reason to say."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.recommend.taste.rules import Taste

SIZE = 6  # pieces prepared for a visit
MOST = 24  # pieces that people may put on one


class Reason(StrEnum):
    """Why a piece was chosen."""

    ASKED = "asked"
    GOES_WITH = "goes-with"
    COLLECTION = "collection"
    CATEGORY = "category"
    LIKED = "liked"
    DISCOVER = "discover"
    CHOSEN = "chosen"


# Reasons that say something of her: only with her consent.
PERSONAL = frozenset({Reason.GOES_WITH, Reason.COLLECTION, Reason.CATEGORY})

Sentences = Mapping[Reason, tuple[str, str]]

# What the advisor may say; {piece} is a piece the client knows we know, {name} a category or a collection.
SENTENCES: Sentences = {
    Reason.ASKED: ("她预约时看的就是这一件", "The piece she booked from"),
    Reason.GOES_WITH: ("与她已有的{piece}常被一同选购", "Often chosen together with her {piece}"),
    Reason.COLLECTION: ("属于她喜爱的{name}系列", "From {name}, a collection she likes"),
    Reason.CATEGORY: ("属于她常选的{name}", "A kind of piece she likes: {name}"),
    Reason.LIKED: ("近一年深受客户喜爱", "Much liked by clients this year"),
    Reason.DISCOVER: ("值得向她介绍的新选择", "Something new to show her"),
    Reason.CHOSEN: ("顾问为她亲自挑选", "Chosen for her by her advisor"),
}

# What another service is told, for it did not ask profile who may see her: no piece of hers is named.
PEER_SENTENCES: Sentences = {
    **SENTENCES,
    Reason.GOES_WITH: ("常与她已有的单品一同选购", "Often chosen together with a piece she has"),
}

# What she reads herself: no word of how the house speaks about its clients.
HER_SENTENCES: Sentences = {
    Reason.ASKED: ("您预约时看中的一件", "The piece you booked from"),
    Reason.GOES_WITH: ("与您的{piece}相得益彰", "Goes well with your {piece}"),
    Reason.COLLECTION: ("来自您喜爱的{name}系列", "From {name}, a collection you like"),
    Reason.CATEGORY: ("您常选的{name}", "{name}, which you often choose"),
    Reason.LIKED: ("近一年深受喜爱", "Much liked this year"),
    Reason.DISCOVER: ("或许会给您带来惊喜", "Something new for you to discover"),
    Reason.CHOSEN: ("顾问为您亲自挑选", "Chosen for you by your advisor"),
}
_A_PIECE = ("单品", "piece")  # a piece of hers that the catalogue no longer names

# Weights of the parts of a score; each part lies between 0 and 1. Price and past spend are no part of it.
COLLECTION, CATEGORY, TOGETHER, LIKED = 1.0, 0.8, 1.2, 0.3
SAME_KIND = 2  # of one category and collection, at most this many in one choice


class VisitNotExpected(Refusal):
    """The visit was given up or is over."""

    kind = Kind.CONFLICT
    slug = "visit-not-expected"
    en = "This visit was cancelled or is over: there is nothing left to prepare."
    zh = "该到店预约已取消或已结束，无需再准备选品。"


class ProcessingRestricted(Refusal):
    """She had the use of her data restricted: nothing is chosen for her."""

    kind = Kind.ABSENT
    slug = "processing-restricted"
    en = (
        "At the client's wish her data is stored but not used. Ask the data protection officer to lift the restriction."
    )
    zh = "应客户本人要求，其信息仅存储、不作使用。如需解除限制，请联系个人信息保护负责人。"


class PieceNotThere(Refusal):
    """The boutique cannot show the piece now."""

    kind = Kind.CONFLICT
    slug = "piece-not-there"
    en = "The boutique does not have this piece now, so it cannot be promised. Choose one that is in stock there."
    zh = "该精品店目前没有此单品，无法承诺展示，请选择有库存的单品。"


class PieceNotChosen(Refusal):
    """The piece is not part of the assortment."""

    kind = Kind.CONFLICT
    slug = "piece-not-chosen"
    en = "Only pieces of this assortment can be dropped or put in order. Reload it and try again."
    zh = "只能移除或排列此选品中的单品，请刷新后重试。"


class AssortmentFull(Refusal):
    """People have put as many pieces on it as a visit can bear."""

    kind = Kind.CONFLICT
    slug = "assortment-full"
    en = f"An assortment holds {MOST} pinned pieces at most. Drop one first."
    zh = f"一份选品最多固定 {MOST} 件单品，请先移除一件。"


@dataclass(frozen=True)
class Candidate:
    """A piece that could be shown."""

    piece_code: str
    category: str
    collection: str


@dataclass(frozen=True)
class Choice:
    """A chosen piece and why; `reason_piece` is the piece of hers it goes with.

    A pinned piece stays when the visit is prepared anew; a dropped one does not come back by itself.
    """

    piece_code: str
    reason: Reason
    reason_piece: str | None = None
    pinned: bool = False
    dropped: bool = False


def choose(
    candidates: Iterable[Candidate],
    taste: Taste,
    *,
    together: Mapping[str, tuple[str, float]],
    liked: Mapping[str, float],
    asked: str | None = None,
    limit: int,
) -> list[Choice]:
    """The best pieces she does not have yet, at most `limit`, best first; the piece she asked for leads.

    With an empty taste this is the non-personal answer: what is liked, then the rest, by code.
    """
    scored = []
    for candidate in candidates:
        if candidate.piece_code in taste.owned and candidate.piece_code != asked:
            continue
        hers, likeness = together.get(candidate.piece_code, (None, 0.0))
        parts = {
            Reason.GOES_WITH: TOGETHER * likeness,
            Reason.COLLECTION: COLLECTION * taste.collections.get(candidate.collection, 0.0),
            Reason.CATEGORY: CATEGORY * taste.categories.get(candidate.category, 0.0),
            Reason.LIKED: LIKED * liked.get(candidate.piece_code, 0.0),
        }
        reason = max(parts, key=lambda part: parts[part]) if any(parts.values()) else Reason.DISCOVER
        score = sum(parts.values())
        if candidate.piece_code == asked:
            reason, score = Reason.ASKED, float("inf")
        chosen = Choice(candidate.piece_code, reason, hers if reason is Reason.GOES_WITH else None)
        scored.append((-score, candidate.piece_code, candidate, chosen))
    scored.sort(key=lambda entry: entry[:2])
    kept: list[Choice] = []
    kinds: dict[tuple[str, str], int] = {}
    for _, _, candidate, choice in scored:
        kind = (candidate.category, candidate.collection)
        if kinds.get(kind, 0) < SAME_KIND and len(kept) < limit:
            kinds[kind] = kinds.get(kind, 0) + 1
            kept.append(choice)
    return kept


def impersonal(held: Iterable[Choice]) -> list[Choice]:
    """What may be said without her consent: personal choices go; what people pinned or dropped stays, as theirs."""
    return [
        replace(choice, reason=Reason.CHOSEN, reason_piece=None) if choice.reason in PERSONAL else choice
        for choice in held
        if choice.reason not in PERSONAL or choice.pinned or choice.dropped
    ]


def prepared(held: Sequence[Choice], fresh: Iterable[Choice], *, size: int = SIZE) -> list[Choice]:
    """Pinned pieces keep their order, fresh ones fill up to `size`, and the piece she asked for leads.

    Dropped pieces come last and are not shown; what was neither pinned nor dropped makes room.
    """
    pinned = [choice for choice in held if choice.pinned]
    judged = {choice.piece_code for choice in held if choice.pinned or choice.dropped}
    new = [choice for choice in fresh if choice.piece_code not in judged][: max(0, size - len(pinned))]
    lead = [choice for choice in new if choice.reason is Reason.ASKED]
    rest = [choice for choice in new if choice.reason is not Reason.ASKED]
    return [*lead, *pinned, *rest, *(choice for choice in held if choice.dropped)]


def edited(
    held: Sequence[Choice],
    *,
    pin: Sequence[str],
    drop: Collection[str],
    order: Sequence[str],
    showable: Collection[str],
) -> list[Choice]:
    """What an advisor makes of it: pins (also of pieces that were not chosen), then drops, then the order.

    Pieces that `order` does not name follow in the order they had. Raises PieceNotThere, PieceNotChosen and
    AssortmentFull.
    """
    pieces = {choice.piece_code: choice for choice in held}
    shown = [choice.piece_code for choice in held if not choice.dropped]
    for code in pin:
        if code not in shown:
            if code not in showable:
                raise PieceNotThere
            shown.append(code)
        known = pieces.get(code) or Choice(code, Reason.CHOSEN)
        pieces[code] = replace(known, pinned=True, dropped=False)
    for code in drop:
        if code not in pieces:
            raise PieceNotChosen
        pieces[code] = replace(pieces[code], pinned=False, dropped=True)
    shown = [code for code in shown if not pieces[code].dropped]
    if not set(order) <= set(shown):
        raise PieceNotChosen
    if sum(choice.pinned for choice in pieces.values()) > MOST:
        raise AssortmentFull
    arranged = [*order, *(code for code in shown if code not in order)]
    return [*(pieces[code] for code in arranged), *(choice for choice in pieces.values() if choice.dropped)]


def said(
    reason: Reason, sentences: Sentences, *, piece: tuple[str, str] | None, name: tuple[str, str]
) -> tuple[str, str]:
    """The sentence in Chinese and in English; `piece` and `name` are what it speaks of, in both."""
    spoken = [
        sentence.format(piece=own, name=of)
        for sentence, own, of in zip(sentences[reason], piece or _A_PIECE, name, strict=True)
    ]
    return spoken[0], spoken[1][:1].upper() + spoken[1][1:]
