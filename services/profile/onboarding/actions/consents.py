"""Consents of an old system: only what is proven, and never against her later word."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.clients import queries as clients
from services.profile.clients.models import days
from services.profile.consents import actions, rules
from services.profile.consents.actions import Given
from services.profile.consents.rules import GuardianNeeded, Purpose, Wish
from services.profile.onboarding.actions import whose
from services.profile.onboarding.actions.clients import birthdays
from services.profile.onboarding.actions.effects import Effect
from services.profile.onboarding.actions.outcomes import Outcome, Outcomes
from services.profile.onboarding.actions.said import ConsentLine
from services.profile.onboarding.rules.reasons import Reason
from services.profile.onboarding.rules.tally import Fate

_WORDS = text(
    "select c.consent_id, c.client_id, coalesce(a.canonical_id, c.client_id) as canonical_id, c.purpose,"
    " c.notice_version, c.given_at, c.withdrawn_at from consent c"
    " left join client_alias a on a.brand_id = c.brand_id and a.client_id = c.client_id"
    " where c.brand_id = :brand and c.replaced_at is null"
    " and c.client_id = any(array(select unnest(cast(:ids as uuid[])) union all"
    " select client_id from client_alias where brand_id = :brand and canonical_id = any(:ids)))"
    " order by coalesce(c.withdrawn_at, c.given_at), c.consent_id"
)
_REPLACE = text(
    "update consent set replaced_at = :now where brand_id = :brand and consent_id = any(:ids)"
    " and withdrawn_at is null and replaced_at is null"
)


async def bring(tx: AsyncSession, lines: Sequence[ConsentLine], *, actor: str, now: datetime) -> Outcomes:
    """Take these lines, each as if the ones before were there already."""
    done, waiting = Outcomes(), list(lines)
    while waiting:
        named: set[tuple[Purpose, object]] = set()
        later: list[ConsentLine] = []
        now_: list[ConsentLine] = []
        for line in waiting:
            about = {(line.purpose, known) for known in line.whom.known}
            (later if named.intersection(about) else now_).append(line)
            named.update(about)
        await _round(tx, now_, done, actor=actor, now=now)
        waiting = later
    return done


async def _round(tx: AsyncSession, lines: Sequence[ConsentLine], done: Outcomes, *, actor: str, now: datetime) -> None:
    met, again = await _met(tx, lines, done)
    ids = sorted({client_id for client_id, _ in met})
    # Two decisions of one client take turns.
    await clients.locked(tx, ids)
    born = await birthdays(tx, ids)
    words = defaultdict(list)
    for row in await tx.execute(_WORDS, {"brand": tx.info["brand_id"], "ids": ids}):
        words[row.canonical_id, Purpose(row.purpose)].append(row)
    give: list[tuple[ConsentLine, Given, UUID | None]] = []
    for (client_id, purpose), line in met.items():
        told = words[client_id, purpose]
        verdict = _judge(line, told, _is_child(line, born.get(client_id), now=now))
        if verdict is _Do.GIVE:
            # What another record of hers says stays with it.
            own = next((row.consent_id for row in told if row.client_id == client_id and not row.withdrawn_at), None)
            one = Given(client_id, purpose, line.notice_version, line.evidence, given_at=line.given_at)
            give.append((line, one, own))
        elif verdict is _Do.WITHDRAW:
            wish = Wish(purpose, granted=False, notice_version=line.notice_version or "imported")
            await actions.decide(tx, client_id, [wish], channel="import", actor=actor, now=now, keeps_no=True)
            ended = [row.consent_id for row in told if row.withdrawn_at is None]
            effects = tuple(Effect(line.number, "withdrawal", consent_id) for consent_id in ended)
            done.put(Outcome(line.number, Fate.AMENDED, effects=effects))
        elif isinstance(verdict, Reason):
            done.refuse(line.number, verdict)
        else:
            done.put(Outcome(line.number, verdict))
    await _give(tx, give, done, actor=actor, now=now)
    if again:
        await _round(tx, again, done, actor=actor, now=now)


async def _met(
    tx: AsyncSession, lines: Sequence[ConsentLine], done: Outcomes
) -> tuple[dict[tuple[UUID, Purpose], ConsentLine], list[ConsentLine]]:
    """The lines by whom they are about; those that name her by another number once more are for the next round."""
    house = await whose.known(tx, [line.whom for line in lines])
    met: dict[tuple[UUID, Purpose], ConsentLine] = {}
    again: list[ConsentLine] = []
    for line in lines:
        found = house.find(line.whom)
        if found.why is not None or found.client_id is None:
            done.refuse(line.number, found.why or Reason.CLIENT_UNKNOWN)
        elif (found.client_id, line.purpose) in met:
            again.append(line)
        else:
            met[found.client_id, line.purpose] = line
    return met, again


class _Do(Enum):
    GIVE = "give"
    WITHDRAW = "withdraw"


def _judge(line: ConsentLine, told: Sequence[Any], is_child: bool) -> _Do | Fate | Reason:  # noqa: FBT001 - one of three
    """What her word in the file comes to against what she has told the house, oldest first."""
    last = told[-1] if told else None
    standing = [row for row in told if row.withdrawn_at is None]
    if not line.granted:
        # It ends every older yes, and none that she gave later.
        if standing:
            later = any(row.given_at > line.given_at for row in standing)
            return Fate.MATCHED if later else _Do.WITHDRAW
        # Where she has never said a word it is written down: no older yes is taken afterwards.
        return Fate.UNCHANGED if told else _Do.WITHDRAW
    if last is not None and last.withdrawn_at is not None and last.withdrawn_at >= line.given_at:
        return Reason.WITHDRAWN_SINCE
    if last is not None and last.withdrawn_at is None:
        if last.notice_version == line.notice_version:
            return Fate.UNCHANGED
        if last.given_at >= line.given_at:
            return Fate.MATCHED  # she has said yes to a later notice
    return Reason.GUARDIAN_NEEDED if is_child else _Do.GIVE


async def _give(
    tx: AsyncSession,
    give: Sequence[tuple[ConsentLine, Given, UUID | None]],
    done: Outcomes,
    *,
    actor: str,
    now: datetime,
) -> None:
    replaced = [own for _, _, own in give if own is not None]
    if replaced:
        await tx.execute(_REPLACE, {"brand": tx.info["brand_id"], "ids": replaced, "now": now})
    kept = await actions.give(tx, [one for _, one, _ in give], channel="import", actor=actor, now=now)
    for (line, _, own), consent_id in zip(give, kept, strict=True):
        effect = Effect(line.number, "consent", consent_id, before_id=own)
        done.put(Outcome(line.number, Fate.CREATED, effects=(effect,)))


def _is_child(line: ConsentLine, birthday: days.Day | None, *, now: datetime) -> bool:
    wish = Wish(line.purpose, granted=True, notice_version=line.notice_version, evidence=line.evidence)
    try:
        rules.check_age(wish, days.age(birthday, now.date()) if birthday else None)
    except GuardianNeeded:
        return True
    return False
