"""Idempotency-Key: the key's row and the effect are one transaction; the same key answers the same bytes again."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from fastapi import Request, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from infra import problems
from infra.crypto import keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.refusal import Kind, Refusal
from infra.telemetry import metrics

REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
_LOCK_NOT_AVAILABLE = "55P03"

FEW = 500  # keys forgotten in one transaction
REST = 60.0  # seconds between two looks for expired keys
_FORGET = """
delete from idempotency_key where (brand_id, subject, route, key) in (
    select brand_id, subject, route, key from idempotency_key where expires_at < now() limit :few for update skip locked
)
"""

# While the first request runs, this waits for its row; 50 ms is enough to know that it still runs. One statement, for
# it stands before every effect: the time-out is set before the row is made, and set back after it.
_INSERT = text(
    """
    with patience as materialized (
        select current_setting('lock_timeout') as usual, set_config('lock_timeout', '50ms', true) as brief
    )
    insert into idempotency_key (brand_id, subject, route, key, fingerprint, expires_at)
    select cast(:brand as text), cast(:subject as text), cast(:route as text), cast(:key as text),
        cast(:fingerprint as bytea), cast(:expires_at as timestamptz)
    from patience
    on conflict do nothing
    returning (select set_config('lock_timeout', usual, true) from patience)
    """
)
_STORED = text(
    "select fingerprint, status, media_type, etag, body, expires_at < now() as is_over from idempotency_key"
    " where brand_id = :brand and subject = :subject and route = :route and key = :key"
)
_DELETE = text(
    "delete from idempotency_key where brand_id = :brand and subject = :subject and route = :route and key = :key"
    " and expires_at < now()"
)
_USUAL = text("reset lock_timeout")
_KEEP = text(
    "update idempotency_key set status = :status, media_type = :media_type, etag = :etag, body = :body"
    " where brand_id = :brand and subject = :subject and route = :route and key = :key"
)

# A no of these kinds will be the same no tomorrow. "Taken", "absent" and "unavailable" may not, so they are not kept.
DETERMINISTIC = frozenset({Kind.INVALID, Kind.FORBIDDEN, Kind.GONE})

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Awaitable[Response]]


class KeyMissing(Refusal):
    """A creating request without its key."""

    kind = Kind.INVALID
    slug = "idempotency-key-missing"
    en = "Send an Idempotency-Key header (1 to 255 printable characters), so that a retry cannot act twice."
    zh = "请携带 Idempotency-Key 请求头(1 至 255 个可见字符)，以免重试时重复执行。"


class KeyReused(Refusal):
    """The same key with another request."""

    kind = Kind.MALFORMED
    slug = "idempotency-key-reused"
    en = "This Idempotency-Key was already used for a different request. Use a new key."
    zh = "该 Idempotency-Key 已用于另一个请求，请使用新的键。"


class StillRunning(Refusal):
    """The first request with this key has not finished."""

    kind = Kind.CONFLICT
    slug = "still-running"
    en = "The first request with this Idempotency-Key is still running. Ask again in a second."
    zh = "使用该 Idempotency-Key 的首个请求仍在处理中，请一秒后再试。"


@dataclass(frozen=True)
class Once:
    """How long answers of a route are kept."""

    keep: timedelta


def idempotent(*, keep: timedelta = timedelta(hours=24)) -> Callable[[Endpoint], Endpoint]:
    """Declare that the endpoint below takes effect once per key and caller."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.__once__ = Once(keep)  # type: ignore[attr-defined]
        return endpoint

    return declare


async def run_once(request: Request, handler: Handler, once: Once, *, route: str) -> Response:
    """Run the handler, or replay what it answered the first time.

    Raises KeyMissing, KeyReused (same key, other request) and StillRunning (first one not finished).
    """
    key = request.headers.get("idempotency-key", "").strip()
    key = key[1:-1] if key.startswith('"') and key.endswith('"') else key  # the IETF draft quotes it, Stripe does not
    if not _KEY.match(key):
        raise KeyMissing
    caller, database = request.state.caller, request.app.state.kit.database
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    claim = Claim(caller.brand_id, caller.subject, route, key, asked, datetime.now(UTC) + once.keep)
    try:
        async with database.transaction(caller.brand_id) as tx:
            if (before := await claim.make(tx)) is not None:
                return before
            metrics.ONCE.labels("first").inc()
            request.state.transaction = tx
            response = await handler(request)
            await claim.keep(tx, response)
        return response
    except Refusal as refusal:
        if refusal.kind not in DETERMINISTIC:
            raise
        response = problems.of_request(request, refusal)
    # All that it did is undone, its claim too. A rival with the same key may have come between.
    async with database.transaction(caller.brand_id) as tx:
        if (before := await claim.make(tx)) is not None:
            return before
        await claim.keep(tx, response)
    return response


async def forget_expired(database: Database, stop: asyncio.Event) -> None:
    """Delete expired keys, a few at a time, until told to stop: what was answered is not kept longer than promised."""
    while not stop.is_set():
        async with database.transaction(EVERY_BRAND) as tx:
            gone = await tx.execute(text(_FORGET), {"few": FEW})
        if getattr(gone, "rowcount", 0) < FEW:
            await pause(stop, REST)


@dataclass(frozen=True)
class Claim:
    """What one request wants to do once."""

    brand_id: str
    subject: str
    route: str
    key: str
    asked: bytes
    expires_at: datetime

    async def make(self, tx: AsyncSession) -> Response | None:
        """Take the key, or answer what the first request with it was answered; raises KeyReused and StillRunning."""
        row = self._row(tx)
        try:
            stored = await _claim(tx, row | {"expires_at": self.expires_at})
        except DBAPIError as refused:
            if getattr(refused.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                metrics.ONCE.labels("running").inc()
                raise StillRunning(retry_after=1) from None
            raise
        if stored is None:
            return None
        if stored.fingerprint != row["fingerprint"]:
            metrics.ONCE.labels("reused").inc()
            raise KeyReused
        metrics.ONCE.labels("replayed").inc()
        clear = keyring(tx).open("idempotency_key", "body", _row_id(row), stored.body)
        headers = {REPLAYED: "true"} | ({"ETag": stored.etag} if stored.etag else {})
        return Response(clear, stored.status, headers, media_type=stored.media_type)

    async def keep(self, tx: AsyncSession, response: Response) -> None:
        """Store what it was answered."""
        row = self._row(tx)
        sealed = keyring(tx).seal("idempotency_key", "body", _row_id(row), bytes(response.body).decode())
        said = {
            "status": response.status_code,
            "media_type": response.headers.get("content-type"),
            "etag": response.headers.get("etag"),
            "body": sealed,
        }
        await tx.execute(_KEEP, row | said)

    def _row(self, tx: AsyncSession) -> dict[str, Any]:
        # Keyed digests: some callers make their key of a phone, and from a plain digest of the request whoever has a
        # copy of the database could find out a password or a phone by trying.
        ring = keyring(tx)
        return {
            "brand": self.brand_id,
            "subject": self.subject,
            "route": self.route,
            "key": ring.blind("idempotency_key.key", self.key).hex(),
            "fingerprint": ring.blind("idempotency_key", hashlib.sha256(self.asked).hexdigest()),
        }


def _row_id(row: dict[str, Any]) -> str:
    return f"{row['brand']}:{row['subject']}:{row['route']}:{row['key']}"


async def _claim(tx: AsyncSession, row: dict[str, Any]) -> Any:
    """Insert the key, or answer the row that already stands."""
    while (await tx.execute(_INSERT, row)).first() is None:
        stored = (await tx.execute(_STORED, row)).one_or_none()
        if stored is not None and not stored.is_over:
            return stored
        # Nobody has forgotten it yet, or somebody just has.
        await tx.execute(_DELETE, row)
        await tx.execute(_USUAL)
    return None
