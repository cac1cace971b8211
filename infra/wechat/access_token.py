"""The access token of an account: one for all processes, fetched by one of them at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx

from infra.wechat.call import Account, Pause, ask
from infra.wechat.errors import CalledTooOften, WeChatUnavailable

# WeChat hands out the next token five minutes before the end, and both work meanwhile.
OVERLAP = timedelta(minutes=5)
# Below the database's idle-in-transaction limit of ten seconds: the row is locked while we ask WeChat.
TURN = 8.0  # seconds

QUOTA_USED_UP = frozenset({45009, 45011})


@dataclass(frozen=True)
class StoredToken:
    """A token and the moment from which we no longer use it."""

    value: str = field(repr=False)
    expires_at: datetime


class Turn(Protocol):
    """The exclusive right, among all processes, to replace one account's token."""

    @property
    def token(self) -> StoredToken | None:
        """What is stored now, read under the lock."""

    async def put(self, token: StoredToken) -> None:
        """Store the new one; others see it when the turn ends."""


class TokenStore(Protocol):
    """Where the processes share the token."""

    async def read(self, appid: str) -> StoredToken | None:
        """The stored token, without waiting for anybody."""

    def turn(self, appid: str) -> AbstractAsyncContextManager[Turn]:
        """Wait for our turn; an exception inside leaves the store as it was."""


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


class SharedToken:
    """One token of one account, fetched by one process at a time and kept where all of them read it."""

    def __init__(
        self,
        key: str,
        fetch: Callable[[], Awaitable[StoredToken]],
        store: TokenStore,
        *,
        clock: Callable[[], datetime] = utc_now,
        patience: float = TURN,
    ) -> None:
        self._key = key
        self._fetch = fetch
        self._store = store
        self._clock = clock
        self._patience = patience
        # One waiter per process at the row lock: more would hold a database connection each.
        self._gate = asyncio.Lock()

    async def current(self, *, refused: str | None = None) -> str:
        """A token to use now; `refused` is one that WeChat has just refused and that must not come back from the store.

        Raises WeChatUnavailable, CalledTooOften, or WeChatRejected when the account's credentials are wrong.
        """
        stored = await self._store.read(self._key)
        if stored is not None and self._usable(stored, refused):
            return stored.value
        try:
            async with (
                asyncio.timeout(self._patience),
                self._gate,
                self._store.turn(self._key) as turn,
            ):
                stored = turn.token
                if stored is not None and self._usable(stored, refused):
                    return stored.value  # another process was faster
                fresh = await self._fetch()
                await turn.put(fresh)
                return fresh.value
        except TimeoutError:
            raise WeChatUnavailable from None

    def _usable(self, stored: StoredToken, refused: str | None) -> bool:
        return stored.value != refused and stored.expires_at > self._clock()


class AccessTokens(SharedToken):
    """The stable token of one account. Never asks for a forced refresh: that kills the token others are using."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        account: Account,
        store: TokenStore,
        *,
        clock: Callable[[], datetime] = utc_now,
        pause: Pause = asyncio.sleep,
        patience: float = TURN,
    ) -> None:
        super().__init__(account.appid, self._stable, store, clock=clock, patience=patience)
        self._http = http
        self._account = account
        self._pause = pause

    async def _stable(self) -> StoredToken:
        asked_at = self._clock()
        answer = await ask(
            self._http,
            "POST",
            "/cgi-bin/stable_token",
            body={"grant_type": "client_credential", "appid": self._account.appid, "secret": self._account.secret},
            pause=self._pause,
        )
        if answer.errcode in QUOTA_USED_UP:
            raise CalledTooOften(retry_after=60)
        if answer.errcode:
            raise answer.rejected()
        seconds = answer.fields.get("expires_in")
        if not isinstance(seconds, int):
            raise WeChatUnavailable
        return StoredToken(answer.text("access_token"), asked_at + timedelta(seconds=seconds) - OVERLAP)
