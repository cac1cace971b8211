"""Giving a client a copy of her data: every service tells what it has, and all of it is delivered or nothing."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra import copies
from infra.app import Kit
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.peers import PeerRefused, PeerUnavailable
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.clients.models import days
from services.profile.consents.rules import CHILD_UNTIL
from services.profile.identities import queries as identities
from services.profile.messages import queries as messages
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights
from services.profile.privacy.queries import Sight
from services.profile.rights import models, queries, rules
from services.profile.rights.actions import requests
from services.profile.rights.queries import DataRequest
from services.profile.rights.rules import CopyIncomplete, GuardianCollects, Status
from services.profile.rights.tables.copied import COPIED

HERE = "profile"
AGAIN = 5  # seconds after which it is worth trying again

_KEEP = text(
    "insert into data_copy (brand_id, copy_id, request_id, delivered_to, made_at, delivered_at, size_bytes, counts)"
    " values (:brand, :copy_id, :request_id, :to, :made_at, :now, :size, cast(:counts as jsonb))"
)

Told = dict[str, dict[str, int]]  # rows by service and table


@dataclass(frozen=True)
class Copy:
    """A finished copy: a zip, from its beginning, in a file that has no name and is gone when it is closed."""

    file: IO[bytes]
    size: int
    made_at: datetime


async def deliver(kit: Kit, request_id: UUID, *, by: Caller, now: datetime) -> Copy:
    """Make a copy of everything that is hers, and write down that it was delivered; the request is done with it.

    Raises NotFound, ClientUnknown, CopyNotReady, CopyClosed, GuardianCollects, and CopyIncomplete when a service does
    not tell all it has in time. No connection to the database waits for another service.
    """
    async with kit.database.transaction(by.brand_id) as tx:
        request, sight = await _deliverable(tx, request_id, by=by, now=now)
        # What she granted in WeChat hangs on a digest of her openid.
        known = await identities.identities(tx, sight.family)
        blinds = [messages.blind(tx, one.system, one.value) for one in known if one.kind == "openid"]
    copy, counts = await _made(kit, request, sight, blinds=blinds, by=by, now=now)
    try:
        async with kit.database.transaction(by.brand_id) as tx:
            await _hand_over(tx, request_id, sight, copy, counts, by=by, now=kit.clock())
    except BaseException:
        copy.file.close()
        raise
    return copy


async def _deliverable(tx: AsyncSession, request_id: UUID, *, by: Caller, now: datetime) -> tuple[DataRequest, Sight]:
    if by.role is Role.CLIENT:
        if by.client_id is None:
            raise NotFound
        sight = await sights.sight(tx, by.client_id, by, now=now)
        request = await queries.request(tx, request_id)
        if request.client_id not in sight.family:
            raise NotFound
        birthday = await clients.birthday(tx, sight.family)
        # By the day of UTC: what counts is years.
        age = days.age(birthday, now.date()) if birthday else None
        if age is not None and age < CHILD_UNTIL:
            raise GuardianCollects
    else:
        request = await queries.request(tx, request_id)
        sight = await sights.sight(tx, request.client_id, by, now=now)
    rules.check_deliverable(request.kind, request.status, done_at=request.done_at, now=now)
    return request, sight


async def _made(
    kit: Kit, request: DataRequest, sight: Sight, *, blinds: list[bytes], by: Caller, now: datetime
) -> tuple[Copy, Told]:
    """Let each service write into a file of its own first: a zip takes one entry after the other."""
    async with AsyncExitStack() as stack:
        spools: dict[str, IO[str]] = {}
        counts: Told = {}
        try:
            async with asyncio.timeout(rules.COPIED_WITHIN.total_seconds()):
                for service in rules.SERVICES:
                    spools[service] = spool = stack.enter_context(TemporaryFile("w+", encoding="utf-8", newline="\n"))  # noqa: SIM115 - the stack closes it
                    counts[service] = await _spooled(kit, service, sight, spool, blinds=blinds, brand_id=by.brand_id)
                cover = models.Cover(request.request_id, request.kind, by.brand_id, now, counts)
                file = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
                try:
                    # Compressing would hold up everybody else.
                    size = await asyncio.to_thread(_bundle, file, cover, spools)
                except BaseException:
                    file.close()
                    raise
        except (TimeoutError, PeerUnavailable, PeerRefused):
            raise CopyIncomplete(retry_after=AGAIN) from None
    return Copy(file, size, now), counts


async def _spooled(
    kit: Kit, service: str, sight: Sight, spool: IO[str], *, blinds: list[bytes], brand_id: str
) -> dict[str, int]:
    """What a service told, written down; raises CopyIncomplete where its end is missing."""
    family = list(sight.family)
    if service == HERE:
        async with kit.database.snapshot(brand_id) as tx:
            return await _kept(copies.told(tx, COPIED, family, blinds=blinds), spool)
    form = {"client_ids": [str(one) for one in family]}
    async with kit.peers[service].lines(copies.PATH, brand_id=brand_id, json=form) as lines:
        return await _kept(lines, spool)


async def _kept(lines: AsyncIterator[str], spool: IO[str]) -> dict[str, int]:
    last = ""
    async for line in lines:
        last = line
        spool.write(line)
    try:
        ended: dict[str, int] = json.loads(last)["end"]
    except (ValueError, KeyError, TypeError):
        raise CopyIncomplete(retry_after=AGAIN) from None
    return ended


def _bundle(into: IO[bytes], cover: models.Cover, spools: Mapping[str, IO[str]]) -> int:
    """Write the zip; answers its size in bytes."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "manifest.json", cover, [cover.manifest()])
        for service, spool in spools.items():
            spool.seek(0)
            _put(archive, f"{service}.json", cover, models.document(service, cover.made_at, spool))
        _put(archive, "your-data.html", cover, models.page(cover, _rewound(spools)))
    size = into.tell()
    into.seek(0)
    return size


def _rewound(spools: Mapping[str, IO[str]]) -> Iterable[tuple[str, IO[str]]]:
    for service, spool in spools.items():
        spool.seek(0)
        yield service, spool


def _put(archive: zipfile.ZipFile, name: str, cover: models.Cover, pieces: Iterable[str]) -> None:
    entry = zipfile.ZipInfo(name, cover.made_at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece.encode())


async def _hand_over(
    tx: AsyncSession, request_id: UUID, sight: Sight, copy: Copy, counts: Told, *, by: Caller, now: datetime
) -> None:
    """The receipt, the look and the step are one transaction, before the first byte leaves."""
    seen = await privacy.look(tx, sight.client_id, seen="copy", by=by, now=now, also_herself=True)
    if set(seen.family) != set(sight.family):
        raise CopyIncomplete(retry_after=AGAIN)  # records were joined or taken apart in between
    request = await queries.request(tx, request_id, lock=True)
    rules.check_deliverable(request.kind, request.status, done_at=request.done_at, now=now)
    row = {"brand": tx.info["brand_id"], "copy_id": new_id(), "request_id": request_id, "to": by.role.value, "now": now}
    if by.role is not Role.CLIENT:
        row["to"] = by.subject
    await tx.execute(_KEEP, row | {"made_at": copy.made_at, "size": copy.size, "counts": json.dumps(counts)})
    if request.status is Status.RUNNING:
        await requests.finish(tx, request_id, if_match="*", now=now)
