"""What every register has in common: entries that are amended by a new version, and are kept for their legal time."""

from datetime import date
from enum import StrEnum

from infra.refusal import Kind, Refusal

KEPT_YEARS = 3  # impact assessments and records of processing, at least (PIPL, article 56)


class Register(StrEnum):
    """The three registers that officers write."""

    ACTIVITIES = "activities"
    ASSESSMENTS = "assessments"
    BREACHES = "breaches"


class Category(StrEnum):
    """Categories of personal data that the house has to do with."""

    NAME = "name"
    CONTACT = "contact"
    IDENTIFIERS = "identifiers"
    BIRTHDAY = "birthday"
    PURCHASES = "purchases"
    OWNED_PIECES = "owned-pieces"
    PREFERENCES = "preferences"
    SEGMENT = "segment"
    CONTACTS = "contacts"
    VISITS = "visits"
    MESSAGES = "messages"
    OPINIONS = "opinions"
    NOTES = "notes"
    RELATIONS = "relations"
    CONSENTS = "consents"
    MEASUREMENTS = "measurements"
    HEALTH = "health"
    FAITH = "faith"
    FINANCIAL_ACCOUNTS = "financial-accounts"
    WHEREABOUTS = "whereabouts"
    MINORS = "minors"
    STAFF = "staff"


# Sensitive personal information (PIPL, article 28). Sizes of a body are treated as such: a scanner measures them.
SENSITIVE = frozenset(
    {
        Category.MEASUREMENTS,
        Category.HEALTH,
        Category.FAITH,
        Category.FINANCIAL_ACCOUNTS,
        Category.WHEREABOUTS,
        Category.MINORS,
    }
)


class EntryEnded(Refusal):
    """An entry that was closed stays as it is."""

    kind = Kind.CONFLICT
    slug = "entry-ended"
    en = "This entry was closed and is kept as it is. Write a new one."
    zh = "该登记项已关闭，按原样保存；如有变化请新建登记项。"


def kept_until(ended_on: date) -> date:
    """The last day on which the law wants an entry that ended then to be there (PIPL, article 56)."""
    try:
        return ended_on.replace(year=ended_on.year + KEPT_YEARS)
    except ValueError:
        return date(ended_on.year + KEPT_YEARS, 3, 1)
