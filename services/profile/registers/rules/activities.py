"""Processing activities: on what ground, and what the law wants before they begin."""

from collections.abc import Collection
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.profile.registers.rules.entries import SENSITIVE, Category


class LegalBasis(StrEnum):
    """Why a processing is lawful (PIPL, article 13)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_DUTY = "legal-duty"
    EMERGENCY = "emergency"
    NEWS = "news"
    MADE_PUBLIC = "made-public"


class Place(StrEnum):
    """What somebody who receives data is to the house."""

    PROCESSOR = "processor"  # acts on the house's behalf (PIPL, article 21)
    HANDLER = "handler"  # decides for itself what it does (PIPL, article 23)
    AUTHORITY = "authority"


class AssessedFor(StrEnum):
    """What has to be assessed before it is done (PIPL, article 55)."""

    SENSITIVE = "sensitive"
    AUTOMATED = "automated"
    ENTRUSTING = "entrusting"
    SHARING = "sharing"
    ABROAD = "abroad"
    MAJOR = "major"


class SeparateConsentNeeded(Refusal):
    """Consent is the ground, and this takes one of its own."""

    kind = Kind.CONFLICT
    slug = "separate-consent-needed"
    en = (
        "Sensitive data, another handler or a recipient abroad need a separate consent where consent is the ground."
        " Ask for it separately and say so here, or name the ground that does without."
    )
    zh = (
        "以同意为依据处理敏感信息、向其他处理者提供或向境外提供的，须取得单独同意。"
        "请单独征得同意并在此注明，或填写其他合法依据。"
    )


def check_consent(
    basis: LegalBasis,
    *,
    separate: bool,
    categories: Collection[Category],
    places: Collection[Place],
    countries: Collection[str],
) -> None:
    """Raise SeparateConsentNeeded (PIPL, articles 23, 29 and 39)."""
    takes_one = bool(SENSITIVE & set(categories)) or Place.HANDLER in places or is_abroad(countries)
    if basis is LegalBasis.CONSENT and takes_one and not separate:
        raise SeparateConsentNeeded


def is_abroad(countries: Collection[str]) -> bool:
    """Whether one of these (ISO 3166) is not the mainland; Hong Kong, Macao and Taiwan count as abroad for data."""
    return bool(set(countries) - {"CN"})


def to_assess(
    *,
    automated: bool,
    major: bool,
    categories: Collection[Category],
    places: Collection[Place],
    countries: Collection[str],
) -> list[AssessedFor]:
    """Why an activity has to be assessed before it begins; nothing where it has not (PIPL, article 55)."""
    found = {
        AssessedFor.SENSITIVE: bool(SENSITIVE & set(categories)),
        AssessedFor.AUTOMATED: automated,
        AssessedFor.ENTRUSTING: Place.PROCESSOR in places,
        AssessedFor.SHARING: Place.HANDLER in places,
        AssessedFor.ABROAD: is_abroad(countries),
        AssessedFor.MAJOR: major,
    }
    return [reason for reason, holds in found.items() if holds]
