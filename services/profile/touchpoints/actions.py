"""Entering contacts into the timeline: those the house's facts tell of, and those that are reported; and wishes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities
from services.profile.identities.queries import Known
from services.profile.touchpoints import queries, rules
from services.profile.touchpoints.queries import Wish
from services.profile.touchpoints.rules import Contact, Fault, Taken, WhyNot

VISIT = "~visit"  # the system of what the house's people say of a visit; none outside can be called so

_INSERT = """
insert into touchpoint (brand_id, touchpoint_id, event_id, client_id, kind, occurred_at, boutique_id, advisor_id,
    subject_id, details)
select $1, touchpoint_id, event_id, client_id, kind, occurred_at, boutique_id, advisor_id, subject_id, details::jsonb
from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::uuid[], $8::uuid[], $9::uuid[],
    $10::text[])
    as item (touchpoint_id, event_id, client_id, kind, occurred_at, boutique_id, advisor_id, subject_id, details)
on conflict (brand_id, event_id) do nothing
"""
# A fact says whose the receipt was; the row may since be another record's of hers, so it is looked for by the receipt.
_LEAVE_OUT = text("delete from touchpoint where brand_id = :brand and kind = :kind and subject_id = any(:subjects)")
# Sorted by what is unique: two batches with the same contacts take turns instead of dead-locking.
_REPORT = """
insert into reported_contact (brand_id, contact_id, system, ref, client_id, kind, occurred_at, boutique_id, advisor_id,
    piece_code, why_not, appointment_id, reported_at)
select $1, contact_id, system, ref, client_id, kind, occurred_at, boutique_id, advisor_id, piece_code, why_not,
    appointment_id, $13
from unnest($2::uuid[], $3::text[], $4::bytea[], $5::uuid[], $6::text[], $7::timestamptz[], $8::uuid[], $9::uuid[],
    $10::text[], $11::text[], $12::uuid[])
    as item (contact_id, system, ref, client_id, kind, occurred_at, boutique_id, advisor_id, piece_code, why_not,
        appointment_id)
order by system, ref
on conflict (brand_id, system, ref) do nothing
returning contact_id
"""
# What was said of a visit before; its lock lets two who say it at once take turns.
_VISIT = text("select pg_advisory_xact_lock(hashtextextended(:visit, 0))")
_UNSAY = text("delete from reported_contact where brand_id = :brand and appointment_id = :appointment_id")
_WISH = text(
    "insert into wish (brand_id, wish_id, client_id, piece_code, boutique_id, noted_by, noted_at)"
    " values (:brand, :wish_id, :client_id, :piece_code, :boutique_id, :noted_by, :now)"
    " on conflict (brand_id, client_id, piece_code) where closed_at is null do nothing returning wish_id"
)
_CLOSE = text(
    "update wish set closed_at = :now, closed_as = :closed_as"
    " where brand_id = :brand and wish_id = :wish_id and client_id = any(:ids) and closed_at is null"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact. `subject_id` is what it is about: the appointment, the purchase, the work order."""

    event_id: UUID
    client_id: UUID
    kind: Contact
    occurred_at: datetime
    boutique_id: UUID | None
    advisor_id: UUID | None
    subject_id: UUID
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reported:
    """A contact as a system reports it; `person` is her id here or an identifier of hers, None where it is neither."""

    system: str
    ref: str
    kind: Contact
    person: UUID | Known | None
    occurred_at: datetime
    boutique_id: UUID | None = None
    advisor_id: UUID | None = None
    piece_code: str | None = None
    why_not: WhyNot | None = None
    appointment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A reported contact on its way in: its own id, and the record it is about."""

    contact_id: UUID
    client_id: UUID
    reported: Reported


@dataclass(frozen=True, slots=True)
class Piece:
    """What happened with a piece in a visit."""

    piece_code: str
    kind: Contact
    why_not: WhyNot | None


async def enter(tx: AsyncSession, entries: Sequence[Entry]) -> None:
    """Enter contacts, each event once, however often it is told."""
    if not entries:
        return
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _INSERT,
        (
            tx.info["brand_id"],
            [entry.event_id for entry in entries],  # its own id too: entered anew, it is the same contact
            [entry.event_id for entry in entries],
            [entry.client_id for entry in entries],
            [entry.kind.value for entry in entries],
            [entry.occurred_at for entry in entries],
            [entry.boutique_id for entry in entries],
            [entry.advisor_id for entry in entries],
            [entry.subject_id for entry in entries],
            [json.dumps(dict(entry.details)) for entry in entries],
        ),
    )


async def leave_out(tx: AsyncSession, kind: Contact, subjects: Sequence[UUID]) -> None:
    """Take contacts about these out of every timeline: they never were."""
    row = {"brand": tx.info["brand_id"], "kind": kind.value, "subjects": list(subjects)}
    await tx.execute(_LEAVE_OUT, row)


async def report(tx: AsyncSession, given: Sequence[Reported], *, now: datetime) -> list[Taken | Fault]:
    """Enter reported contacts; what became of each, in their order. A constant number of statements.

    A contact is known by its system and its name there, and stays as it was reported first: one that says something
    else under the same name is not taken.
    """
    people = await _people(tx, given)
    names = [(one.system, keyring(tx).blind("reported_contact.ref", one.ref)) for one in given]
    faults = [_fault(one, people, now=now) for one in given]
    fresh: dict[tuple[str, bytes], Draft] = {}
    for name, one, fault in zip(names, given, faults, strict=True):
        if fault is None and one.person is not None:
            fresh.setdefault(name, Draft(new_id(), people[one.person], one))
    created = await _insert(tx, fresh, now=now)
    stored = {name: (draft.reported.kind, draft.reported.occurred_at) for name, draft in fresh.items()}
    stored |= await queries.reported(tx, [name for name, one in fresh.items() if one.contact_id not in created])
    outcomes: list[Taken | Fault] = []
    for name, one, fault in zip(names, given, faults, strict=True):
        if fault is not None:
            outcomes.append(fault)
        elif stored[name] != (one.kind, one.occurred_at):
            outcomes.append(Fault.CONTACT_DIFFERS)
        elif fresh[name].reported is one and fresh[name].contact_id in created:
            outcomes.append(Taken.CREATED)
        else:
            outcomes.append(Taken.REPEATED)
    return outcomes


async def write_up(
    tx: AsyncSession,
    appointment_id: UUID,
    client_id: UUID,
    pieces: Sequence[Piece],
    *,
    boutique_id: UUID,
    advisor_id: UUID | None,
    noted_by: str,
    now: datetime,
) -> None:
    """Keep what happened with the pieces in a visit, in place of what was said of it before.

    Raises ReasonMisplaced.
    """
    visit = f"{tx.info['brand_id']}:{appointment_id}"
    await tx.execute(_VISIT, {"visit": visit})
    await tx.execute(_UNSAY, {"brand": tx.info["brand_id"], "appointment_id": appointment_id})
    contacts = [
        Reported(
            system=VISIT,
            ref=f"{appointment_id}:{one.piece_code}:{one.kind}",
            kind=one.kind,
            person=client_id,
            occurred_at=now,
            boutique_id=boutique_id,
            advisor_id=advisor_id,
            piece_code=one.piece_code,
            why_not=one.why_not,
            appointment_id=appointment_id,
        )
        for one in pieces
    ]
    if Fault.REASON_MISPLACED in await report(tx, contacts, now=now):
        raise rules.ReasonMisplaced
    for one in pieces:
        if one.kind is Contact.WISHED:
            await wish(tx, client_id, one.piece_code, boutique_id=boutique_id, noted_by=noted_by, now=now)


async def wish(
    tx: AsyncSession, client_id: UUID, piece_code: str, *, boutique_id: UUID | None, noted_by: str, now: datetime
) -> tuple[Wish, bool]:
    """Note that she would like to have a piece; the wish, and whether it is new: she has one of each open."""
    made = await tx.execute(
        _WISH,
        {
            "brand": tx.info["brand_id"],
            "wish_id": new_id(),
            "client_id": client_id,
            "piece_code": piece_code,
            "boutique_id": boutique_id,
            "noted_by": noted_by,
            "now": now,
        },
    )
    is_new = made.first() is not None
    return await queries.open_wish(tx, client_id, piece_code), is_new


async def close_wish(tx: AsyncSession, wish_id: UUID, family: Sequence[UUID], *, closed_as: str, now: datetime) -> Wish:
    """Say what became of a wish of one of these records; one that is closed stays as it is. Raises NotFound."""
    await tx.execute(
        _CLOSE,
        {"brand": tx.info["brand_id"], "wish_id": wish_id, "ids": list(family), "closed_as": closed_as, "now": now},
    )
    found = await queries.wish(tx, wish_id, family)
    if found is None:
        raise NotFound
    return found


async def _people(tx: AsyncSession, given: Sequence[Reported]) -> dict[UUID | Known, UUID]:
    """The records that contacts are about, by how they were named; whoever is not there is nobody's."""
    named = {one.person for one in given}
    held = await identities.holders(tx, [person for person in named if isinstance(person, Known)])
    found: dict[UUID | Known, UUID] = {person: person for person in named if isinstance(person, UUID)}
    found |= {person: holder.client_id for person, holder in held.items()}
    spared = await clients.spared(tx, list(set(found.values())))
    return {person: client_id for person, client_id in found.items() if client_id in spared}


def _fault(one: Reported, people: Mapping[UUID | Known, UUID], *, now: datetime) -> Fault | None:
    if one.person is None:
        return Fault.PERSON_UNCLEAR
    if one.person not in people:
        return Fault.CLIENT_UNKNOWN
    return rules.fault(one.kind, one.occurred_at, piece_code=one.piece_code, why_not=one.why_not, now=now)


async def _insert(tx: AsyncSession, fresh: Mapping[tuple[str, bytes], Draft], *, now: datetime) -> set[UUID]:
    if not fresh:
        return set()
    drafts = list(fresh.values())
    connection = await tx.connection()
    inserted = await connection.exec_driver_sql(
        _REPORT,
        (
            tx.info["brand_id"],
            [draft.contact_id for draft in drafts],
            [system for system, _ in fresh],
            [ref for _, ref in fresh],
            [draft.client_id for draft in drafts],
            [draft.reported.kind.value for draft in drafts],
            [draft.reported.occurred_at for draft in drafts],
            [draft.reported.boutique_id for draft in drafts],
            [draft.reported.advisor_id for draft in drafts],
            [draft.reported.piece_code for draft in drafts],
            [draft.reported.why_not for draft in drafts],
            [draft.reported.appointment_id for draft in drafts],
            now,
        ),
    )
    return {row.contact_id for row in inserted}
