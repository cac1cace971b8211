"""What may be sent to a client, and the life of a message: which step may follow which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import parse_qsl

from infra.refusal import Kind, Refusal

# --- the life of a message -------------------------------------------------------------------------------------------


class Status(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Step(StrEnum):
    """What happens to a message."""

    CLAIM = "claim"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    FAIL = "fail"
    POSTPONE = "postpone"
    LOSE = "lose"


# The whole lifecycle. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.QUEUED, Step.CLAIM): Status.SENDING,
    # What permitted it does so no longer.
    (Status.QUEUED, Step.WITHDRAW): Status.REFUSED,
    (Status.SENDING, Step.ACCEPT): Status.SENT,
    (Status.SENDING, Step.FAIL): Status.FAILED,
    # Only when it certainly has not left the house.
    (Status.SENDING, Step.POSTPONE): Status.QUEUED,
    # It may have been sent or not: it is never sent again.
    (Status.SENDING, Step.LOSE): Status.UNKNOWN,
}


class StepNotOpen(Refusal):
    """The message is past that, or not there yet."""

    kind = Kind.CONFLICT
    slug = "message-step-not-open"
    en = "This is no longer possible: the message has gone on."
    zh = "该消息的状态已变化，无法执行此操作。"


def after(status: Status, step: Step) -> Status:
    """The status a step leads to; raises StepNotOpen."""
    following = NEXT.get((status, step))
    if following is None:
        raise StepNotOpen
    return following


# --- may it be sent? -------------------------------------------------------------------------------------------------


class Purpose(StrEnum):
    """What a message is for. Service is what she asked for herself: her booking, her repair, an answer."""

    SERVICE = "service"
    SURVEY = "survey"
    MARKETING = "marketing"


NEEDS_CONSENT = frozenset({Purpose.SURVEY, Purpose.MARKETING})
# Surveys come from their journeys, never by hand.
BY_HAND = frozenset({Purpose.SERVICE, Purpose.MARKETING})


class Reason(StrEnum):
    """Why a message was not sent. A rejection by WeChat is `wechat-<errcode>`."""

    RESTRICTED = "restricted"
    NO_CONSENT = "no-consent"
    NO_CHANNEL = "no-channel"
    NO_CREDIT = "no-credit"
    RECIPIENT_UNKNOWN = "recipient-unknown"
    PARAMETER_UNFIT = "parameter-unfit"
    # The two that make it `unknown`: WeChat did not answer, or we were interrupted before we could hear it.
    NO_ANSWER = "no-answer"
    INTERRUPTED = "interrupted"


class PurposeNotOpen(Refusal):
    """Somebody wants to send by hand what only a journey sends."""

    kind = Kind.FORBIDDEN
    slug = "purpose-not-open"
    en = "Surveys are sent by their journeys. Choose service or marketing."
    zh = "问卷由客户旅程自动发送，请选择服务或营销用途。"


@dataclass(frozen=True, slots=True)
class Asked:
    """A message somebody wants to send, and the ledger's state: consent for its purpose, ways to her, sends left.

    `restricted`: she wants her data stored and not used.
    """

    purpose: Purpose
    consent: bool
    channels: int
    credits: int
    restricted: bool = False


class Rule(Protocol):
    """One reason for which a message may not be sent."""

    def judge(self, asked: Asked) -> Reason | None:
        """The reason against it, None if this rule has none."""
        ...


@dataclass(frozen=True, slots=True)
class UseOpen:
    """Restricted data sends nothing, not even what needs no consent."""

    def judge(self, asked: Asked) -> Reason | None:
        """Stored, and not used."""
        return Reason.RESTRICTED if asked.restricted else None


@dataclass(frozen=True, slots=True)
class ConsentStands:
    """What she did not ask for herself needs her consent for that purpose."""

    needed_for: frozenset[Purpose] = NEEDS_CONSENT

    def judge(self, asked: Asked) -> Reason | None:
        """No consent, no message."""
        return Reason.NO_CONSENT if asked.purpose in self.needed_for and not asked.consent else None


@dataclass(frozen=True, slots=True)
class ChannelKnown:
    """There must be a way to reach her."""

    def judge(self, asked: Asked) -> Reason | None:
        """Nothing known of her in the account the house sends from."""
        return Reason.NO_CHANNEL if asked.channels < 1 else None


@dataclass(frozen=True, slots=True)
class CreditLeft:
    """Each acceptance of hers is one send with that template."""

    def judge(self, asked: Asked) -> Reason | None:
        """All used, rejected, or never given."""
        return Reason.NO_CREDIT if asked.credits < 1 else None


# The order is the specification: the first reason found is the one said. Quiet hours and the fatigue budget over all
# senders will stand before CreditLeft; what is for Purpose.SERVICE is exempt from both.
RULES: Sequence[Rule] = (UseOpen(), ConsentStands(), ChannelKnown(), CreditLeft())


def verdict(asked: Asked, rules: Sequence[Rule] = RULES) -> Reason | None:
    """The first reason against sending it, None if it may be sent."""
    return next((reason for rule in rules if (reason := rule.judge(asked)) is not None), None)


def check_purpose(purpose: Purpose, *, by_hand: bool) -> None:
    """Raise PurposeNotOpen for what people may not send themselves."""
    if by_hand and purpose not in BY_HAND:
        raise PurposeNotOpen


# --- templates -------------------------------------------------------------------------------------------------------

# What a template says decides what it is for, whatever the sender calls it: consent is asked for that purpose.
PURPOSES: Mapping[str, Purpose] = {"survey-invitation": Purpose.SURVEY}
# Which of our variables fills which parameter of the WeChat template, where the settings do not say it.
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "survey-invitation": {"boutique": "thing1", "date": "date2", "text": "thing3"},
}


class TemplateUnknown(Refusal):
    """Nobody has said what the template is for, so nobody can say whether she allows it."""

    kind = Kind.INVALID
    slug = "template-unknown"
    en = "The house does not know this template. Name it in the settings, with its purpose."
    zh = "系统中没有该消息模板，请先在设置中登记模板及其用途。"


class PurposeNotOfTemplate(Refusal):
    """A message under a purpose that its template does not serve."""

    kind = Kind.INVALID
    slug = "purpose-not-of-template"
    en = "This template serves another purpose. Choose the purpose it is meant for, or another template."
    zh = "该消息模板用于其他用途，请选择与模板一致的用途或更换模板。"


class LinkNotOurs(Refusal):
    """A tap on a message of the house leads nowhere but into the house."""

    kind = Kind.INVALID
    slug = "link-not-ours"
    en = "A message may only lead to a page of the mini-program or of the house's own site."
    zh = "消息链接只能指向小程序页面或品牌自有网站。"


@dataclass(frozen=True, slots=True)
class Template:
    """A template by our name: its id in the WeChat account, its purpose, and the parameter each variable of ours fills.

    The purpose is null where nobody has said it.
    """

    name: str
    template_id: str
    purpose: Purpose | None
    parameters: Mapping[str, str]

    def check(self, purpose: Purpose) -> None:
        """Raise TemplateUnknown or PurposeNotOfTemplate for a message under this purpose."""
        if self.purpose is None:
            raise TemplateUnknown
        if self.purpose is not purpose:
            raise PurposeNotOfTemplate

    def fill(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Values by WeChat's parameters; a variable nobody has bound is taken for a parameter itself."""
        return {self.parameters.get(name, name): value for name, value in variables.items()}


def template(name: str, settings: Mapping[str, str]) -> Template:
    """The template of that name in an account.

    A setting is the template id, where needed with bindings: `ID?boutique=thing4&date=date1`; a template that PURPOSES
    does not name says there what it is for: `ID?purpose=service`. Without a setting the name is the id.
    """
    template_id, _, bound = settings.get(name, name).partition("?")
    parameters = dict(parse_qsl(bound))
    said = parameters.pop("purpose", None)
    purpose = PURPOSES.get(name) or next((one for one in Purpose if one == said), None)
    return Template(name, template_id, purpose, parameters or PARAMETERS.get(name, {}))


def check_link(link: str | None, public_url: str) -> None:
    """Raise LinkNotOurs for what leads neither into the mini-program nor below the house's public address."""
    if link is not None and not link.startswith(("pages/", f"{public_url}/")):
        raise LinkNotOurs
