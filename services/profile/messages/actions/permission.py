"""May they be written to, by which channel and when: the one answer for every sender, and for whoever plans to send."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.settings import Settings
from services.profile.identities import queries as identities
from services.profile.messages.queries import standing as ledger
from services.profile.messages.queries.standing import Permissions, Standing
from services.profile.messages.queries.ways import Ways
from services.profile.messages.rules import Channel, Purpose
from services.profile.messages.rules.decisions import Decision, choose, order
from services.profile.messages.rules.permission import verdict
from services.profile.messages.rules.policy import Policy

EVERY_WAY = Ways()


async def decide(
    tx: AsyncSession, client_ids: Collection[UUID], purpose: Purpose, *, now: datetime, ways: Ways = EVERY_WAY
) -> dict[UUID, Decision]:
    """By which channel each of these clients may be written to for a purpose; set-based, some thousands at a time.

    Every `Decision` has the channel and from when on (`due_at`), or the reason; and its `channels` say why for each of
    them, and when a no may be over. `ways` is what the house has set up: without it every channel counts as set up and
    nobody asks for one-time credits, which is what a plan that people carry out wants to know. Nothing is used up.
    """
    survivors = await identities.canonicals(tx, list(client_ids))
    policy = (await ledger.policy(tx)).policy
    known = await ledger.standing(tx, sorted(set(survivors.values())), purpose, policy=policy, ways=ways, now=now)
    decided = {client_id: judged(one, purpose, policy, ways, now=now) for client_id, one in known.items()}
    return {client_id: decided[survivor] for client_id, survivor in survivors.items()}


def judged(
    standing: Standing,
    purpose: Purpose,
    policy: Policy,
    ways: Ways,
    *,
    now: datetime,
    expires_at: datetime | None = None,
    fitting: Mapping[Channel, bool] | None = None,
    only: Channel | None = None,
) -> Decision:
    """The decision about one client.

    `fitting` says which channels carry what is to be said; `only` is one that a person chose: no other is taken in its
    place.
    """
    verdicts = {
        channel: verdict(
            standing.asked(purpose, channel, policy, ways, fits=fitting is None or fitting.get(channel, False)),
            now=now,
            expires_at=expires_at,
        )
        for channel in Channel
    }
    preferred: Sequence[Channel] = order(own_advisor_first=standing.own_advisor_first)
    return choose(verdicts, [only] if only is not None else preferred)


async def overview(tx: AsyncSession, client_id: UUID, *, settings: Settings, now: datetime) -> Permissions:
    """What one client permits the house to send, over all records that are she: every purpose and every channel.

    Whether her WeChat credits fit the template of a message is only known with the message; here any of them counts.
    """
    survivor = await identities.canonical(tx, client_id)
    policy, ways = (await ledger.policy(tx)).policy, Ways.of(settings)
    known = {
        purpose: (await ledger.standing(tx, [survivor], purpose, policy=policy, ways=ways, now=now))[survivor]
        for purpose in Purpose
    }
    reach = known[Purpose.SERVICE].reach
    return Permissions(
        client_id=survivor,
        consents={purpose: one.consent for purpose, one in known.items()},
        decisions={purpose: judged(one, purpose, policy, ways, now=now) for purpose, one in known.items()},
        reachable=bool(reach.openids),
        credits=await ledger.credits_of(tx, reach, appid=settings.wechat_appid),
    )
