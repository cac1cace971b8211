"""The access token of one WeCom application: one for all processes, as WeChat's are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from infra.wechat.access_token import TURN, SharedToken, StoredToken, TokenStore, utc_now
from infra.wechat.call import Pause, ask
from infra.wechat.errors import CalledTooOften, WeChatUnavailable
from infra.wecom.codes import CALLED_TOO_OFTEN


@dataclass(frozen=True)
class Agent:
    """One application of one corp. Its token is its own: WeCom gives each application another."""

    corpid: str
    agent_id: int
    secret: str = field(repr=False)


class AgentToken(SharedToken):
    """The token of an application. Asked again within two hours WeCom repeats it, so no overlap is kept."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        agent: Agent,
        store: TokenStore,
        *,
        clock: Callable[[], datetime] = utc_now,
        pause: Pause = asyncio.sleep,
        patience: float = TURN,
    ) -> None:
        super().__init__(f"{agent.corpid}/{agent.agent_id}", self._asked, store, clock=clock, patience=patience)
        self._http = http
        self._agent = agent
        self._pause = pause

    async def _asked(self) -> StoredToken:
        asked_at = self._clock()
        who = {"corpid": self._agent.corpid, "corpsecret": self._agent.secret}
        answer = await ask(self._http, "GET", "/cgi-bin/gettoken", params=who, pause=self._pause)
        if answer.errcode in CALLED_TOO_OFTEN:
            raise CalledTooOften(retry_after=60)
        if answer.errcode:
            raise answer.rejected()
        seconds = answer.fields.get("expires_in")
        if not isinstance(seconds, int):
            raise WeChatUnavailable
        return StoredToken(answer.text("access_token"), asked_at + timedelta(seconds=seconds))
