"""The calls: one SMS to one number, and what became of those sent."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import structlog

from infra.refusal import Kind, Refusal
from infra.sms import codes
from infra.sms.signing import CONTENT_TYPE, Secret, authorization
from infra.trust import trusted

VERSION = "2021-01-11"
REPORTS_AT_ONCE = 100


class SmsUnavailable(Refusal):
    """Tencent does not answer. `never_left` says that the request certainly did not reach it."""

    kind = Kind.UNAVAILABLE
    slug = "sms-unavailable"
    en = "The SMS service does not answer at the moment. Please try again shortly."
    zh = "短信服务暂时无响应，请稍后再试。"

    def __init__(self, *, never_left: bool) -> None:
        super().__init__()
        self.never_left = never_left


class SmsRejectedError(Exception):
    """Tencent said no with this code. Its own text is not kept: it may quote the number."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Sms:
    """One SMS: an approved template and its values, in order. `phone` is E.164."""

    phone: str = field(repr=False)
    template_id: str
    values: Sequence[str] = field(repr=False)
    context: str = ""  # comes back with the report; below 512 bytes


@dataclass(frozen=True)
class Report:
    """What became of one SMS: `serial` is what sending it answered, `code` what the carrier said of a failure."""

    serial: str
    delivered: bool
    code: str


class SmsAccount:
    """One application of an account, called over `http`."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        secret: Secret,
        *,
        app_id: str,
        sign: str,
        region: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._http = http
        self._secret = secret
        self._app_id = app_id
        self._sign = sign
        self._region = region
        self._clock = clock

    async def send(self, sms: Sms) -> str:
        """Send one SMS; answers its serial number. Raises SmsRejectedError, or SmsUnavailable."""
        body = {
            "PhoneNumberSet": [sms.phone],
            "SmsSdkAppId": self._app_id,
            "SignName": self._sign,
            "TemplateId": sms.template_id,
            "TemplateParamSet": list(sms.values),
            "SessionContext": sms.context,
        }
        sent = (await self._call("SendSms", body)).get("SendStatusSet")
        if not isinstance(sent, list) or len(sent) != 1 or not isinstance(sent[0], dict):
            raise SmsUnavailable(never_left=False)
        # Each number has a code of its own, whatever the whole request was answered.
        code = str(sent[0].get("Code", ""))
        if code != codes.OK:
            raise self._rejected("SendSms", code)
        return str(sent[0].get("SerialNo", ""))

    async def reports(self) -> list[Report]:
        """What became of the SMS sent, oldest first; each is told once. Tencent opens this call on demand."""
        body = {"Limit": REPORTS_AT_ONCE, "SmsSdkAppId": self._app_id}
        told = (await self._call("PullSmsSendStatus", body)).get("PullSmsSendStatusSet")
        return [
            Report(str(one.get("SerialNo", "")), one.get("ReportStatus") == "SUCCESS", str(one.get("Description", "")))
            for one in (told if isinstance(told, list) else [])
            if isinstance(one, dict)
        ]

    async def _call(self, action: str, body: Mapping[str, object]) -> Mapping[str, object]:
        content = json.dumps(body, ensure_ascii=False).encode()
        timestamp = int(self._clock().timestamp())
        host = urlsplit(str(self._http.base_url)).netloc
        headers = {
            "Authorization": authorization(self._secret, content, host=host, service="sms", timestamp=timestamp),
            "Content-Type": CONTENT_TYPE,
            "Host": host,
            "X-TC-Action": action,
            "X-TC-Version": VERSION,
            "X-TC-Region": self._region,
            "X-TC-Timestamp": str(timestamp),
        }
        try:
            response = await self._http.post("/", content=content, headers=headers)
            answer = response.json()["Response"]
            error = answer.get("Error")
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as failure:
            # The failure knows the request, and the request knows the number: only its class leaves this place.
            structlog.get_logger().warning("sms_unavailable", fault=type(failure).__name__, where=action)
            never = isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout)
            raise SmsUnavailable(never_left=never) from None
        if error is not None:
            raise self._rejected(action, str(error.get("Code", "")) if isinstance(error, dict) else "")
        if not isinstance(answer, dict):
            raise SmsUnavailable(never_left=False)
        return answer

    def _rejected(self, action: str, code: str) -> SmsRejectedError:
        if codes.meaning(code).then is codes.Then.MEND:
            structlog.get_logger().error("sms_rejected", errcode=code, where=action)
        return SmsRejectedError(code)


def open_http(api_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client all calls go through; the caller closes it."""
    timeout = httpx.Timeout(5.0, connect=2.0)
    return httpx.AsyncClient(base_url=api_url, timeout=timeout, transport=transport, verify=trusted(), trust_env=False)
