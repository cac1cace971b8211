"""The access token shared through the database, sealed; and a store for one process alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import SealBrokenError
from infra.database import EVERY_BRAND, Database
from infra.wechat.access_token import StoredToken

TABLE, COLUMN = "wechat_token", "token"

# Waiting for another process that is asking WeChat takes longer than an ordinary statement may.
_PATIENCE = text("select set_config('lock_timeout', '9s', true), set_config('statement_timeout', '9s', true)")
_READ = text("select token, expires_at from wechat_token where appid = :appid")
_CLAIM = text("insert into wechat_token (appid) values (:appid) on conflict do nothing")
_LOCK = text("select token, expires_at from wechat_token where appid = :appid for update")
_PUT = text("update wechat_token set token = :token, expires_at = :expires_at where appid = :appid")


class Sealer(Protocol):
    """What the store needs of `infra.crypto.Keyring`."""

    def seal(self, table: str, column: str, row_id: object, text: str, /) -> bytes:
        """Encrypt for exactly this place."""

    def open(self, table: str, column: str, row_id: object, blob: bytes, /) -> str:
        """Decrypt what was sealed for the same place; raises SealBrokenError."""


class PostgresTokenStore:
    """One row per account in `wechat_token`; the row lock makes processes take turns."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def read(self, appid: str) -> StoredToken | None:
        """The stored token, or None."""
        async with self._database.transaction(EVERY_BRAND) as tx:
            return self._opened(appid, (await tx.execute(_READ, {"appid": appid})).one_or_none())

    @asynccontextmanager
    async def turn(self, appid: str) -> AsyncIterator["PostgresTurn"]:
        """Hold the account's row; committed at the end, rolled back on an exception."""
        async with self._database.transaction(EVERY_BRAND) as tx:
            await tx.execute(_PATIENCE)
            await tx.execute(_CLAIM, {"appid": appid})
            row = (await tx.execute(_LOCK, {"appid": appid})).one_or_none()
            yield PostgresTurn(tx, self._sealer, appid, self._opened(appid, row))

    def _opened(self, appid: str, row: Row[tuple[bytes | None, datetime | None]] | None) -> StoredToken | None:
        if row is None or row.token is None:
            return None
        try:
            return StoredToken(self._sealer.open(TABLE, COLUMN, appid, row.token), row.expires_at)
        except SealBrokenError:
            return None  # sealed with a key that is gone: WeChat gives another one


class PostgresTurn:
    """A held row of `wechat_token`."""

    def __init__(self, tx: AsyncSession, sealer: Sealer, appid: str, token: StoredToken | None) -> None:
        self._tx = tx
        self._sealer = sealer
        self._appid = appid
        self.token = token

    async def put(self, token: StoredToken) -> None:
        """Write the new token into the held row."""
        sealed = self._sealer.seal(TABLE, COLUMN, self._appid, token.value)
        await self._tx.execute(_PUT, {"appid": self._appid, "token": sealed, "expires_at": token.expires_at})
        self.token = token


class MemoryTokenStore:
    """For a process that shares its token with nobody: tools and tests."""

    def __init__(self) -> None:
        self._tokens: dict[str, StoredToken] = {}
        self._lock = asyncio.Lock()

    async def read(self, appid: str) -> StoredToken | None:
        """The stored token, or None."""
        return self._tokens.get(appid)

    @asynccontextmanager
    async def turn(self, appid: str) -> AsyncIterator["MemoryTurn"]:
        """One at a time, for all accounts together."""
        async with self._lock:
            turn = MemoryTurn(self._tokens.get(appid))
            yield turn
            if turn.token is not None:
                self._tokens[appid] = turn.token


class MemoryTurn:
    """A turn at the token in memory."""

    def __init__(self, token: StoredToken | None) -> None:
        self.token = token

    async def put(self, token: StoredToken) -> None:
        """Keep the new token."""
        self.token = token
