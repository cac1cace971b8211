"""Exporting client data abroad: page by page, each person counted once, nobody who may not leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.ids import NOBODY, new_id
from services.profile.clients import queries as clients
from services.profile.privacy import actions as privacy
from services.profile.registers.queries import abroad as queries
from services.profile.registers.queries.abroad import Export, Exported
from services.profile.registers.rules import abroad as rules
from services.profile.registers.rules.abroad import Mechanism
from services.profile.registers.rules.entries import SENSITIVE, Category

_BEGIN = text(
    "insert into export_abroad (brand_id, export_id, activity_id, recipient, country, purpose, categories, mechanism,"
    " clients, asked_by, asked_at) values (:brand, :export_id, :activity_id, :recipient, :country, :purpose,"
    " :categories, :mechanism, :clients, :by, :now)"
)
# Whose turn it is to count: two exports of one brand count one after the other.
_YEAR = text(
    "insert into export_year (brand_id, year, persons, sensitive_persons) values (:brand, :year, 0, 0)"
    " on conflict do nothing"
)
_IN_YEAR = text(
    "insert into exported_in_year as known (brand_id, year, person, sensitive)"
    " select :brand, :year, item.* from unnest(cast(:persons as bytea[]), cast(:sensitive as boolean[])) as item"
    " on conflict (brand_id, year, person) do update set sensitive = true"
    " where excluded.sensitive and not known.sensitive returning (xmax = 0) as is_new, sensitive"
)
_COUNT = text(
    "update export_year set persons = persons + :persons, sensitive_persons = sensitive_persons + :sensitive"
    " where brand_id = :brand and year = :year"
)
_HELD = text(
    "insert into exported_person (brand_id, export_id, person, plain, handed_on)"
    " select :brand, :export_id, item.*, :today"
    " from unnest(cast(:persons as bytea[]), cast(:plain as boolean[])) as item"
    " on conflict do nothing returning plain"
)
_HANDED = text(
    "update export_abroad set plain = plain + :plain, pseudonymised = pseudonymised + :others, handed_at = :now,"
    " finished_at = case when :is_last then :now else finished_at end"
    " where brand_id = :brand and export_id = :export_id"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export that somebody begins."""

    activity_id: UUID
    recipient: str
    country: str
    purpose: str
    categories: Sequence[Category]
    mechanism: Mechanism


@dataclass(frozen=True, slots=True)
class Handed:
    """One page: who is in it under which name, and the record behind which the next one begins; None at the end."""

    persons: list[tuple[str, Exported]]
    after: UUID | None


async def begin(tx: AsyncSession, wanted: Wanted, *, by: Caller, now: datetime) -> Export:
    """Write an export into the register, before anybody is exported. Raises StaysHere."""
    rules.check_country(wanted.country)
    export_id = new_id()
    row = {
        "brand": tx.info["brand_id"],
        "export_id": export_id,
        "activity_id": wanted.activity_id,
        "recipient": wanted.recipient,
        "country": wanted.country,
        "purpose": keyring(tx).seal("export_abroad", "purpose", export_id, wanted.purpose),
        "categories": sorted({one.value for one in wanted.categories}),
        "mechanism": wanted.mechanism.value,
        "clients": await queries.clients_in_all(tx),
        "by": by.subject,
        "now": now,
    }
    await tx.execute(_BEGIN, row)
    return await queries.export(tx, export_id)


async def hand(
    tx: AsyncSession, export: Export, *, after: UUID | None, limit: int, by: Caller, today: date, now: datetime
) -> Handed:
    """Hand out one page, by what everybody allows at this moment, and count whom it holds.

    Asked for again, a page counts nobody twice. Raises MechanismMissing, and then nobody was exported.
    """
    ids = await queries.next_records(tx, after=after or NOBODY, limit=limit)
    # Whoever is being erased is waited for, or waits for this.
    await clients.spared(tx, ids)
    held = await queries.exportable(tx, ids, export.categories, today=today)
    await _count(tx, export, held, today=today)
    await privacy.note(tx, [one.client.client_id for one in held if one.is_plain], seen="export", by=by, now=now)
    row = {"brand": tx.info["brand_id"], "export_id": export.export_id, "now": now, "today": today}
    people = {"persons": [_digest(tx, one) for one in held], "plain": [one.is_plain for one in held]}
    fresh = list((await tx.execute(_HELD, row | people)).scalars())
    is_last = len(ids) < limit
    counted = {"plain": sum(fresh), "others": len(fresh) - sum(fresh), "is_last": is_last}
    await tx.execute(_HANDED, row | counted)
    return Handed([(_name(tx, export, one), one) for one in held], None if is_last else ids[-1])


async def _count(tx: AsyncSession, export: Export, held: Sequence[Exported], *, today: date) -> None:
    of_year = {"brand": tx.info["brand_id"], "year": today.year}
    await tx.execute(_YEAR, of_year)
    await queries.tally(tx, today.year, lock=True)
    people = {
        "persons": [_digest(tx, one) for one in held],
        "sensitive": [bool(one.sensitive) and bool(SENSITIVE & one.categories) for one in held],
    }
    rows = (await tx.execute(_IN_YEAR, of_year | people)).all()
    counted = {"persons": sum(row.is_new for row in rows), "sensitive": sum(row.sensitive for row in rows)}
    await tx.execute(_COUNT, of_year | counted)
    rules.check_footing(await queries.tally(tx, today.year), export.mechanism)


def _digest(tx: AsyncSession, one: Exported) -> bytes:
    return keyring(tx).blind("exported_person.person", str(one.client.client_id))


def _name(tx: AsyncSession, export: Export, one: Exported) -> str:
    """Her id, or a pseudonym by the recipient: it can join what it was given, and no two recipients can theirs."""
    if one.is_plain:
        return str(one.client.client_id)
    recipient = f"export_abroad.pseudonym:{export.country}:{' '.join(export.recipient.casefold().split())}"
    return keyring(tx).blind(f"{tx.info['brand_id']}:{recipient}", str(one.client.client_id)).hex()[:32]
