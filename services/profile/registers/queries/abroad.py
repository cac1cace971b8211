"""Reading exports abroad, and what may be exported of whom."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.clients.models import days
from services.profile.clients.models.days import Day
from services.profile.clients.queries import preferences
from services.profile.clients.queries.record import Client
from services.profile.clients.rules import Preference
from services.profile.consents import queries as consents
from services.profile.consents.queries import Item
from services.profile.consents.rules import Purpose, purpose_of
from services.profile.identities import queries as identities
from services.profile.registers.rules.abroad import MINOR_UNTIL, Mechanism, Tally, shown
from services.profile.registers.rules.entries import SENSITIVE, Category
from services.profile.segments import queries as segments
from services.profile.segments.rules import Segment

_COLUMNS = (
    "export_id, activity_id, recipient, country, purpose, categories, mechanism, clients, plain, pseudonymised,"
    " asked_by, asked_at, handed_at, finished_at"
)
_ONE = f"select {_COLUMNS} from export_abroad where brand_id = :brand and export_id = :export_id"  # noqa: S608
_PAGE = text(
    f"select {_COLUMNS} from export_abroad where brand_id = :brand"  # noqa: S608
    " and (cast(:after as uuid) is null or export_id < :after) order by export_id desc limit :limit"
)
_COUNT = text("select count(*) from client where brand_id = :brand")
_NEXT = text(
    "select client_id from client where brand_id = :brand and client_id > :after"
    # Whoever was merged is in the row of the record that goes on.
    " and not exists (select from client_alias a where a.brand_id = client.brand_id and a.client_id = client.client_id)"
    " order by client_id limit :limit"
)
_FAMILIES = text(
    "select canonical_id, client_id from client_alias where brand_id = :brand and canonical_id = any(:ids) order by 2"
)
_BIRTHDAYS = text(
    "select client_id, birthday from client where brand_id = :brand and client_id = any(:ids) and birthday is not null"
)
_SPENT = text(
    "select client_id, currency, count(*) as receipts, sum(net_minor) as net_minor from purchase"
    " where brand_id = :brand and client_id = any(:ids) group by 1, 2 order by 1, 2"
)
_TALLY = "select persons, sensitive_persons from export_year where brand_id = :brand and year = :year"


@dataclass(frozen=True, slots=True)
class Export:
    """One export of the register; `purpose` in the words of who began it."""

    export_id: UUID
    activity_id: UUID
    recipient: str
    country: str
    purpose: str
    categories: list[Category]
    mechanism: Mechanism
    clients: int
    plain: int
    pseudonymised: int
    asked_by: str
    asked_at: datetime
    handed_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Spend:
    """What somebody bought in one currency."""

    currency: str
    receipts: int
    net_minor: int


@dataclass(slots=True)
class Exported:
    """What an export holds of one person; None is what it does not, or not of her."""

    client: Client
    is_plain: bool
    phones: list[str] | None = None
    birthday: Day | None = None
    segment: Segment | None = None
    purchases: list[Spend] | None = None
    preferences: list[Preference] | None = None
    sensitive: list[Item] | None = None
    categories: set[Category] = field(default_factory=set)


async def export(tx: AsyncSession, export_id: UUID, *, lock: bool = False) -> Export:
    """One export, if wanted nobody else's to change until this transaction ends; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "export_id": export_id}
    row = (await tx.execute(text(f"{_ONE} for update" if lock else _ONE), asked)).one_or_none()
    if row is None:
        raise NotFound
    return _export(tx, row)


async def exports(tx: AsyncSession, *, after: UUID | None, limit: int) -> list[Export]:
    """The register of exports, the latest first."""
    rows = await tx.execute(_PAGE, {"brand": tx.info["brand_id"], "after": after, "limit": limit})
    return [_export(tx, row) for row in rows]


async def clients_in_all(tx: AsyncSession) -> int:
    """How many records there are, for the progress of an export."""
    return int((await tx.execute(_COUNT, {"brand": tx.info["brand_id"]})).scalar_one())


async def tally(tx: AsyncSession, year: int, *, lock: bool = False) -> Tally:
    """How many distinct persons were exported in a calendar year of the brand."""
    asked = {"brand": tx.info["brand_id"], "year": year}
    row = (await tx.execute(text(f"{_TALLY} for update" if lock else _TALLY), asked)).one_or_none()
    return Tally(year, row.persons, row.sensitive_persons) if row else Tally(year, 0, 0)


async def next_records(tx: AsyncSession, *, after: UUID, limit: int) -> list[UUID]:
    """The records behind one, of those that were not merged into another; they may be nobody's to export."""
    asked = {"brand": tx.info["brand_id"], "after": after, "limit": limit}
    return list((await tx.execute(_NEXT, asked)).scalars())


async def exportable(
    tx: AsyncSession, client_ids: Sequence[UUID], categories: Collection[Category], *, today: date
) -> list[Exported]:
    """What may be exported of these records right now, in their order.

    Whoever was erased or restricted, or is under age, is absent; whoever has not separately consented to going abroad
    is there without what says who she is.
    """
    family = await _families(tx, client_ids)
    owner = {member: client_id for client_id, members in family.items() for member in members}
    known = await clients.by_id(tx, client_ids)
    birthdays = await _birthdays(tx, owner)
    away = await consents.restricted(tx, client_ids) | _under_age(birthdays, today)
    plain = await consents.who_allow(tx, client_ids, Purpose.ABROAD)
    found = {
        one: Exported(known[one], one in plain, categories=shown(categories, plain=one in plain))
        for one in client_ids
        if one in known and one not in away
    }
    if Category.SEGMENT in categories:
        for one, segment in (await segments.current(tx, list(found))).items():
            found[one].segment = segment
    if Category.PURCHASES in categories:
        await _add_purchases(tx, found, owner)
    for client_id, person in found.items():
        if person.is_plain:
            await _add_plain(tx, person, family[client_id], birthdays.get(client_id, []))
    return list(found.values())


async def _families(tx: AsyncSession, client_ids: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
    family = {client_id: [client_id] for client_id in client_ids}
    for row in await tx.execute(_FAMILIES, {"brand": tx.info["brand_id"], "ids": list(client_ids)}):
        family[row.canonical_id].append(row.client_id)
    return family


async def _birthdays(tx: AsyncSession, owner: Mapping[UUID, UUID]) -> dict[UUID, list[Day]]:
    """What each person's records say of her birthday, her own record first."""
    ring, found = keyring(tx), defaultdict(list)
    rows = await tx.execute(_BIRTHDAYS, {"brand": tx.info["brand_id"], "ids": list(owner)})
    for row in sorted(rows, key=lambda row: row.client_id != owner[row.client_id]):
        found[owner[row.client_id]].append(days.read(ring.open("client", "birthday", row.client_id, row.birthday)))
    return found


def _under_age(birthdays: Mapping[UUID, list[Day]], today: date) -> set[UUID]:
    ages = {one: [days.age(day, today) for day in known] for one, known in birthdays.items()}
    return {one for one, known in ages.items() if any(age is not None and age < MINOR_UNTIL for age in known)}


async def _add_purchases(tx: AsyncSession, found: Mapping[UUID, Exported], owner: Mapping[UUID, UUID]) -> None:
    sums: dict[tuple[UUID, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in await tx.execute(_SPENT, {"brand": tx.info["brand_id"], "ids": list(owner)}):
        one = sums[owner[row.client_id], row.currency]
        one[0] += row.receipts
        one[1] += int(row.net_minor)
    for exported in found.values():
        exported.purchases = []
    for (client_id, currency), (receipts, net) in sums.items():
        if (bought := found.get(client_id)) is not None and bought.purchases is not None:
            bought.purchases.append(Spend(currency, receipts, net))


async def _add_plain(tx: AsyncSession, one: Exported, family: Sequence[UUID], birthdays: Sequence[Day]) -> None:
    if Category.CONTACT in one.categories:
        every = await identities.identities(tx, family)
        one.phones = [known.value for known in every if known.kind == "phone"]
    if Category.BIRTHDAY in one.categories and birthdays:
        one.birthday = birthdays[0]
    if Category.PREFERENCES in one.categories:
        one.preferences = await preferences.known(tx, family)
    if SENSITIVE & one.categories:
        # Besides the consent to going abroad each kind needs the one it is kept by.
        measured = {Category.MEASUREMENTS} & one.categories
        other = {Category.HEALTH} & one.categories
        one.sensitive = [
            item
            for item in await consents.items(tx, family[0])
            if (measured if purpose_of(item.kind) is Purpose.MEASUREMENTS else other)
        ]


def _export(tx: AsyncSession, row: object) -> Export:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001
    purpose = keyring(tx).open("export_abroad", "purpose", values["export_id"], values["purpose"])
    categories = [Category(one) for one in values["categories"]]
    return Export(
        **values | {"purpose": purpose, "categories": categories, "mechanism": Mechanism(values["mechanism"])}
    )
