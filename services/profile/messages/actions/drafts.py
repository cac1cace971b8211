"""Drafts: a person's words or the house's own; a person reads and sends them, or they are over."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.database import EVERY_BRAND, Database
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import Kind, NotFound, Refusal
from infra.settings import Settings
from infra.wire import check_match
from services.profile.books import queries as books
from services.profile.messages.actions import asking, wording
from services.profile.messages.actions.asking import Asked, Draft
from services.profile.messages.queries import message as kept
from services.profile.messages.queries import personal, standing
from services.profile.messages.queries.messages import Message, Words
from services.profile.messages.queries.personal import Known
from services.profile.messages.rules import Channel, Status, Step, after, texts
from services.profile.messages.rules.policy import zone_of
from services.profile.messages.rules.texts import Named

_KEEP = text(
    "insert into message (brand_id, message_id, client_id, purpose, template, requested_by, status, channel, words,"
    " variables, link, named, drafted_by, asked_at, expires_at)"
    " values (:brand, :message_id, :client_id, :purpose, :template, :requested_by, 'draft', :channel, :words,"
    " :variables, :link, cast(:named as jsonb), :drafted_by, :now, :expires_at)"
)
_EDIT = text(
    "update message set words = :words, channel = :channel, drafted_by = 'person', version = version + 1"
    " where brand_id = :brand and message_id = :message_id"
)
_EXPIRE = text(
    "update message set status = 'expired', settled_at = :now, words = null, variables = null, link = null"
    " where status = 'draft' and expires_at <= :now"
)


class KindWithoutWords(Refusal):
    """A draft of a kind for which the house has no words, and nobody wrote any."""

    kind = Kind.INVALID
    slug = "message-kind-without-words"
    en = "The house has no words for this template. Write the text yourself, or choose another template."
    zh = "该模板没有预设文案，请自行撰写内容或选择其他模板。"


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person changed in a draft; null: as it was."""

    text: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    channel: Channel | None = None


async def write(
    tx: AsyncSession, draft: Draft, *, language: str | None, settings: Settings, by: Caller, now: datetime
) -> Message:
    """Keep a draft, sealed, until somebody sends it or its days are over: a person's words, or the house's own.

    Raises what `asking.ask` raises, and KindWithoutWords.
    """
    client_id = await asking.served(tx, draft, settings=settings, by=by, now=now)
    policy = (await standing.policy(tx)).policy
    words, drafted_by, named = draft.words, "person", frozenset[Named]()
    if words is None:
        if draft.template not in texts.KINDS:
            raise KindWithoutWords
        known = await personal.known(tx, client_id, language=language, zone=zone_of(policy.zone))
        words, named = of_house(draft.template, known)
        drafted_by = "template"
    over_at, message_id, ring = now + timedelta(days=policy.draft_days), new_id(), keyring(tx)
    variables = json.dumps(dict(draft.variables), ensure_ascii=False) if draft.variables else None
    row = {
        "brand": tx.info["brand_id"],
        "message_id": message_id,
        "client_id": client_id,
        "purpose": draft.purpose.value,
        "template": draft.template,
        "requested_by": by.subject,
        "channel": draft.channel.value if draft.channel is not None else None,
        "words": ring.seal("message", "words", message_id, words.packed()),
        "variables": ring.seal("message", "variables", message_id, variables) if variables else None,
        "link": ring.seal("message", "link", message_id, draft.link) if draft.link else None,
        "named": why(named),
        "drafted_by": drafted_by,
        "now": now,
        "expires_at": min(over_at, draft.expires_at) if draft.expires_at is not None else over_at,
    }
    await tx.execute(_KEEP, row)
    return await kept(tx, message_id)


def of_house(name: str, known: Known) -> tuple[Words, frozenset[Named]]:
    """The house's own words for a kind of message, in her language, and the facts of hers that they name."""
    kind = texts.KINDS[name]
    language = texts.languages(kind, known.language)
    filled = texts.fill(kind.sentences[language], known.facts, language=language)
    return Words(filled.text, kind.subject[language], language), filled.named


def why(named: Collection[Named]) -> str:
    """The facts a draft names, each with why she knows that we know, as they are kept."""
    return json.dumps({one.value: texts.NAMEABLE[one] for one in sorted(named)})


async def change(
    tx: AsyncSession, message_id: UUID, edit: Edit, *, if_match: str, settings: Settings, by: Caller, now: datetime
) -> Message:
    """Change a draft's words or channel; raises NotFound, Stale, StepNotOpen and LinkNotOurs."""
    found = await mine(tx, message_id, if_match=if_match, by=by, now=now, step=Step.EDIT)
    words, channel = _edited(found, edit)
    wording.check_addresses(words, None, settings)
    row = {
        "brand": tx.info["brand_id"],
        "message_id": message_id,
        "words": keyring(tx).seal("message", "words", message_id, words.packed()),
        "channel": channel.value if channel is not None else None,
    }
    await tx.execute(_EDIT, row)
    return await kept(tx, message_id)


async def send(
    tx: AsyncSession, message_id: UUID, edit: Edit, *, if_match: str, settings: Settings, by: Caller, now: datetime
) -> Asked:
    """A person sends a draft, as she read it or with what she changed, if the ledger permits it.

    Raises NotFound, Stale, StepNotOpen, and what `asking.ask` raises. Refused, it stays a draft.
    """
    found = await mine(tx, message_id, if_match=if_match, by=by, now=now, step=Step.SEND)
    words, channel = _edited(found, edit)
    draft = Draft(
        found.client_id,
        found.purpose,
        found.template,
        found.variables,
        found.link,
        words,
        channel,
        # What is of no use after a day is of none because a person sent it.
        found.expires_at,
    )
    client_id = await asking.served(tx, draft, settings=settings, by=by, now=now)
    return await asking.decide(tx, message_id, client_id, draft, settings=settings, by=by, now=now, was_draft=True)


async def expire(database: Database, *, now: datetime) -> int:
    """Let drafts be over that nobody sent, without their words; answers how many."""
    async with database.transaction(EVERY_BRAND) as tx:
        done = await tx.execute(_EXPIRE, {"now": now})
        count: int = done.rowcount  # type: ignore[attr-defined]
    return count


async def mine(tx: AsyncSession, message_id: UUID, *, if_match: str, by: Caller, now: datetime, step: Step) -> Message:
    """A draft of a client whom the caller serves, locked; raises NotFound, Stale, and StepNotOpen when it is over."""
    found = await kept(tx, message_id, locked=True)
    if not await books.serves(tx, found.client_id, by, now=now):
        raise NotFound
    check_match(if_match, found.version)
    is_over = found.status is Status.DRAFT and found.expires_at is not None and found.expires_at <= now
    after(Status.EXPIRED if is_over else found.status, step)
    return found


def _edited(found: Message, edit: Edit) -> tuple[Words, Channel | None]:
    words = found.words or Words("")
    changed = replace(words, text=edit.text or words.text, subject=edit.subject or words.subject)
    return changed, edit.channel or found.channel
