"""Templates: what each is for, which of our variables fills which of its parameters, and where a link may lead."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from infra.refusal import Kind, Refusal
from services.profile.messages.rules import texts, visits
from services.profile.messages.rules.purposes import Purpose

# What a template says decides what it is for, whatever the sender calls it: consent is asked for that purpose.
PURPOSES: Mapping[str, Purpose] = {
    "survey-invitation": Purpose.SURVEY,
    **texts.PURPOSES,
    **dict.fromkeys(visits.TEXTS, Purpose.SERVICE),
    "turn-called": Purpose.SERVICE,
}
# Which of our variables fills which parameter of the WeChat template, where the settings do not say it.
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "survey-invitation": {"boutique": "thing1", "date": "date2", "text": "thing3"},
    "occasion-invitation": {"occasion": "thing1", "date": "time2", "place": "thing3"},
    "seat-offer": {"occasion": "thing1", "date": "time2", "place": "thing3"},
    "occasion-cancelled": {"occasion": "thing1", "date": "time2", "place": "thing3"},
    "waitlist-offer": {"experience": "thing1", "date": "time2", "place": "thing3"},
    **dict.fromkeys(visits.TEXTS, visits.FIELDS),
    "turn-called": {"boutique": "thing1", "turn": "number2"},
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
        """Values by WeChat's parameters; a variable nobody has bound is taken for a parameter itself.

        But for one whose name says that it is for words alone.
        """
        return {
            self.parameters.get(name, name): value
            for name, value in variables.items()
            if name in self.parameters or not name.endswith(visits.WORDS_ALONE)
        }


@dataclass(frozen=True, slots=True)
class SmsTemplate:
    """An approved SMS template: what fills {1}, {2}... in that order, and its words where the settings tell them."""

    template_id: str
    purpose: Purpose | None
    variables: tuple[str, ...]
    words: str | None

    def fill(self, variables: Mapping[str, str]) -> list[str] | None:
        """The values in order; None where one is missing."""
        return [variables[name] for name in self.variables] if set(self.variables) <= set(variables) else None

    def written(self, values: Sequence[str]) -> str | None:
        """The whole text, where its words are known."""
        if self.words is None:
            return None
        filled = self.words
        for number, value in enumerate(values, 1):
            filled = filled.replace(f"{{{number}}}", value)
        return filled


def template(name: str, settings: Mapping[str, str], sms: Mapping[str, str] | None = None) -> Template:
    """The template of that name in an account.

    A setting is the template id, where needed with bindings: `ID?boutique=thing4&date=date1`; a template that PURPOSES
    does not name says there what it is for: `ID?purpose=service`. Without a setting the name is the id. What the house
    has words of its own for, or only an SMS template, has its purpose from there.
    """
    template_id, _, bound = settings.get(name, name).partition("?")
    parameters = dict(parse_qsl(bound))
    said = parameters.pop("purpose", None)
    purpose = PURPOSES.get(name) or _purpose(said)
    if purpose is None and (by_sms := sms_template(name, sms or {})) is not None:
        purpose = by_sms.purpose
    return Template(name, template_id, purpose, parameters or PARAMETERS.get(name, {}))


def sms_template(name: str, settings: Mapping[str, str]) -> SmsTemplate | None:
    """The SMS template of that name: `ID?purpose=service&1=boutique&2=date&text=...{1}...{2}`; None without one."""
    setting = settings.get(name)
    if setting is None:
        return None
    template_id, _, bound = setting.partition("?")
    said = dict(parse_qsl(bound))
    places = sorted((int(place), variable) for place, variable in said.items() if place.isdecimal())
    purpose = PURPOSES.get(name) or _purpose(said.get("purpose"))
    return SmsTemplate(template_id, purpose, tuple(variable for _, variable in places), said.get("text"))


def _purpose(said: str | None) -> Purpose | None:
    return next((one for one in Purpose if one == said), None)


_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s，。；！？、）】]+|\b[a-z0-9-]+\.(?:com|cn|net|org|io|top|me|co)\b[^\s]*", re.IGNORECASE
)


def check_words(words: str, public_url: str) -> None:
    """Raise LinkNotOurs for words with an address in them that is not below the house's public one."""
    for found in _ADDRESS.finditer(words):
        if found[0] != public_url and not found[0].startswith(f"{public_url}/"):
            raise LinkNotOurs


def check_link(link: str | None, public_url: str) -> None:
    """Raise LinkNotOurs for what leads neither into the mini-program nor below the house's public address."""
    if link is not None and not link.startswith(("pages/", f"{public_url}/")):
        raise LinkNotOurs
