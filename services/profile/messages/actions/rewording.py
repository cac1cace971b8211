"""The assistant words a draft anew. It learns nothing of her: placeholders are filled in here, afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.chat import ChatModel, ChatUnavailableError
from infra.crypto import keyring
from infra.identity import Caller
from infra.refusal import Kind, Refusal
from infra.settings import Settings
from services.profile.messages.actions import drafts
from services.profile.messages.queries import message as kept
from services.profile.messages.queries import personal, standing
from services.profile.messages.queries.messages import Message, Words
from services.profile.messages.rules import Step, assistant, texts
from services.profile.messages.rules.policy import zone_of
from services.profile.messages.rules.texts import Named

_REWORD = text(
    "update message set words = :words, named = cast(:named as jsonb), drafted_by = 'assistant', version = version + 1"
    " where brand_id = :brand and message_id = :message_id"
)


class AssistantOff(Refusal):
    """No assistant is set, or this draft is no kind of message that it is asked about."""

    kind = Kind.CONFLICT
    slug = "assistant-off"
    en = "The assistant does not help here: it is switched off, or this kind of message is not its. Write it yourself."
    zh = "智能助手未启用，或不支持此类消息，请自行撰写。"


@dataclass(frozen=True, slots=True)
class Task:
    """What the assistant is to word, and with what its answer is filled."""

    template: str
    language: str
    facts: Mapping[Named, str] = field(repr=False)


async def task(
    tx: AsyncSession, message_id: UUID, *, if_match: str, settings: Settings, by: Caller, now: datetime
) -> Task:
    """What there is to do; raises NotFound, Stale, StepNotOpen and AssistantOff."""
    found = await drafts.mine(tx, message_id, if_match=if_match, by=by, now=now, step=Step.EDIT)
    if not settings.assistant_url or found.template not in texts.KINDS:
        raise AssistantOff
    zone = zone_of((await standing.policy(tx)).policy.zone)
    language = found.words.language if found.words is not None else None
    known = await personal.known(tx, found.client_id, language=language, zone=zone)
    return Task(found.template, texts.languages(texts.KINDS[found.template], known.language), known.facts)


async def answer(
    asked: Task, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
) -> tuple[Words, frozenset[Named]] | None:
    """The assistant's words with her facts in them. None where it is away, late, or says what it must not.

    No transaction is open meanwhile: a slow assistant holds up nobody.
    """
    kind = texts.KINDS[asked.template]
    model = ChatModel(
        settings.assistant_url, settings.assistant_key, settings.assistant_model, settings.assistant_timeout
    )
    example = "\n".join(kind.sentences[asked.language])
    try:
        said = await model.answer(
            assistant.asked(asked.template, asked.language, asked.facts, example), transport=transport
        )
    except ChatUnavailableError:
        return None
    fit = assistant.fit(said, asked.facts)
    if fit is None:
        return None
    filled = texts.fill([fit], asked.facts, language=asked.language)
    return Words(filled.text, kind.subject[asked.language], asked.language), filled.named


async def keep(
    tx: AsyncSession,
    message_id: UUID,
    found: tuple[Words, frozenset[Named]] | None,
    *,
    if_match: str,
    by: Caller,
    now: datetime,
) -> Message:
    """Put the words into the draft; without any it stays as it was. Raises Stale where somebody was faster."""
    await drafts.mine(tx, message_id, if_match=if_match, by=by, now=now, step=Step.EDIT)
    if found is not None:
        words, named = found
        row = {
            "brand": tx.info["brand_id"],
            "message_id": message_id,
            "words": keyring(tx).seal("message", "words", message_id, words.packed()),
            "named": drafts.why(named),
        }
        await tx.execute(_REWORD, row)
    return await kept(tx, message_id)
