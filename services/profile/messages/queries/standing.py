"""Reading the contact-permission ledger: the brand's policy, and everything that permits or forbids, set-based."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.consents import queries as consents
from services.profile.consents.rules import Purpose as Consented
from services.profile.identities import queries as identities
from services.profile.messages.queries.ways import MEMBER, Reach, Ways, reach
from services.profile.messages.rules import NEEDS_CONSENT, Asked, Channel, Purpose
from services.profile.messages.rules.decisions import Decision
from services.profile.messages.rules.life import COUNTED
from services.profile.messages.rules.policy import Policy
from services.profile.messages.rules.purposes import EXEMPT
from services.profile.segments import queries as segments
from services.profile.segments.rules import Segment

_POLICY = text(
    "select budget, days, quiet_from, quiet_until, zone, same_words, draft_days, version from message_policy"
    " where brand_id = :brand"
)
# Her last word on a channel over all records that are she.
_DECLINED = text(
    MEMBER  # noqa: S608 - our own words
    + """
    , word as (
        select distinct on (member.client_id, w.channel) member.client_id, w.channel, w.is_declined from member
        cross join lateral (
            select channel, is_declined, said_at from channel_word
            where brand_id = :brand and channel_word.client_id = member.member_id and purpose = :purpose offset 0
        ) w order by member.client_id, w.channel, w.said_at desc
    )
    select client_id, channel from word where is_declined
    """
)
# What waits counts at the moment it will leave.
_COUNTED_AT = "coalesce(settled_at, greatest(asked_at, due_at, sending_at))"
_COUNTED = text(
    f"""{MEMBER}
    select member.client_id, m.at from member
    cross join lateral (
        select {_COUNTED_AT} as at from message
        where brand_id = :brand and message.client_id = member.member_id and purpose <> all(:exempt)
            and status = any(:counted) and {_COUNTED_AT} > :since
        union all
        -- An offer that an advisor made herself, once a task; what she wrote by the door for it is counted above.
        select min(o.given_at) from task_outcome o
        join task on task.brand_id = o.brand_id and task.task_id = o.task_id and task.is_offer
        where o.brand_id = :brand and o.client_id = member.member_id and o.outcome <> 'not-reached'
            and o.given_at > :since and not exists (
                select from message w where w.brand_id = :brand and w.client_id = o.client_id
                and w.purpose = 'marketing' and w.status = any(:counted)
                and w.asked_at between o.given_at - interval '1 day' and o.given_at
            )
        group by o.task_id
        offset 0
    ) m
    """  # noqa: S608 - our own words
)
_CREDITS = text(
    "select openid_blind, sum(remaining)::int as remaining from message_credit"
    " where brand_id = :brand and appid = :appid and openid_blind = any(:blinds)"
    " and (cast(:template_id as text) is null or template_id = :template_id) group by 1"
)
_CREDITS_BY_TEMPLATE = text(
    "select template_id, sum(remaining)::int as remaining from message_credit"
    " where brand_id = :brand and appid = :appid and openid_blind = any(:blinds) group by 1 order by 1"
)
_WORDS = text(
    "select distinct on (channel, purpose) channel, purpose, is_declined from channel_word"
    " where brand_id = :brand and client_id = any(:ids) order by channel, purpose, said_at desc"
)


@dataclass(frozen=True, slots=True)
class MessagePolicy:
    """A brand's policy; version 0 is the default that nobody has changed."""

    policy: Policy
    version: int


@dataclass(frozen=True, slots=True)
class Credit:
    """How many messages of a template she still permits."""

    template_id: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Permissions:
    """Everything the ledger knows of a client: consent, and every channel's verdict, by purpose."""

    client_id: UUID
    consents: Mapping[Purpose, bool]
    decisions: Mapping[Purpose, Decision]
    reachable: bool
    credits: Sequence[Credit]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger knows of one client for one purpose."""

    restricted: bool
    consent: bool
    declined: Collection[Channel]
    counted: Sequence[datetime]
    reach: Reach
    credits: Mapping[bytes, int] = field(repr=False)
    own_advisor_first: bool

    def with_credits(self, left: Mapping[bytes, int]) -> "Standing":
        """The same with other credits."""
        return replace(self, credits=left)

    def asked(self, purpose: Purpose, channel: Channel, policy: Policy, ways: Ways, *, fits: bool = True) -> Asked:
        """A message by one channel, as the rules want it."""
        return Asked(
            purpose,
            channel,
            consent=self.consent,
            restricted=self.restricted,
            declined=channel in self.declined,
            counted=self.counted,
            set_up=channel in ways.channels,
            ways=self.reach.ways(channel),
            fits=fits,
            credits=sum(self.credits.values()) if channel is Channel.SUBSCRIBE and ways.appid is not None else None,
            policy=policy,
        )


async def policy(tx: AsyncSession) -> MessagePolicy:
    """The policy in force."""
    row = (await tx.execute(_POLICY, {"brand": tx.info["brand_id"]})).one_or_none()
    return MessagePolicy(Policy(*row[:-1]), row.version) if row is not None else MessagePolicy(Policy(), 0)


async def standing(
    tx: AsyncSession,
    client_ids: Sequence[UUID],
    purpose: Purpose,
    *,
    policy: Policy,
    ways: Ways,
    template_id: str | None = None,
    now: datetime,
) -> dict[UUID, Standing]:
    """What the ledger knows of these surviving records, in a few statements however many.

    Credits count for one template, or for any of them where none is named.
    """
    ids = list(client_ids)
    brand = {"brand": tx.info["brand_id"], "ids": ids}
    restricted = await consents.restricted(tx, ids)
    allow = await consents.who_allow(tx, ids, Consented(purpose.value)) if purpose in NEEDS_CONSENT else set(ids)
    declined: dict[UUID, set[Channel]] = defaultdict(set)
    for client_id, channel in await tx.execute(_DECLINED, brand | {"purpose": purpose.value}):
        declined[client_id].add(Channel(channel))
    counted: dict[UUID, list[datetime]] = defaultdict(list)
    if purpose not in EXEMPT:
        asked = {
            "exempt": [one.value for one in EXEMPT],
            "counted": [one.value for one in COUNTED],
            "since": policy.since(now),
        }
        for client_id, at in await tx.execute(_COUNTED, brand | asked):
            counted[client_id].append(at)
    reached = await reach(tx, ids, ways)
    left = await _credits(tx, [blind for one in reached.values() for blind in one.openids], ways, template_id)
    placed = await segments.current(tx, ids)
    return {
        client_id: Standing(
            restricted=client_id in restricted,
            consent=client_id in allow,
            declined=declined.get(client_id, ()),
            counted=counted.get(client_id, ()),
            reach=(one := reached.get(client_id) or Reach()),
            credits={blind: left[blind] for blind in one.openids if blind in left},
            own_advisor_first=placed[client_id] in {Segment.VIC, Segment.CORE},
        )
        for client_id in ids
    }


async def declined(tx: AsyncSession, family: Sequence[UUID]) -> set[tuple[Channel, Purpose]]:
    """The channels that one person, under any of her records, does not want for a purpose."""
    rows = await tx.execute(_WORDS, {"brand": tx.info["brand_id"], "ids": list(family)})
    return {(Channel(row.channel), Purpose(row.purpose)) for row in rows if row.is_declined}


async def declined_by(tx: AsyncSession, client_id: UUID) -> set[tuple[Channel, Purpose]]:
    """The same, of the person behind a record."""
    return await declined(tx, await identities.family(tx, client_id))


async def credits_of(tx: AsyncSession, one: Reach, *, appid: str) -> list[Credit]:
    """What one client still permits, by template."""
    asked = {"brand": tx.info["brand_id"], "appid": appid, "blinds": list(one.openids)}
    return [Credit(*row) for row in await tx.execute(_CREDITS_BY_TEMPLATE, asked)]


async def _credits(tx: AsyncSession, blinds: Sequence[bytes], ways: Ways, template_id: str | None) -> dict[bytes, int]:
    if ways.appid is None or not blinds:
        return {}
    asked = {"brand": tx.info["brand_id"], "appid": ways.appid, "blinds": list(blinds), "template_id": template_id}
    return {bytes(row.openid_blind): row.remaining for row in await tx.execute(_CREDITS, asked)}
