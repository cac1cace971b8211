"""Clients of an old system: who is new is registered; of whom the house knows the gaps are filled and nothing else."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import new_id
from infra.refusal import Unavailable
from services.profile.clients import actions as clients
from services.profile.clients.actions import Newcomer
from services.profile.clients.models import days
from services.profile.consents import actions as consents
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.identities.queries import Known
from services.profile.onboarding.actions import whose
from services.profile.onboarding.actions.effects import Effect
from services.profile.onboarding.actions.outcomes import Outcome, Outcomes
from services.profile.onboarding.actions.said import ClientLine
from services.profile.onboarding.actions.whose import Acquaintance
from services.profile.onboarding.rules.reasons import LeftOut
from services.profile.onboarding.rules.tally import Fate

_BIRTHDAYS = text(
    "select c.client_id, coalesce(a.canonical_id, c.client_id) as canonical_id, c.birthday from client c"
    " left join client_alias a on a.brand_id = c.brand_id and a.client_id = c.client_id"
    " where c.brand_id = :brand and c.birthday is not null"
    " and c.client_id = any(array(select unnest(cast(:ids as uuid[])) union all"
    " select client_id from client_alias where brand_id = :brand and canonical_id = any(:ids)))"
    " order by c.client_id = coalesce(a.canonical_id, c.client_id)"
)
_BORN = text(
    "update client set birthday = :birthday, birthday_blind = null"
    " where brand_id = :brand and client_id = :id and birthday is null returning client_id"
)
_GIVEN = """
select i.identity_id, i.client_id from identity i
join unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[]) as asked (client_id, kind, system, blind)
    using (client_id, kind, system, blind)
where i.brand_id = $1
"""


async def bring(tx: AsyncSession, lines: Sequence[ClientLine], *, now: datetime) -> Outcomes:
    """Take these lines, each as if the ones before were there already; a constant number of statements per round."""
    done, waiting = Outcomes(), list(lines)
    while waiting:
        # Two lines of one client are not decided on together: the second finds what the first has written.
        named: set[Known] = set()
        later: list[ClientLine] = []
        now_: list[ClientLine] = []
        for line in waiting:
            (later if named.intersection(line.whom.known) else now_).append(line)
            named.update(line.whom.known)
        await _round(tx, now_, done, now=now)
        waiting = later
    return done


async def _round(tx: AsyncSession, lines: Sequence[ClientLine], done: Outcomes, *, now: datetime) -> None:
    house = await whose.known(tx, [line.whom for line in lines])
    fresh: list[tuple[UUID, ClientLine]] = []
    met: list[tuple[UUID, ClientLine]] = []
    for line in lines:
        found = house.find(line.whom)
        if found.others:
            line = _without(line, found.others)  # noqa: PLW2901 - from here on it says no more than that
        if found.why is not None:
            done.refuse(line.number, found.why)
        elif found.client_id is None:
            fresh.append((new_id(), line))
        else:
            met.append((found.client_id, line))
    await _register(tx, fresh, done, now=now)
    await _amend(tx, met, house, done, now=now)


def _without(line: ClientLine, others: AbstractSet[Known]) -> ClientLine:
    """A line without the phones and addresses that are another client's."""
    known = tuple(one for one in line.whom.known if one not in others)
    kinds = sorted({one.kind for one in others}, reverse=True)
    left_out = (*line.left_out, *(LeftOut(f"{kind}-of-another") for kind in kinds))
    return replace(line, whom=replace(line.whom, known=known), left_out=left_out)


async def _register(
    tx: AsyncSession, fresh: Sequence[tuple[UUID, ClientLine]], done: Outcomes, *, now: datetime
) -> None:
    given = [(client_id, known) for client_id, line in fresh for known in line.whom.known]
    # The word of an old system: nobody has just shown that they are hers.
    free = await identity_actions.add(tx, given, source="import", now=now, confirmed=False, seeks=False)
    if len(free) < len(given):
        raise Unavailable(retry_after=1)  # somebody else has just brought one of them; this is done again
    await clients.register(
        tx,
        [
            Newcomer(
                client_id,
                line.name.display,
                line.name.family,
                line.name.given,
                line.name.salutation,
                "en" if line.name.display.isascii() else "zh",
                line.birthday,
            )
            for client_id, line in fresh
        ],
        now=now,
    )
    for client_id, line in fresh:
        effect = Effect(line.number, "client", client_id)
        done.put(Outcome(line.number, Fate.CREATED, effects=(effect,), left_out=line.left_out))


async def _amend(
    tx: AsyncSession,
    met: Sequence[tuple[UUID, ClientLine]],
    house: Acquaintance,
    done: Outcomes,
    *,
    now: datetime,
) -> None:
    if not met:
        return
    born = await birthdays(tx, [client_id for client_id, _ in met])
    given = [(client_id, known) for client_id, line in met for known in line.whom.known if known not in house.held]
    given = [(client_id, known) for client_id, known in given if known not in house.shared]
    await identity_actions.add(tx, given, source="import", now=now, confirmed=False, seeks=False)
    added = await _added(tx, given)
    named = await _name(tx, met, house)
    for client_id, line in met:
        record = house.records[client_id]
        version, effects = record.version, [Effect(line.number, "identity", one) for one in added.get(client_id, ())]
        is_nameless = record.display_name in whose.NAMELESS
        if is_nameless and client_id in named:
            version = named.pop(client_id)  # by the first line that names her
            effects.append(Effect(line.number, "name", client_id, part=version, was=record.display_name))
        if line.birthday is not None and client_id not in born:
            row = {"brand": tx.info["brand_id"], "id": client_id}
            sealed = keyring(tx).seal("client", "birthday", client_id, days.written(line.birthday))
            if (await tx.execute(_BORN, row | {"birthday": sealed})).one_or_none() is not None:
                effects.append(Effect(line.number, "birthday", client_id, part=version))
                born[client_id] = line.birthday
                await consents.examine(tx, await identities.family(tx, client_id), now=now)
        says_otherwise = (line.birthday is not None and born.get(client_id) != line.birthday) or (
            not is_nameless and not whose.agree(line.name.display, record.display_name, also_surname=False)
        )
        fate = Fate.AMENDED if effects else Fate.MATCHED if says_otherwise else Fate.UNCHANGED
        done.put(Outcome(line.number, fate, effects=tuple(effects), left_out=line.left_out))


async def _name(tx: AsyncSession, met: Sequence[tuple[UUID, ClientLine]], house: Acquaintance) -> dict[UUID, int]:
    """Name whom a till or WeChat has told without a name; answers the version that their records have now."""
    first: dict[UUID, tuple[Newcomer, int]] = {}
    for client_id, line in met:
        record = house.records[client_id]
        if record.display_name in whose.NAMELESS and client_id not in first:
            told = line.name
            one = Newcomer(client_id, told.display, told.family, told.given, told.salutation or record.salutation)
            first[client_id] = (one, record.version)
    return await clients.name(tx, [first[client_id] for client_id in sorted(first)])


async def birthdays(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, days.Day]:
    """The birthdays of these surviving records, by all records that are they."""
    rows = await tx.execute(_BIRTHDAYS, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    ring = keyring(tx)
    # The surviving record's own comes last, and counts.
    return {row.canonical_id: days.read(ring.open("client", "birthday", row.client_id, row.birthday)) for row in rows}


async def _added(tx: AsyncSession, given: Sequence[tuple[UUID, Known]]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    if given:
        connection = await tx.connection()
        places = [(client_id, known.kind, known.system, identities.blind(tx, known)) for client_id, known in given]
        rows = await connection.exec_driver_sql(_GIVEN, (tx.info["brand_id"], *map(list, zip(*places, strict=True))))
        for row in rows:
            found.setdefault(row.client_id, []).append(row.identity_id)
    return found
