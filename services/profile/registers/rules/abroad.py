"""Exports of client data abroad: what may be in them in which form, and what their yearly number asks for.

The numbers are those of the CAC's provisions on cross-border data flows of March 2024 (articles 5, 7 and 8), for a
house that runs no critical infrastructure; confirm them before relying on them. De-identified data is personal data
still (PIPL, articles 4 and 73), so pseudonymised persons count too.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.profile.registers.rules.activities import AssessedFor
from services.profile.registers.rules.entries import SENSITIVE, Category

CONTRACT_FROM = 100_000  # persons since 1 January whose data is not sensitive
ASSESSMENT_FROM = 1_000_000
SENSITIVE_ASSESSMENT_FROM = 10_000  # persons whose sensitive data is exported; the first of them needs a contract
MINOR_UNTIL = 18  # years; the law's special care ends at 14, the house exports nobody under age

# What says who she is, or may, since people wrote it: only of those who separately consented (PIPL, article 39).
ONLY_PLAIN = frozenset({Category.NAME, Category.CONTACT, Category.BIRTHDAY, Category.PREFERENCES}) | SENSITIVE


class Exportable(StrEnum):
    """The categories that an export may hold at all. The rest stays in the country."""

    NAME = Category.NAME.value
    CONTACT = Category.CONTACT.value
    BIRTHDAY = Category.BIRTHDAY.value
    PREFERENCES = Category.PREFERENCES.value
    SEGMENT = Category.SEGMENT.value
    PURCHASES = Category.PURCHASES.value
    MEASUREMENTS = Category.MEASUREMENTS.value
    HEALTH = Category.HEALTH.value


class Mechanism(StrEnum):
    """On what footing data leaves the country (PIPL, article 38)."""

    NONE = "none"
    STANDARD_CONTRACT = "standard-contract"
    CERTIFICATION = "certification"
    SECURITY_ASSESSMENT = "security-assessment"


class Stage(StrEnum):
    """What the number of persons since 1 January asks for."""

    EXEMPT = "exempt"
    CONTRACT = "contract-or-certification"
    ASSESSMENT = "security-assessment"


WORDS = {
    Stage.EXEMPT: (
        "本年度累计不满 10 万人且不含敏感个人信息：免予订立标准合同、认证及安全评估。",
        "Fewer than 100,000 persons this year, nothing sensitive: no contract, certification or assessment is needed.",
    ),
    Stage.CONTRACT: (
        "本年度累计 10 万人以上、不满 100 万人，或不满 1 万人的敏感个人信息：须订立标准合同或通过认证。",
        "From 100,000 persons, or with anybody's sensitive data: the standard contract or a certification is needed.",
    ),
    Stage.ASSESSMENT: (
        "本年度累计 100 万人以上，或 1 万人以上敏感个人信息：须通过国家网信部门的数据出境安全评估。",
        "From 1,000,000 persons, or 10,000 persons' sensitive data: the authority's security assessment is needed.",
    ),
}
_STRENGTH = {
    Mechanism.NONE: 0,
    Mechanism.STANDARD_CONTRACT: 1,
    Mechanism.CERTIFICATION: 1,
    Mechanism.SECURITY_ASSESSMENT: 2,
}
_WANTED = {Stage.EXEMPT: 0, Stage.CONTRACT: 1, Stage.ASSESSMENT: 2}


class AssessmentMissing(Refusal):
    """Nothing leaves the country before its impact was assessed."""

    kind = Kind.CONFLICT
    slug = "assessment-missing"
    en = (
        "Before data goes abroad its impact is assessed, and so is the use of sensitive data. Enter an assessment of"
        " this activity that accepts both, or renew the one that is overdue."
    )
    zh = "向境外提供个人信息（及处理敏感信息）前须进行影响评估。请登记针对该活动的有效评估，或对逾期评估进行复审。"


class MechanismMissing(Refusal):
    """So many persons' data does not leave on this footing."""

    kind = Kind.CONFLICT
    slug = "export-mechanism-missing"
    en = (
        "With these persons the year's exports pass a legal threshold: see `needed`. Begin an export on that footing;"
        " nobody of this page was exported."
    )
    zh = "加上本页客户后，本年度出境人数将超过法定门槛，所需机制见 needed。请按该机制重新发起导出；本页未导出任何人。"


class StaysHere(Refusal):
    """A recipient in the country is no export."""

    kind = Kind.MALFORMED
    slug = "recipient-not-abroad"
    en = "The recipient is not abroad. Give the country (ISO 3166) where the data is used."
    zh = "接收方不在境外。请填写数据使用地的国家或地区代码。"


@dataclass(frozen=True, slots=True)
class Tally:
    """Distinct persons since 1 January, and those of them whose sensitive data was exported."""

    year: int
    persons: int
    sensitive_persons: int

    @property
    def stage(self) -> Stage:
        """What this many ask for."""
        if self.persons >= ASSESSMENT_FROM or self.sensitive_persons >= SENSITIVE_ASSESSMENT_FROM:
            return Stage.ASSESSMENT
        if self.persons >= CONTRACT_FROM or self.sensitive_persons:
            return Stage.CONTRACT
        return Stage.EXEMPT


def check_footing(tally: Tally, mechanism: Mechanism) -> None:
    """Raise MechanismMissing where the year's number asks for more."""
    if _WANTED[tally.stage] > _STRENGTH[mechanism]:
        raise MechanismMissing(needed=tally.stage.value)


def check_assessed(categories: Collection[Category], covered: Collection[AssessedFor]) -> None:
    """Raise AssessmentMissing (PIPL, article 55)."""
    wanted = {AssessedFor.ABROAD, *([AssessedFor.SENSITIVE] if SENSITIVE & set(categories) else [])}
    if not wanted <= set(covered):
        raise AssessmentMissing


def check_country(country: str) -> None:
    """Raise StaysHere for the mainland."""
    if country == "CN":
        raise StaysHere


def shown(categories: Collection[Category], *, plain: bool) -> set[Category]:
    """What of these is in a person's row: of a pseudonymised one nothing that says who she is."""
    return set(categories) if plain else set(categories) - ONLY_PLAIN
