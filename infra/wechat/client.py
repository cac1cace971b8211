"""The calls the suite makes: who signed in, which phone she allowed, and a subscribe message to her."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from infra.wechat.access_token import QUOTA_USED_UP, AccessTokens
from infra.wechat.call import Account, Answer, Pause, ask
from infra.wechat.errors import (
    CalledTooOften,
    LoginBlocked,
    LoginCodeRefused,
    NoSendsLeft,
    ParameterUnfit,
    PhoneCodeRefused,
    RecipientUnknown,
)
from infra.wechat.open_data import session_signature
from infra.wechat.subscribe import SubscribeMessage, named_parameter

# The token is not the latest one, not a token, or past its time: another one helps, once.
TOKEN_REFUSED = frozenset({40001, 40014, 42001})

CODE_REFUSED = frozenset({40029, 40163})
HIGH_RISK = 40226
SESSION_OUTDATED = 87009
UNKNOWN_OPENID = 40003
NO_SENDS_LEFT = 43101
PARAMETER_UNFIT = 47003


@dataclass(frozen=True)
class Session:
    """Who signed in. `session_key` never leaves the server; `unionid` is there once the mini-program is bound."""

    openid: str = field(repr=False)
    session_key: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Phone:
    """A number WeChat vouches for: `e164` as in +8613800138000."""

    e164: str = field(repr=False)
    country_code: str


class WeChat:
    """One mini-program, called over `http` (see `call.open_http`)."""

    def __init__(
        self, http: httpx.AsyncClient, account: Account, tokens: AccessTokens, *, pause: Pause = asyncio.sleep
    ) -> None:
        self._http = http
        self._account = account
        self._tokens = tokens
        self._pause = pause

    async def code_to_session(self, code: str) -> Session:
        """Exchange the one-use code of `wx.login` (five minutes).

        Raises LoginCodeRefused, LoginBlocked, CalledTooOften, WeChatUnavailable, or the fault WeChatRejected.
        """
        answer = await ask(
            self._http,
            "GET",
            "/sns/jscode2session",
            params={
                "appid": self._account.appid,
                "secret": self._account.secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
            pause=self._pause,
        )
        if answer.errcode in CODE_REFUSED:
            raise LoginCodeRefused
        if answer.errcode == HIGH_RISK:
            raise LoginBlocked
        _accepted(answer)
        unionid = answer.fields.get("unionid")
        return Session(
            answer.text("openid"), answer.text("session_key"), unionid if isinstance(unionid, str) and unionid else None
        )

    async def session_is_valid(self, openid: str, session_key: str) -> bool:
        """Whether this is still her current session_key."""
        answer = await self._ask_with_token(
            "GET",
            "/wxa/checksession",
            params={"openid": openid, "signature": session_signature(session_key), "sig_method": "hmac_sha256"},
        )
        if answer.errcode == SESSION_OUTDATED:
            return False
        if answer.errcode == UNKNOWN_OPENID:
            raise RecipientUnknown
        _accepted(answer)
        return True

    async def phone_number(self, code: str, *, openid: str | None = None) -> Phone:
        """Exchange the one-use code of the phone button; with `openid` WeChat checks that the code is hers.

        Each success costs money. Raises PhoneCodeRefused, CalledTooOften, WeChatUnavailable, or WeChatRejected.
        """
        body = {"code": code} if openid is None else {"code": code, "openid": openid}
        answer = await self._ask_with_token("POST", "/wxa/business/getuserphonenumber", body=body)
        if answer.errcode in CODE_REFUSED or answer.errcode == UNKNOWN_OPENID:
            raise PhoneCodeRefused
        _accepted(answer)
        return self._phone(answer)

    async def send_subscribe_message(self, message: SubscribeMessage) -> str:
        """Send one subscribe message; answers its msgid. Delivery itself is reported by a later push.

        Raises NoSendsLeft, RecipientUnknown, ParameterUnfit, CalledTooOften, WeChatUnavailable, or WeChatRejected
        (an unknown template 40037, a page that is not released 41030).
        """
        answer = await self._ask_with_token("POST", "/cgi-bin/message/subscribe/send", body=message.body())
        if answer.errcode == NO_SENDS_LEFT:
            raise NoSendsLeft
        if answer.errcode == UNKNOWN_OPENID:
            raise RecipientUnknown
        if answer.errcode == PARAMETER_UNFIT:
            raise ParameterUnfit(named_parameter(answer.errmsg))
        _accepted(answer)
        # A 64-bit number: text, so that no JavaScript on its way rounds it.
        return str(answer.fields.get("msgid", ""))

    async def _ask_with_token(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        async def with_token(token: str) -> Answer:
            return await ask(
                self._http,
                method,
                path,
                params={"access_token": token, **(params or {})},
                body=body,
                pause=self._pause,
            )

        token = await self._tokens.current()
        answer = await with_token(token)
        if answer.errcode in TOKEN_REFUSED:
            # Refused before anything was done, so a replay repeats nothing; a second refusal is a fault.
            answer = await with_token(await self._tokens.current(refused=token))
        return answer

    def _phone(self, answer: Answer) -> Phone:
        info = answer.fields.get("phone_info")
        fields: Mapping[str, object] = info if isinstance(info, dict) else {}
        watermark = fields.get("watermark")
        if not isinstance(watermark, dict) or watermark.get("appid") != self._account.appid:
            raise PhoneCodeRefused
        # The documentation has countryCode as text and as a number.
        country = str(fields.get("countryCode", "")).lstrip("+")
        number = str(fields.get("purePhoneNumber", ""))
        if not (country.isdecimal() and number.isdecimal()):
            raise answer.rejected()
        return Phone(f"+{country}{number}", country)


def _accepted(answer: Answer) -> None:
    if answer.errcode in QUOTA_USED_UP:
        raise CalledTooOften(retry_after=60)
    if answer.errcode:
        raise answer.rejected()
