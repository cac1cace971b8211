"""Asking for a message: the ledger decides, and what it permits is used up in the same transaction that queues."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound
from infra.settings import Settings
from services.profile.books import queries as books
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities
from services.profile.messages.actions import calling, keeping, ledger, permission, wording
from services.profile.messages.actions.wording import Saying
from services.profile.messages.queries import message as kept
from services.profile.messages.queries import standing
from services.profile.messages.queries.messages import Message, Words
from services.profile.messages.queries.standing import Standing
from services.profile.messages.queries.ways import Ways
from services.profile.messages.rules import Channel, Purpose, check_purpose
from services.profile.messages.rules.decisions import Decision, is_for_a_call
from services.profile.messages.rules.policy import Policy
from services.profile.messages.rules.purposes import EXEMPT

# One sender after the other decides about one client: what the first has taken of her budget the second sees.
_TURN = text("select pg_advisory_xact_lock(hashtextextended('message:' || :brand || ':' || :client_id, 0))")


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say to a client: values of a template, or words of one's own.

    `channel` is one that a person chose. After `expires_at` it is of no use any more. `reference` is an id of the
    sender's own.
    """

    client_id: UUID
    purpose: Purpose
    template: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    link: str | None = field(default=None, repr=False)
    words: Words | None = field(default=None, repr=False)
    channel: Channel | None = None
    expires_at: datetime | None = None
    reference: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of it, and what the ledger said of every channel."""

    message: Message
    decision: Decision


async def ask(tx: AsyncSession, draft: Draft, *, settings: Settings, by: Caller, now: datetime) -> Asked:
    """Queue a message if the ledger permits it, otherwise keep that it was refused and why.

    Raises NotFound for a client the caller does not serve, PurposeNotOpen for what is not sent by hand,
    TemplateUnknown, PurposeNotOfTemplate, LinkNotOurs, TooLongForTemplate and SameWordsToMany.
    """
    client_id = await served(tx, draft, settings=settings, by=by, now=now)
    return await decide(tx, new_id(), client_id, draft, settings=settings, by=by, now=now)


async def served(tx: AsyncSession, draft: Draft, *, settings: Settings, by: Caller, now: datetime) -> UUID:
    """The surviving record of the client a draft is for, if template, purpose, words, link and caller may be."""
    template = wording.template(draft.template, settings)
    check_purpose(draft.purpose, by_hand=by.role is not Role.SERVICE)
    template.check(draft.purpose)
    wording.check_addresses(draft.words, draft.link, settings)
    client_id = (await clients.client(tx, await identities.canonical(tx, draft.client_id))).client_id
    if not await clients.spared(tx, [client_id]):
        raise NotFound
    if not await books.serves(tx, client_id, by, now=now):
        raise NotFound
    return client_id


async def decide(
    tx: AsyncSession,
    message_id: UUID,
    client_id: UUID,
    draft: Draft,
    *,
    settings: Settings,
    by: Caller,
    now: datetime,
    was_draft: bool = False,
) -> Asked:
    """Let the ledger decide about a message to a surviving record, and keep what follows from it.

    What was a draft stays one when it is refused: she who wrote it may try again.
    """
    ways, template = Ways.of(settings), wording.template(draft.template, settings)
    if draft.purpose not in EXEMPT:
        await tx.execute(_TURN, {"brand": tx.info["brand_id"], "client_id": str(client_id)})
    policy = (await standing.policy(tx)).policy
    saying = wording.saying(
        draft.template,
        draft.purpose,
        draft.variables,
        draft.words,
        draft.link,
        language=await wording.language_of(tx, draft.template, client_id),
        settings=settings,
    )
    known = (
        await standing.standing(
            tx, [client_id], draft.purpose, policy=policy, ways=ways, template_id=template.template_id, now=now
        )
    )[client_id]
    known = await _with_credits(tx, known, settings, template.template_id)
    decision = permission.judged(
        known,
        draft.purpose,
        policy,
        ways,
        now=now,
        expires_at=draft.expires_at,
        fitting=saying.fitting,
        only=draft.channel,
    )
    words_blind = await _by_hand(tx, client_id, draft, saying, decision.channel, policy=policy, by=by, now=now)
    entry = keeping.Entry(
        message_id, client_id, draft.purpose, draft.template, by.subject, now, draft.expires_at, draft.reference
    )
    if decision.channel is None:
        if is_for_a_call(decision, draft.purpose):
            await calling.call_instead(tx, client_id, draft.purpose, now=now)
        await keeping.refuse(tx, entry, decision, was_draft=was_draft)
    else:
        where = keeping.where(tx, known, decision.channel, settings, template.template_id)
        await keeping.queue(tx, entry, decision, where, saying, words_blind=words_blind)
    return Asked(await kept(tx, message_id), decision)


async def _with_credits(tx: AsyncSession, known: Standing, settings: Settings, template_id: str) -> Standing:
    """The same, with her credits locked: nobody else spends them before this transaction ends."""
    left = await ledger.locked(tx, settings.wechat_appid, list(known.reach.openids), template_id)
    return known.with_credits({blind: count for blind, count in left.items() if blind in known.reach.openids})


async def _by_hand(
    tx: AsyncSession,
    client_id: UUID,
    draft: Draft,
    saying: Saying,
    channel: Channel | None,
    *,
    policy: Policy,
    by: Caller,
    now: datetime,
) -> bytes | None:
    """What is asked of people alone: that it fits its channel as it is, and is not the same for everybody."""
    if by.role is Role.SERVICE:
        return None
    if channel is not None:
        saying.check(channel)
    if draft.purpose in EXEMPT:
        return None
    said = draft.words.text if draft.words is not None else json.dumps(sorted(draft.variables.items()))
    return await wording.check_sameness(tx, client_id, said, policy, by=by, now=now)
