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
from infra.eventlog import outbox
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
    caller, kit = request.state.caller, request.app.state.kit
    body = await request.body()
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    async with kit.database.transaction(caller.brand_id) as tx:
        ring = keyring(tx)
        row = {
            "brand": caller.brand_id,
            "subject": caller.subject,
            "route": route,
            # Keyed digests: some callers make their key of a phone, and from a plain digest of the request whoever has
            # a copy of the database could find out a password or a phone by trying.
            "key": ring.blind("idempotency_key.key", key).hex(),
            "fingerprint": ring.blind("idempotency_key", hashlib.sha256(asked).hexdigest()),
        }
        stored = await _claim(tx, row, expires_at=datetime.now(UTC) + once.keep)
        if stored is not None:
            if stored.fingerprint != row["fingerprint"]:
                metrics.ONCE.labels("reused").inc()
                raise KeyReused
            metrics.ONCE.labels("replayed").inc()
            clear = ring.open("idempotency_key", "body", _row_id(row), stored.body)
            headers = {REPLAYED: "true"} | ({"ETag": stored.etag} if stored.etag else {})
            return Response(clear, stored.status, headers, media_type=stored.media_type)
        metrics.ONCE.labels("first").inc()
        response = await _effect(tx, request, handler)
        sealed = ring.seal("idempotency_key", "body", _row_id(row), bytes(response.body).decode())
        await tx.execute(
            text(
                "update idempotency_key set status = :status, media_type = :media_type, etag = :etag, body = :body"
                " where brand_id = :brand and subject = :subject and route = :route and key = :key"
            ),
            {
                **row,
                "status": response.status_code,
                "media_type": response.headers.get("content-type"),
                "etag": response.headers.get("etag"),
                "body": sealed,
            },
        )
    return response


async def forget_expired(database: Database, stop: asyncio.Event) -> None:
    """Delete expired keys, a few at a time, until told to stop: what was answered is not kept longer than promised."""
    while not stop.is_set():
        async with database.transaction(EVERY_BRAND) as tx:
            gone = await tx.execute(text(_FORGET), {"few": FEW})
        if getattr(gone, "rowcount", 0) < FEW:
            await pause(stop, REST)


def _row_id(row: dict[str, Any]) -> str:
    return f"{row['brand']}:{row['subject']}:{row['route']}:{row['key']}"


async def _claim(tx: AsyncSession, row: dict[str, Any], *, expires_at: datetime) -> Any:
    """Insert the key, or answer the row that already stands. A rival still inside its transaction: StillRunning."""
    try:
        # While the first request runs, this insert waits for its row; 50 ms is enough to know that it still runs.
        await tx.execute(text("set local lock_timeout = '50ms'"))
        await tx.execute(
            text(
                "delete from idempotency_key where brand_id = :brand and subject = :subject and route = :route"
                " and key = :key and expires_at < now()"
            ),
            row,
        )
        inserted = await tx.execute(
            text(
                "insert into idempotency_key (brand_id, subject, route, key, fingerprint, expires_at)"
                " values (:brand, :subject, :route, :key, :fingerprint, :expires_at) on conflict do nothing returning 1"
            ),
            {**row, "expires_at": expires_at},
        )
        claimed = inserted.first() is not None
        await tx.execute(text("reset lock_timeout"))
    except DBAPIError as refused:
        if getattr(refused.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            metrics.ONCE.labels("running").inc()
            raise StillRunning(retry_after=1) from None
        raise
    if claimed:
        return None
    found = await tx.execute(
        text(
            "select fingerprint, status, media_type, etag, body from idempotency_key"
            " where brand_id = :brand and subject = :subject and route = :route and key = :key"
        ),
        row,
    )
    return found.one()


async def _effect(tx: AsyncSession, request: Request, handler: Handler) -> Response:
    """The handler inside a savepoint: a deterministic no undoes its effect but leaves the key to be stored."""
    savepoint = await tx.begin_nested()
    request.state.transaction = tx
    try:
        response = await handler(request)
    except Refusal as refusal:
        if refusal.kind not in DETERMINISTIC:
            raise
        await savepoint.rollback()
        outbox.recorded(tx).clear()
        return problems.of_request(request, refusal)
    await savepoint.commit()
    return response
