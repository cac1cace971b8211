"""Registering clients and correcting their records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.wire import check_match
from services.profile.clients import queries
from services.profile.clients.actions import blinds
from services.profile.clients.events import ClientRegistered
from services.profile.clients.models import days, names
from services.profile.clients.models.days import Day

_INSERT = """
insert into client (brand_id, client_id, display_name, family_name, given_name, salutation, language,
    name_key, given_key, pinyin, initials, birthday, birthday_blind, registered_at)
select $1, item.*, $14
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::bytea[], $13::bytea[]) as item
"""
_UPDATE = text(
    "update client set display_name = :display_name, family_name = :family_name, given_name = :given_name,"
    " salutation = :salutation, language = :language, name_key = :name, given_key = :given, pinyin = :pinyin,"
    " initials = :initials, version = version + 1"
    " where brand_id = :brand and client_id = :client_id"
)
_NAME = """
update client set display_name = item.display_name, family_name = item.family_name, given_name = item.given_name,
    salutation = item.salutation, name_key = item.name_key, given_key = item.given_key, pinyin = item.pinyin,
    initials = item.initials, version = client.version + 1
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::int[]) as item (client_id, display_name, family_name, given_name, salutation, name_key, given_key, pinyin,
    initials, version)
where client.brand_id = $1 and client.client_id = item.client_id and client.version = item.version
returning client.client_id, client.version
"""
# Taken back, it is hers on no record any more; given, it stands before what the older ones say.
_FORGET_BIRTHDAY = text(
    "update client set birthday = null, birthday_blind = null where brand_id = :brand and client_id = any(:ids)"
)
_BIRTHDAY = text(
    "update client set birthday = :birthday, birthday_blind = :blind where brand_id = :brand and client_id = :client_id"
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Someone to be registered, by tidied names and a checked birthday."""

    client_id: UUID
    display_name: str
    family_name: str | None = None
    given_name: str | None = None
    salutation: str | None = None
    language: str = "zh"
    birthday: Day | None = None


async def register(tx: AsyncSession, newcomers: Sequence[Newcomer], *, now: datetime) -> None:
    """Make the records and announce them, in one statement however many."""
    if not newcomers:
        return
    ring = keyring(tx)
    keys = [names.keys(one.display_name, one.family_name, one.given_name) for one in newcomers]
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _INSERT,
        (
            tx.info["brand_id"],
            [one.client_id for one in newcomers],
            [one.display_name for one in newcomers],
            [one.family_name for one in newcomers],
            [one.given_name for one in newcomers],
            [one.salutation for one in newcomers],
            [one.language for one in newcomers],
            [key.name for key in keys],
            [key.given for key in keys],
            [key.pinyin for key in keys],
            [key.initials for key in keys],
            [
                ring.seal("client", "birthday", one.client_id, days.written(one.birthday)) if one.birthday else None
                for one in newcomers
            ],
            [blinds.birthday(ring, one.birthday) if one.birthday else None for one in newcomers],
            now,
        ),
    )
    for one in newcomers:
        record(tx, ClientRegistered(client_id=one.client_id))


async def name(tx: AsyncSession, named: Sequence[tuple[Newcomer, int]]) -> dict[UUID, int]:
    """Name records that are of the version beside them, in one statement; answers the version each has now."""
    if not named:
        return {}
    keys = [names.keys(one.display_name, one.family_name, one.given_name) for one, _ in named]
    connection = await tx.connection()
    rows = await connection.exec_driver_sql(
        _NAME,
        (
            tx.info["brand_id"],
            [one.client_id for one, _ in named],
            [one.display_name for one, _ in named],
            [one.family_name for one, _ in named],
            [one.given_name for one, _ in named],
            [one.salutation for one, _ in named],
            [key.name for key in keys],
            [key.given for key in keys],
            [key.pinyin for key in keys],
            [key.initials for key in keys],
            [version for _, version in named],
        ),
    )
    return {row.client_id: row.version for row in rows}


async def correct(
    tx: AsyncSession, family: Sequence[UUID], changes: Mapping[str, str | Day | None], *, if_match: str
) -> queries.Client:
    """Change what one person is named by and when she was born, a checked day; `family` begins with her record.

    Raises NotFound, and Stale when someone else was faster.
    """
    client_id = family[0]
    before = (await queries.locked(tx, family)).get(client_id) or await queries.client(tx, client_id)
    check_match(if_match, before.version)
    after = {
        name: changes.get(name, getattr(before, name))
        for name in ("display_name", "family_name", "given_name", "salutation", "language")
    }
    keys = names.keys(str(after["display_name"]), after["family_name"], after["given_name"])
    await tx.execute(
        _UPDATE,
        {
            **after,
            "name": keys.name,
            "given": keys.given,
            "pinyin": keys.pinyin,
            "initials": keys.initials,
            "brand": tx.info["brand_id"],
            "client_id": client_id,
        },
    )
    if "birthday" in changes:
        await _keep_birthday(tx, family, changes["birthday"])
    return await queries.client(tx, client_id)


async def _keep_birthday(tx: AsyncSession, family: Sequence[UUID], birthday: object) -> None:
    of_brand = {"brand": tx.info["brand_id"]}
    if isinstance(birthday, Day):
        ring = keyring(tx)
        sealed = ring.seal("client", "birthday", family[0], days.written(birthday))
        blind = blinds.birthday(ring, birthday)
        await tx.execute(_BIRTHDAY, of_brand | {"client_id": family[0], "birthday": sealed, "blind": blind})
    else:
        await tx.execute(_FORGET_BIRTHDAY, of_brand | {"ids": list(family)})
