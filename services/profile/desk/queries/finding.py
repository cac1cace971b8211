"""Finding a client by whatever somebody types."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.clients.models import names
from services.profile.identities import queries as identities
from services.profile.identities.models import EmailUnreadable, mailbox
from services.profile.identities.queries import Known
from services.profile.purchases.rules.lines import is_serial, tidy_serial

# The names a client is found by, in the order in which their finds are shown. Each has its index in byte order.
_KEYS = ("name_key", "given_key", "pinyin", "initials")


def _within(record: str, key: str, *, begins: str = "start") -> str:
    return f'{record}.{key} collate "C" >= :{begins} and {record}.{key} collate "C" < :to'


def _by_key(number: int) -> str:
    key, earlier = _KEYS[number], _KEYS[:number]
    # A merged record is found by its own name but shown as the one it belongs to, and only once: not where that one,
    # or a sister before it, is found as well.
    relatives = (
        "select a.canonical_id union all select sister.client_id from client_alias sister"
        " where sister.brand_id = :brand and sister.canonical_id = a.canonical_id and sister.client_id < c.client_id"
    )
    not_yet = "".join(f" and not ({_within('c', one)})" for one in earlier)
    found_too = " or ".join(_within("other", one) for one in _KEYS)
    return (
        f"select c.client_id as record_id, coalesce(a.canonical_id, c.client_id) as client_id, c.{key} as key"  # noqa: S608
        " from client c left join client_alias a on a.brand_id = c.brand_id and a.client_id = c.client_id"
        f" where c.brand_id = :brand and {_within('c', key, begins='from')}"
        f' and (c.{key} collate "C" > :from or c.client_id > :behind)'
        f"{not_yet} and (a.client_id is null or not exists (select from client other"
        f" where other.brand_id = :brand and other.client_id in ({relatives}) and ({found_too})))"
        f'{{records}} order by c.{key} collate "C", c.client_id limit :limit'
    )


def _by_identity(matching: str) -> str:
    canonical = "coalesce(a.canonical_id, c.client_id)"
    return (
        f"select distinct {canonical} as record_id, {canonical} as client_id, '' as key"  # noqa: S608
        " from identity c left join client_alias a on a.brand_id = c.brand_id and a.client_id = c.client_id"
        f" where c.brand_id = :brand and {matching} and {canonical} > :behind{{records}} order by 1 limit :limit"
    )


def _by_piece() -> str:
    canonical = "coalesce(a.canonical_id, c.client_id)"
    return (
        f"select {canonical} as record_id, {canonical} as client_id, '' as key"  # noqa: S608
        " from owned_piece c left join client_alias a on a.brand_id = c.brand_id and a.client_id = c.client_id"
        " where c.brand_id = :brand and c.serial = :serial and c.client_id is not null"
        f" and {canonical} > :behind{{records}} limit :limit"
    )


# Every way to find somebody, the surest first; a further one is a further line, and a place in `_asked`.
_WAYS = (
    _by_identity("c.kind = 'member' and c.system = '' and c.blind = :member"),
    _by_identity("c.kind = 'email' and c.system = '' and c.blind = :email"),
    _by_piece(),
    _by_identity("c.kind = 'phone' and c.tail = :tail"),
    *(_by_key(number) for number in range(len(_KEYS))),
)
_MEMBER, _EMAIL, _SERIAL, _TAIL = range(4)
# Whoever may see a few looks among those: her plan goes by their ids, and not by a name that half the house has.
_AMONG_ALL = [text(way.format(records="")) for way in _WAYS]
_AMONG_SOME = [text(way.format(records=" and c.client_id = any(:records)")) for way in _WAYS]
_MERGED = text("select client_id from client_alias where brand_id = :brand and canonical_id = any(:ids)")
LAST = "\U0010ffff"  # behind every character a key may hold
FIRST = UUID(int=0)  # before every id
_FOUR_DIGITS = re.compile(r"^[0-9]{4}$")


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody types, which may be any of it; or one of the others, and nothing else."""

    text: str | None = None
    phone_tail: str | None = None
    member: str | None = None
    email: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A client who was found, and where: by which way, by which key, on which record."""

    client_id: UUID
    way: int
    key: str
    record_id: UUID


async def found(
    tx: AsyncSession, sought: Sought, *, visible: Sequence[UUID] | None, after: Place | None, limit: int
) -> list[Place]:
    """Clients who are what is sought, behind a place, each once; `visible` None means that all may be seen."""
    asked: dict[str, object] = {"brand": tx.info["brand_id"]}
    if visible is not None:
        merged = await tx.execute(_MERGED, asked | {"ids": list(visible)})
        asked["records"] = [*visible, *merged.scalars()]
    places: dict[UUID, Place] = {}
    # One way after the other, until the page is full: of two letters the first one fills it.
    for way, statement in enumerate(_AMONG_ALL if visible is None else _AMONG_SOME):
        by_way = _asked(tx, sought, way)
        if by_way is None or (after is not None and way < after.way):
            continue
        behind = after if after is not None and way == after.way else None
        is_more = True
        while is_more and len(places) < limit:
            left = limit - len(places)
            begins = {"behind": FIRST} if behind is None else {"from": behind.key, "behind": behind.record_id}
            rows = (await tx.execute(statement, asked | by_way | begins | {"limit": left})).all()
            for row in rows:
                behind = Place(row.client_id, way, row.key, row.record_id)
                # Somebody may be found by her phone and by her name.
                places.setdefault(row.client_id, behind)
            is_more = len(rows) == left
    return list(places.values())


def _asked(tx: AsyncSession, sought: Sought, way: int) -> dict[str, object] | None:
    """What a way needs to know; None when nothing is sought by it."""
    typed = sought.text or ""
    if way == _MEMBER:
        number = sought.member or typed
        return {"member": identities.blind(tx, Known("member", number))} if number else None
    if way == _EMAIL:
        address = _mailbox(sought.email or typed)
        return {"email": identities.blind(tx, Known("email", address))} if address else None
    if way == _SERIAL:
        serial = tidy_serial(sought.serial or typed)
        return {"serial": serial} if is_serial(serial) else None
    if way == _TAIL:
        digits = sought.phone_tail or (typed if _FOUR_DIGITS.match(typed) else None)
        return {"tail": identities.tail(tx, digits)} if digits else None
    start = names.fold(typed)
    return {"start": start, "from": start, "to": start + LAST} if start else None


def _mailbox(typed: str) -> str | None:
    """An address in its one form; None for what is none, as most of what is typed."""
    if "@" not in typed:
        return None
    try:
        return mailbox(typed)
    except EmailUnreadable:
        return None
