"""Another time that the house proposes for a visit: what it says, and what it keeps."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules import Claim
from services.appointments.directory.rules import Span


class Because(StrEnum):
    """Why the house proposes another time."""

    STAFF = "staff"
    DISRUPTION = "disruption"


class Answer(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # the visit was moved, cancelled or begun meanwhile


class AgreedBy(StrEnum):
    """How she agreed to a time that the house chose."""

    PROPOSAL = "proposal"
    TELEPHONE = "telephone"
    IN_PERSON = "in-person"
    MESSAGE = "message"


class HerWord(StrEnum):
    """How she told the house that she agrees."""

    TELEPHONE = "telephone"
    IN_PERSON = "in-person"
    MESSAGE = "message"


class ProposalOver(Refusal):
    """She, or time, has answered already."""

    kind = Kind.GONE
    slug = "proposal-over"
    en = "This proposal is no longer open (see `proposal_status`). Your visit stands as the appointment says."
    zh = "该改期提议已失效(见 proposal_status)，预约以当前信息为准。"


class ProposalStands(Refusal):
    """One time is proposed to her already."""

    kind = Kind.CONFLICT
    slug = "proposal-stands"
    en = "Another time is proposed to her already. Withdraw that first, or wait for her answer."
    zh = "已向客户提议其他时间，请先撤回或等待客户答复。"


class AlternativeNotNamed(Refusal):
    """She takes one of the times that the house has named; any other is a move."""

    kind = Kind.CONFLICT
    slug = "alternative-not-named"
    en = "This time was not among those named to you. Choose one of `alternatives`, or move the visit."
    zh = "该时段不在向您提供的备选时间之内，请从 alternatives 中选择，或另行改期。"


def beyond(wanted: Iterable[Claim], occupied: Mapping[UUID, Sequence[Span]]) -> list[Claim]:
    """What is wanted and not occupied already: a visit does not stand in its own way."""
    rest: list[Claim] = []
    for claim in wanted:
        pieces = [claim.during]
        for own in occupied.get(claim.resource_id, ()):
            pieces = [piece for left in pieces for piece in _without(left, own)]
        rest.extend(Claim(claim.resource_id, piece) for piece in pieces)
    return rest


def _without(whole: Span, part: Span) -> list[Span]:
    if not whole.overlaps(part):
        return [whole]
    rests = (Span(whole.starts_at, part.starts_at), Span(part.ends_at, whole.ends_at))
    return [rest for rest in rests if rest.starts_at < rest.ends_at]
