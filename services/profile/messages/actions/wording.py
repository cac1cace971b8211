"""What a message says, by channel: which channels carry it, what they need of it, whether it is the same for many."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.settings import Settings
from services.profile.clients import queries as clients
from services.profile.clients.models import names
from services.profile.messages.actions.delivery import written
from services.profile.messages.queries.messages import Words
from services.profile.messages.rules import Channel, Purpose, limits, sameness, templates, texts, visits
from services.profile.messages.rules.policy import Policy
from services.profile.messages.rules.templates import SmsTemplate, Template

_SAME = text(
    "select count(distinct client_id) from message where brand_id = :brand and words_blind = :blind"
    " and requested_by = :by and asked_at > :since and client_id <> :client_id and status <> 'refused'"
)
_TURN = text("select pg_advisory_xact_lock(hashtextextended('words:' || :brand || ':' || :by, 0))")


@dataclass(frozen=True, slots=True)
class Saying:
    """A message's values and words, and the channels that carry them."""

    template: Template
    sms: SmsTemplate | None
    sign: str
    variables: Mapping[str, str] = field(repr=False)
    words: Words | None = field(repr=False)
    link: str | None = field(repr=False)
    fitting: Mapping[Channel, bool]

    def check(self, channel: Channel) -> None:
        """Raise TooLongForTemplate for what the channel would cut or refuse."""
        match channel:
            case Channel.SUBSCRIBE:
                values = self.template.fill(self.variables).items()
                limits.check_parameters({key: written(key, value) for key, value in values})
            case Channel.SMS:
                values_in_order = self.sms.fill(self.variables) if self.sms is not None else None
                whole = self.sms.written(values_in_order) if self.sms is not None and values_in_order else None
                limits.check_sms(f"【{self.sign}】{whole or ''.join(values_in_order or ())}")
            case Channel.WECOM if self.words is not None:
                limits.check_wecom(f"{self.words.text}\n\n{self.link or ''}")
            case Channel.EMAIL if self.words is not None:
                limits.check_email(self.words.text)
            case _:
                pass


def template(name: str, settings: Settings) -> Template:
    """The template of that name, with its purpose."""
    return templates.template(name, settings.wechat_templates, settings.sms_templates)


def check_addresses(words: Words | None, link: str | None, settings: Settings) -> None:
    """Raise LinkNotOurs for a link, or an address inside the words, that leads out of the house."""
    templates.check_link(link, settings.public_url)
    if words is not None:
        templates.check_words(f"{words.text}\n{words.subject or ''}", settings.public_url)


def saying(
    name: str,
    purpose: Purpose,
    variables: Mapping[str, str],
    words: Words | None,
    link: str | None,
    *,
    language: str,
    settings: Settings,
) -> Saying:
    """What is said. A template that the house has words for has them, in her language, where nobody wrote any."""
    sms = templates.sms_template(name, settings.sms_templates)
    words = words or _words_of(name, variables, link, language=language)
    is_named = name in settings.wechat_templates or name in templates.PARAMETERS
    fitting = {
        # Words alone fill no template.
        Channel.SUBSCRIBE: is_named and bool(variables),
        # Nobody's advisor asks how the advisor was.
        Channel.WECOM: words is not None and purpose is not Purpose.SURVEY,
        Channel.SMS: sms is not None and sms.purpose is purpose and sms.fill(variables) is not None,
        Channel.EMAIL: words is not None,
    }
    return Saying(template(name, settings), sms, settings.sms_sign, variables, words, link, fitting)


async def check_sameness(
    tx: AsyncSession, client_id: UUID, said: str, policy: Policy, *, by: Caller, now: datetime
) -> bytes:
    """A digest of what is said without her name; raises SameWordsToMany where too many others heard it today."""
    one = await clients.client(tx, client_id)
    called = names.addressed_as(one.display_name, one.family_name, one.salutation)
    bare = texts.nameless(texts.nameless(said, called), texts.nameless(one.display_name, None))
    blind = keyring(tx).blind("message.words", bare)
    asked = {"brand": tx.info["brand_id"], "by": by.subject}
    await tx.execute(_TURN, asked)
    others = {"blind": blind, "client_id": client_id, "since": now - sameness.WITHIN}
    sameness.check((await tx.execute(_SAME, asked | others)).scalar_one(), policy.same_words)
    return blind


async def language_of(tx: AsyncSession, name: str, client_id: UUID) -> str:
    """The language of the house's words for a template, if it has any: hers."""
    return (await clients.client(tx, client_id)).language if name in texts.SERVICE_TEXTS else texts.ZH


def _words_of(name: str, variables: Mapping[str, str], link: str | None, *, language: str) -> Words | None:
    known = texts.SERVICE_TEXTS.get(name)
    said = visits.in_words(known, language, {**variables, "link": link or ""}) if known is not None else None
    if said is None:
        return None
    spoken = texts.ZH if language.startswith(texts.ZH) else "en"
    of_house = variables.get("boutique")
    return Words(said, of_house if spoken == texts.ZH else variables.get("boutique_en", of_house), spoken)
