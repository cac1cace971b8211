"""One WeCom application: every call with its token, replaced once when WeCom refuses it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from infra.wechat.access_token import TokenStore
from infra.wechat.call import Answer, Pause, ask
from infra.wechat.errors import CalledTooOften
from infra.wecom.access_token import Agent, AgentToken
from infra.wecom.codes import CALLED_TOO_OFTEN, TOKEN_REFUSED


@dataclass(frozen=True)
class Channel:
    """The way to WeCom of one application, over `http` (see infra.wechat.call.open_http).

    Calls raise WeChatUnavailable, CalledTooOften, or the fault WeChatRejected: WeCom is one of WeChat's houses, and
    what a caller can do about its silence is the same.
    """

    http: httpx.AsyncClient
    agent: Agent
    tokens: AgentToken
    pause: Pause = field(default=asyncio.sleep, repr=False)

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> Answer:
        """Ask; an errcode in `expected` is the caller's to read, every other one raises."""

        async def with_token(token: str) -> Answer:
            whole = {"access_token": token, **(params or {})}
            return await ask(self.http, method, path, params=whole, body=body, pause=self.pause)

        token = await self.tokens.current()
        answer = await with_token(token)
        if answer.errcode in TOKEN_REFUSED:
            # Refused before anything was done, so a replay repeats nothing; a second refusal is a fault.
            answer = await with_token(await self.tokens.current(refused=token))
        if answer.errcode in CALLED_TOO_OFTEN:
            raise CalledTooOften(retry_after=60)
        if answer.errcode and answer.errcode not in expected:
            raise answer.rejected()
        return answer


def open_channel(http: httpx.AsyncClient, agent: Agent, store: TokenStore, *, pause: Pause = asyncio.sleep) -> Channel:
    """The channel of an application whose token is kept in `store`."""
    return Channel(http, agent, AgentToken(http, agent, store, pause=pause), pause)
