"""A house full of clients, written straight into the database of the profile service."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from bench.ground import Ground
from infra.crypto import Keyring
from infra.ids import new_id

BRAND = "lumiere"
BOOK = 50  # clients of one advisor
ASKED = 500  # clients whose pages are opened
CONTACTS = 10  # of every client; those asked for have a full page more
PAGE = 50
TAILS = 10_000
_CROWD = (Path(__file__).parent / "crowd.sql").read_text()
_PHONES = """
insert into identity (brand_id, identity_id, client_id, kind, blind, tail, value, source, added_at)
select brand_id, uuidv7(), client_id, 'phone', sha256(client_id::text::bytea),
    ($2::bytea[])[1 + floor(random() * cardinality($2::bytea[]))::int], '', 'import', now()
from client where brand_id = $1
"""
_ASKED = "select client_id, name_key, pinyin, initials from client where brand_id = $1 order by random() limit $2"
_OWN = """
insert into client_owner (brand_id, client_id, advisor_id, boutique_id, assigned_at)
select $1, client_id, $2, $3, now() from unnest($4::uuid[]) client_id
"""
_TOUCH = """
insert into touchpoint (brand_id, touchpoint_id, event_id, client_id, kind, occurred_at, subject_id, details)
select $1, id, id, client_id, 'purchase', now() - random() * interval '10 years', id,
    '{"currency": "CNY", "net_minor": 880000, "line_count": 1}'
from (select uuidv7() as id, c.client_id from client c, generate_series(1, $2::int)
    where c.brand_id = $1 and ($3::uuid[] is null or c.client_id = any($3))) contact
"""
_PHONE = """
insert into identity (brand_id, identity_id, client_id, kind, blind, value, source, added_at)
values ($1, $2, $3, 'phone', $4, $5, 'import', now())
"""


@dataclass(frozen=True)
class House:
    """Whom the measurements ask for."""

    client_ids: list[UUID]
    typed: list[str]  # what somebody types on the way to one of them, in an order of chance
    advisor_id: UUID
    boutique_id: UUID


async def furnished(ground: Ground, *, clients: int, contacts: bool) -> House:
    """Fill the house with so many clients: with phones to be found by, or with contacts to be shown."""
    connection = await asyncpg.connect(ground.urls["maison_profile"])
    ring = Keyring.load(ground.keys / "profile.json")
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        await connection.execute("set statement_timeout = 0")
        await connection.execute(_CROWD, BRAND, clients)
        asked = await connection.fetch(_ASKED, BRAND, ASKED)
        ids = [row["client_id"] for row in asked]
        if contacts:
            await connection.execute(_TOUCH, BRAND, CONTACTS, None)
            await connection.execute(_TOUCH, BRAND, PAGE, ids)
            for number, client_id in enumerate(ids):
                identity_id, phone = new_id(), f"+861390000{number:04d}"
                sealed = ring.seal("identity", "value", identity_id, phone)
                blind = ring.blind("identity.phone.", phone)
                await connection.execute(_PHONE, BRAND, identity_id, client_id, blind, sealed)
        else:
            tails = [ring.blind("identity.tail", f"{tail:04d}") for tail in range(TAILS)]
            await connection.execute(_PHONES, BRAND, tails)
        advisor_id, boutique_id = new_id(), new_id()
        await connection.execute(_OWN, BRAND, advisor_id, boutique_id, ids[:BOOK])
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return House(ids, _typed(asked), advisor_id, boutique_id)


def _typed(asked: list[Any]) -> list[str]:
    """Every step of typing a name, its pinyin, its initials; and the end of a phone."""
    chance = random.Random(7)  # noqa: S311 - seeded chance, nothing secret
    steps = [
        row[key][:length]
        for row in asked
        for key, longest in (("name_key", 3), ("pinyin", 6), ("initials", 3))
        for length in range(1, longest + 1)
    ]
    steps += [f"{chance.randrange(TAILS):04d}" for _ in range(ASKED * 3)]
    chance.shuffle(steps)
    return steps
