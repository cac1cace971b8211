"""Tencent Cloud's SMS: its signature checked, templates and limits applied, reports to be fetched.

Written apart from infra.sms on purpose: a double that shared its code could not find its mistakes.
"""

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here, Sandbox
from suite.sandbox.sms_world import Report, Text
from suite.sandbox.templates import SmsTemplate
from suite.sandbox.world import DAY

SKEW = 600  # seconds
HALF_MINUTE, HOUR = 30, 3600
MOST_NUMBERS, CONTEXT = 200, 512
_MAINLAND = timezone(timedelta(hours=8))
_LIMITS = (
    (HALF_MINUTE, 1, "LimitExceeded.PhoneNumberThirtySecondLimit"),
    (HOUR, 5, "LimitExceeded.PhoneNumberOneHourLimit"),
    (DAY, 10, "LimitExceeded.PhoneNumberDailyLimit"),
)
_PLACE = re.compile(r"\{(\d+)\}")
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/sms/tc3_request, "
    r"SignedHeaders=content-type;host, Signature=([0-9a-f]{64})"
)
_PHONE = re.compile(r"\+[1-9]\d{6,14}")


class SmsNo(Exception):
    """The whole request is refused with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


router = APIRouter()


@router.post("/")
async def call(here: Here, request: Request) -> dict[str, Any]:
    """SendSms and PullSmsSendStatus."""
    body = await request.body()
    try:
        fields = _checked(here, request, body)
        action = _ACTIONS.get(request.headers.get("x-tc-action", ""))
        answer = action(here, fields) if action else {"Error": {"Code": "InvalidAction", "Message": "refused"}}
    except SmsNo as no:
        answer = {"Error": {"Code": no.code, "Message": f"refused: {no.code}"}}
    return {"Response": {**answer, "RequestId": "sandbox"}}


def _checked(here: Sandbox, request: Request, body: bytes) -> dict[str, Any]:
    """The fields of a request that was signed with our secret, not long ago."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    stamp = request.headers.get("x-tc-timestamp", "")
    if found is None or not stamp.isdecimal() or found[1] != here.settings.sms_secret_id:
        raise SmsNo("AuthFailure.SecretIdNotFound")
    day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    if found[2] != day or found[3] != _signature(here.settings.sms_secret_key, request, body, day, stamp):
        raise SmsNo("AuthFailure.SignatureFailure")
    if abs(here.world.now() - int(stamp)) > SKEW:
        raise SmsNo("InternalError.RequestTimeException")
    if (error := here.world.sms.next_error) is not None:
        here.world.sms.next_error = None
        raise SmsNo(error)
    try:
        fields = json.loads(body)
    except ValueError:
        raise SmsNo("InvalidParameter") from None
    if not isinstance(fields, dict) or fields.get("SmsSdkAppId") != here.settings.sms_app_id:
        raise SmsNo("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
    return fields


def _signature(key: str, request: Request, body: bytes, day: str, stamp: str) -> str:
    headers = f"content-type:{request.headers.get('content-type', '')}\nhost:{request.headers.get('host', '')}\n"
    canonical = f"POST\n/\n\n{headers}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signing = hmac.new(f"TC3{key}".encode(), day.encode(), hashlib.sha256).digest()
    signing = hmac.new(signing, b"sms", hashlib.sha256).digest()
    signing = hmac.new(signing, b"tc3_request", hashlib.sha256).digest()
    to_sign = f"TC3-HMAC-SHA256\n{stamp}\n{day}/sms/tc3_request\n{digest}"
    return hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()


def _send(here: Sandbox, fields: dict[str, Any]) -> dict[str, Any]:
    phones = fields.get("PhoneNumberSet")
    if not isinstance(phones, list) or not 0 < len(phones) <= MOST_NUMBERS:
        raise SmsNo("LimitExceeded.PhoneNumberCountLimit")
    if len(str(fields.get("SessionContext", "")).encode()) >= CONTEXT:
        raise SmsNo("InvalidParameterValue.SessionContextTooLong")
    return {"SendStatusSet": [_one(here, str(phone), fields) for phone in phones]}


def _one(here: Sandbox, phone: str, fields: dict[str, Any]) -> dict[str, Any]:
    world, sms = here.world, here.world.sms
    text, code = _judged(here, phone, fields)
    serial = ""
    if code == "Ok":
        serial, sms.next_serial, sms.balance = f"sms-{sms.next_serial}", sms.next_serial + 1, sms.balance - 1
        context = str(fields.get("SessionContext", ""))
        delivered = phone not in sms.unreachable
        if delivered:
            sms.keep(Text(serial=serial, phone=phone, text=text, context=context, sent_at=world.now()))
        said = "DELIVRD" if delivered else "MK:0001"
        due_at = world.now() + here.settings.sandbox_sent_delay_seconds
        sms.reports.append(Report(serial=serial, phone=phone, delivered=delivered, description=said, due_at=due_at))
    return {
        "SerialNo": serial,
        "PhoneNumber": phone,
        "Fee": 1 if serial else 0,
        "SessionContext": fields.get("SessionContext", ""),
        "Code": code,
        "Message": "send success" if serial else "refused",
        "IsoCode": "CN" if phone.startswith("+86") else "",
    }


def _judged(here: Sandbox, phone: str, fields: dict[str, Any]) -> tuple[str, str]:
    """The text as it arrives and "Ok", or why it does not go."""
    templates = {one.template_id: one for one in here.settings.sandbox_sms_templates}
    template = templates.get(str(fields.get("TemplateId")))
    if template is None:
        return "", "FailedOperation.TemplateIncorrectOrUnapproved"
    code = _malformed(here, phone, fields, template) or _closed(here, phone, template)
    if code is not None:
        return "", code
    values = fields.get("TemplateParamSet", [])
    body = _PLACE.sub(lambda place: str(values[int(place[1]) - 1]), template.text)
    return f"【{fields.get('SignName', '')}】{body}{'拒收请回复R' if template.marketing else ''}", "Ok"


def _malformed(here: Sandbox, phone: str, fields: dict[str, Any], template: SmsTemplate) -> str | None:
    values = fields.get("TemplateParamSet", [])
    if _PHONE.fullmatch(phone) is None:
        return "InvalidParameterValue.IncorrectPhoneNumber"
    if phone.startswith("+86") and fields.get("SignName") != here.settings.sms_sign:
        return "FailedOperation.SignatureIncorrectOrUnapproved"
    if not isinstance(values, list) or len(values) != len(set(_PLACE.findall(template.text))):
        return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
    if any("http" in str(value) for value in values):
        return "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
    return None


def _closed(here: Sandbox, phone: str, template: SmsTemplate) -> str | None:
    world, sms = here.world, here.world.sms
    hour = datetime.fromtimestamp(world.now(), _MAINLAND).hour
    if phone in sms.opted_out:
        return "FailedOperation.PhoneNumberInBlacklist"
    opens, closes = here.settings.sandbox_marketing_from, here.settings.sandbox_marketing_until
    if template.marketing and not opens <= hour < closes:
        return "FailedOperation.MarketingSendTimeConstraint"
    if sms.balance < 1:
        return "FailedOperation.InsufficientBalanceInSmsPackage"
    for window, limit, code in _LIMITS:
        recent = [one for one in sms.sent if one.phone == phone and one.sent_at > world.now() - window]
        if len(recent) >= limit:
            return code
    return None


def _pull(here: Sandbox, fields: dict[str, Any]) -> dict[str, Any]:
    """Each report once, as Tencent does."""
    sms, limit = here.world.sms, min(int(fields.get("Limit", 100)), 100)
    due = [one for one in sms.reports if one.due_at <= here.world.now()][:limit]
    sms.reports = [one for one in sms.reports if one not in due]
    told = [
        {
            "SerialNo": one.serial,
            "PhoneNumber": one.phone,
            "ReportStatus": "SUCCESS" if one.delivered else "FAIL",
            "Description": one.description,
        }
        for one in due
    ]
    return {"PullSmsSendStatusSet": told}


_ACTIONS = {"SendSms": _send, "PullSmsSendStatus": _pull}
