"""What a client may allow, what is kept only with her consent, and what a row of decisions comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from infra.refusal import Kind, Refusal


class Purpose(StrEnum):
    """What a client may allow. One decision each, never bundled."""

    PERSONALISATION = "personalisation"
    MARKETING = "marketing"
    SURVEY = "survey"
    MEASUREMENTS = "measurements"
    SENSITIVE_ITEMS = "sensitive-items"
    CROSS_BRAND = "cross-brand"
    ABROAD = "abroad"


class Sensitive(StrEnum):
    """What is kept of a client only while she allows it separately."""

    RING_SIZE = "ring-size"
    WRIST = "wrist"
    NECK = "neck"
    FOOT_LENGTH = "foot-length"
    FOOT_WIDTH = "foot-width"
    SHOE_SIZE = "shoe-size"
    CLOTHING_SIZE = "clothing-size"
    BODY_HEIGHT = "body-height"
    ALLERGY = "allergy"
    HEALTH = "health"
    DIET = "diet"
    FAITH = "faith"
    ACCESSIBILITY = "accessibility"


# Whatever is not measured of her body is a sensitive item.
_MEASURED = frozenset(
    {
        Sensitive.RING_SIZE,
        Sensitive.WRIST,
        Sensitive.NECK,
        Sensitive.FOOT_LENGTH,
        Sensitive.FOOT_WIDTH,
        Sensitive.SHOE_SIZE,
        Sensitive.CLOTHING_SIZE,
        Sensitive.BODY_HEIGHT,
    }
)


CHILD_UNTIL = 14  # years; for anybody younger her guardian consents (PIPL, article 31)


class GuardianNeeded(Refusal):
    """A child cannot consent herself."""

    kind = Kind.CONFLICT
    slug = "guardian-needed"
    en = "She is under 14: her guardian has to consent. Write it down in the boutique, with the evidence of it."
    zh = "客户未满 14 周岁，须由其监护人同意。请在精品店记录监护人的同意及凭证。"


class ConsentMissing(Refusal):
    """She has not allowed this, or no longer."""

    kind = Kind.CONFLICT
    slug = "consent-missing"
    en = "The client has not allowed this purpose. Ask her first, and write down her consent with the notice she saw."
    zh = "客户尚未同意该目的。请先征得同意，并记录其同意及所示告知版本。"


class ProfilingOff(Refusal):
    """She does not want to be reckoned up (PIPL, article 24): no tag of hers is made, kept or shown."""

    kind = Kind.CONFLICT
    slug = "profiling-off"
    en = "The client has switched profiling off: nothing is reckoned or inferred about her until she allows it again."
    zh = "客户已关闭个性化标签：在其重新同意之前，不得对其进行推算或推断。"


@dataclass(frozen=True, slots=True)
class Decision:
    """One consent she gave, and how it ended, if it ended."""

    consent_id: UUID
    purpose: Purpose
    notice_version: str
    channel: str
    given_at: datetime
    replaced_at: datetime | None
    withdrawn_at: datetime | None
    evidence: str | None = None  # where the proof lies: the signed form, the recorded call
    by_guardian: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """Her word on one purpose, and the notice she had before her; `evidence` says where the proof lies."""

    purpose: Purpose
    granted: bool
    notice_version: str
    evidence: str | None = None
    by_guardian: bool = False


def latest(decisions: Sequence[Decision], purpose: Purpose) -> Decision | None:
    """Her last word on a purpose over all her records: a withdrawal on one outdoes an older yes on another."""
    words = [one for one in decisions if one.purpose == purpose and one.replaced_at is None]
    # Ids grow with time: of two words in the same moment the later row counts.
    return max(words, key=lambda one: (one.withdrawn_at or one.given_at, one.consent_id), default=None)


def stands(decision: Decision | None) -> bool:
    """Is this a yes? Silence is a no."""
    return decision is not None and decision.withdrawn_at is None


def is_child(age: int | None) -> bool:
    """Whether her guardian has to consent for her; not while nobody knows how old she is."""
    return age is not None and age < CHILD_UNTIL


def is_profiling_off(decisions: Sequence[Decision]) -> bool:
    """Whether she said no to being reckoned up: her last word on personalisation is a no. Silence is none."""
    last = latest(decisions, Purpose.PERSONALISATION)
    return last is not None and not stands(last)


def is_worth_a_row(purpose: Purpose) -> bool:
    """Whether a no is kept though no yes went before it: only for profiling, where silence is not a no already."""
    return purpose is Purpose.PERSONALISATION


def is_outgrown_by(decision: Decision, age: int) -> bool:
    """Whether a standing yes is worth nothing at this age: a child's own (PIPL, article 31)."""
    return is_child(age) and stands(decision) and not (decision.by_guardian and decision.evidence)


def check_age(wish: Wish, age: int | None) -> None:
    """Raise GuardianNeeded for a child's yes that is not her guardian's, or of which nothing proves that it is."""
    if wish.granted and is_child(age) and not (wish.by_guardian and wish.evidence):
        raise GuardianNeeded


def purpose_of(kind: Sensitive) -> Purpose:
    """The purpose she must have allowed for it."""
    return Purpose.MEASUREMENTS if kind in _MEASURED else Purpose.SENSITIVE_ITEMS


def kept_for(purpose: Purpose) -> list[Sensitive]:
    """What is kept only because she allows this purpose."""
    return [kind for kind in Sensitive if purpose_of(kind) is purpose]
