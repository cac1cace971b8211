"""Meeting a client: registering, recognising and importing her, and learning how else she is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller
from infra.ids import NOBODY, new_id
from infra.refusal import NotFound
from services.profile.books import actions as books
from services.profile.books.actions import Assignment
from services.profile.clients import actions as clients
from services.profile.clients import queries as client_queries
from services.profile.clients.actions import Newcomer
from services.profile.consents import actions as consents
from services.profile.consents.actions import Given
from services.profile.consents.rules import Purpose
from services.profile.desk.rules import MEET_CLIENTS, UNNAMED, BatchOvertaken, IdentityTaken
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.identities import rules
from services.profile.identities.queries import Holder, Known
from services.profile.privacy import queries as sights
from services.profile.privacy.rules import STAFF, ClientUnknown
from services.profile.purchases.queries import receipts as purchases


@dataclass(frozen=True, slots=True)
class Imported:
    """One client of an older system; `member` is the identifier by which a repeat is known."""

    newcomer: Newcomer
    member: Known
    others: tuple[Known, ...]
    marks: tuple[Known, ...]  # what an e-shop shows of her, which many may have in common
    consents: tuple[Given, ...]
    owner: Assignment | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one client offered: who she is now, or the slug of the refusal.

    `is_ownerless`: the advisor who was named has left, so she is in nobody's book.
    """

    client_id: UUID | None
    is_new: bool = False
    refused: Literal["identity-taken", "client-erased"] | None = None
    is_ownerless: bool = False


async def register(tx: AsyncSession, newcomer: Newcomer, known: Sequence[Known], *, source: str, now: datetime) -> None:
    """Register someone nobody knew; raises IdentityTaken when one of her identifiers is somebody's."""
    given = [(newcomer.client_id, one) for one in dict.fromkeys(known)]
    if len(await identity_actions.add(tx, given, source=source, now=now)) < len(given):
        raise IdentityTaken
    await clients.register(tx, [newcomer], now=now)
    await identity_actions.seek(tx, [newcomer.client_id])


async def recognise(tx: AsyncSession, openid: Known, unionid: Known | None, *, now: datetime) -> UUID:
    """Who WeChat says she is, by the openid of an app or as WeCom's contact; someone nobody knows is registered.

    The unionid is the same in every app of the house: it joins two records on its own, unless both have purchases,
    or something forbids that they are one.
    Raises ClientErased.
    """
    shown = [one for one in (openid, unionid) if one is not None]
    held = await _living(tx, shown)
    if not held:
        newcomer = Newcomer(new_id(), UNNAMED)
        async with tx.begin_nested() as attempt:
            given = [(newcomer.client_id, one) for one in shown]
            if len(await identity_actions.add(tx, given, source="wechat", now=now)) == len(given):
                await clients.register(tx, [newcomer], now=now)
                return newcomer.client_id
            # The same person tapped twice: the other request has just registered her.
            await attempt.rollback()
        held = await _living(tx, shown)
    holder = held.get(openid) or held[shown[-1]]
    if not await client_queries.spared(tx, [holder.canonical_id]):
        raise rules.ClientErased
    # With the record that holds the other one, also when that is part of another: they stay together if it leaves.
    missing = [(holder.client_id, one) for one in shown if one not in held]
    await identity_actions.add(tx, missing, source="wechat", now=now)
    if len({one.canonical_id for one in held.values()}) > 1:
        return await _join_accounts(tx, held[openid], held[shown[-1]], now=now)
    return holder.canonical_id


async def _living(tx: AsyncSession, shown: Sequence[Known]) -> dict[Known, Holder]:
    held = await identities.holders(tx, shown)
    if any(not holder.is_erased for holder in held.values()):
        # She has come back herself in another way: the digest that keeps imports away keeps nothing of hers from her.
        held = {known: holder for known, holder in held.items() if holder.client_id != NOBODY}
    if any(holder.is_erased for holder in held.values()):
        raise rules.ClientErased
    return held


async def _join_accounts(tx: AsyncSession, of_app: Holder, of_union: Holder, *, now: datetime) -> UUID:
    app, union = await identity_actions.hold(tx, of_app.canonical_id, of_union.canonical_id)
    if app == union:
        return app
    sides = [await _side(tx, one) for one in (app, union)]
    try:
        rules.check_merge(*sides, never=await identities.are_apart(tx, app, union))
    except (rules.NeverMerge, rules.TwoWechatAccounts):
        return app
    if all(side.has_purchases for side in sides):
        return app
    survivor, merged = (app, union) if sides[0].has_purchases else (union, app)
    await identity_actions.merge(tx, survivor=survivor, merged=merged, evidence="unionid", actor="wechat", now=now)
    return survivor


async def add_identity(
    tx: AsyncSession, client_id: UUID, known: Known, *, source: str, by: Caller, now: datetime
) -> tuple[UUID, bool]:
    """Give a client an identifier; answers who she is now, and whether that showed two records to be one.

    `source` is wechat, answered, staff or pos. WeChat verifies a phone, and so does her answer to what was sent there,
    or staff who have her before them; a till does not, nor does a voice on the telephone. Nobody's word verifies an
    e-mail. Raises NotFound, ClientUnknown for someone the caller may not see, MergeNeedsDecision for a phone or an
    e-mail that does not prove enough, IdentityTaken for another client's number of a till, a shop or a card,
    ClientErased.
    """
    if by.role in STAFF:
        await sights.sight(tx, client_id, by, now=now)
    asker = await identities.canonical(tx, client_id)
    if not await client_queries.spared(tx, [asker]):
        raise NotFound
    face_to_face = source == "staff" and by.role in MEET_CLIENTS
    verified = rules.is_proof(known.kind, source, face_to_face=face_to_face)
    # A till may name a number for the first time, for she stands there; not the same one again, year after year.
    first = verified or source == "pos"
    if await identity_actions.add(tx, [(asker, known)], source=source, now=now, confirmed=first):
        return asker, False
    held = await _living(tx, [known])
    if known not in held:
        return asker, False  # it is hers already, and others' too
    # Hers and the holder's together: two clients who give each other's number take turns.
    asker, holding = await identity_actions.hold(tx, asker, held[known].client_id)
    # What decides is read from here on: a rival who held them before us may have changed all of it.
    holder = (await _living(tx, [known]))[known]
    if holding == asker:
        if verified:
            await identity_actions.confirm(tx, known, now=now)
        return asker, False
    if known.kind not in rules.CONTACTS:
        raise IdentityTaken
    if by.role in STAFF:
        await _must_be_open(tx, holding, by, now=now)
    verdict = rules.by_contact(
        await _side(tx, asker),
        await _side(tx, holding),
        kind=known.kind,
        confirmed_at=holder.confirmed_at,
        now=now,
        verified=verified,
        by_staff=face_to_face and known.kind == "phone",
        never=await identities.are_apart(tx, asker, holding),
    )
    await identity_actions.merge(
        tx,
        survivor=verdict.survivor,
        merged=verdict.merged,
        evidence=f"{known.kind}:{source}",
        actor=by.subject,
        now=now,
    )
    await identity_actions.confirm(tx, known, now=now)
    return verdict.survivor, True


async def share(tx: AsyncSession, client_id: UUID, known: Known, *, by: Caller, now: datetime) -> None:
    """Let a number of this client identify nobody any more; raises ClientUnknown, and NotFound if it is not hers."""
    sight = await sights.sight(tx, client_id, by, now=now)
    hers = await identities.identities(tx, sight.family, also_claimed=True)
    if not any((one.kind, one.system, one.value) == (known.kind, known.system, known.value) for one in hers):
        raise NotFound
    await identity_actions.share(tx, known)


async def _must_be_open(tx: AsyncSession, holding: UUID, by: Caller, *, now: datetime) -> None:
    """Joining two records shows both: nobody opens a history by typing its owner's number into another record."""
    try:
        await sights.sight(tx, holding, by, now=now)
    except ClientUnknown:
        raise rules.MergeNeedsDecision(reason=rules.Doubt.OTHER_RECORD_NOT_OPEN) from None


async def _side(tx: AsyncSession, client_id: UUID) -> rules.Side:
    return await identities.side(tx, client_id, has_purchases=await purchases.has_any(tx, client_id))


async def bring_in(tx: AsyncSession, offered: Sequence[Imported], *, actor: str, now: datetime) -> list[Arrival]:
    """Import clients, each member number once; a constant number of statements.

    Raises BatchOvertaken when another batch brought some of them at the same moment.
    """
    held = await identities.holders(tx, [known for one in offered for known in (one.member, *one.others)])
    fresh: dict[Known, Imported] = {}
    claimed = set(held)
    arrivals: list[Arrival] = []
    left = await books.who_left(tx, [one.owner.advisor_id for one in offered if one.owner is not None])
    for one in offered:
        if any(held[known].is_erased for known in (one.member, *one.others) if known in held):
            arrivals.append(Arrival(None, refused="client-erased"))
        elif one.member in held:
            arrivals.append(Arrival(held[one.member].canonical_id))
        elif one.member in fresh:
            arrivals.append(Arrival(fresh[one.member].newcomer.client_id))
        elif claimed.intersection(one.others):
            arrivals.append(Arrival(None, refused="identity-taken"))
        else:
            fresh[one.member] = one
            claimed.update(one.others)
            # Nobody comes into the book of somebody who has left: she is nobody's, and that is said.
            is_ownerless = one.owner is not None and one.owner.advisor_id in left
            arrivals.append(Arrival(one.newcomer.client_id, is_new=True, is_ownerless=is_ownerless))
    given = [
        (one.newcomer.client_id, known) for one in fresh.values() for known in (one.member, *one.others, *one.marks)
    ]
    if len(await identity_actions.add(tx, given, source="import", now=now, confirmed=False)) < len(given):
        raise BatchOvertaken(retry_after=1)
    await clients.register(tx, [one.newcomer for one in fresh.values()], now=now)
    given_consents = [consent for one in fresh.values() for consent in one.consents]
    await consents.give(tx, given_consents, channel="import", actor=actor, now=now)
    owned = [one.owner for one in fresh.values() if one.owner is not None and one.owner.advisor_id not in left]
    await books.assign_all(tx, owned, now=now)
    return arrivals


def consents_of(client_id: UUID, purposes: Sequence[Purpose], notice_version: str) -> tuple[Given, ...]:
    """One consent per purpose, however often it is named."""
    return tuple(Given(client_id, purpose, notice_version) for purpose in dict.fromkeys(purposes))
