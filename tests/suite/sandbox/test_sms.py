"""The real SMS adapter against the sandbox's Tencent: signature, templates, limits, hours, reports."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from infra.sms.client import Report, Sms, SmsAccount, SmsRejectedError, SmsUnavailable, open_http
from infra.sms.signing import Secret
from tests.suite.sandbox.house import SMS, House, open_house

CONFIRMED, NEWS = "1000001", "1000002"
PHONE = "+8613800138000"


def account(house: House, **changed: str) -> SmsAccount:
    given = SMS | changed
    http = open_http("http://sms", transport=httpx.ASGITransport(house.app))
    return SmsAccount(
        http,
        Secret(given["sms_secret_id"], given["sms_secret_key"]),
        app_id=given["sms_app_id"],
        sign=given["sms_sign"],
        region="ap-guangzhou",
        clock=lambda: datetime.fromtimestamp(house.sandbox.world.now(), UTC),
    )


def confirmed(*values: str, template_id: str = CONFIRMED, phone: str = PHONE) -> Sms:
    return Sms(phone, template_id, values or ("上海恒隆店", "3月5日14:00"))


async def refused(house: House, sms: Sms, **changed: str) -> str:
    with pytest.raises(SmsRejectedError) as no:
        await account(house, **changed).send(sms)
    return no.value.code


def at(house: House, hour: int) -> None:
    """Let it be that hour in China, tomorrow."""
    china = datetime.now(UTC) + timedelta(hours=8)
    then = china.replace(hour=hour, minute=0, second=0) + timedelta(days=1)
    house.sandbox.world.offset_seconds = (then - china).total_seconds()


async def test_an_sms_arrives_as_its_template_says_and_its_report_is_told_once() -> None:
    house = open_house()
    serial = await account(house).send(confirmed())
    [text] = (await house.get("/sms"))["items"]
    assert text["text"] == "【Maison】您的预约已确认：上海恒隆店，3月5日14:00。"
    assert await account(house).reports() == [Report(serial, delivered=True, code="DELIVRD")]
    assert await account(house).reports() == []


async def test_what_is_not_as_approved_is_refused_with_its_code() -> None:
    house = open_house()
    assert await refused(house, confirmed(), sms_secret_key="other") == "AuthFailure.SignatureFailure"
    assert await refused(house, confirmed(), sms_secret_id="other") == "AuthFailure.SecretIdNotFound"
    assert await refused(house, confirmed(), sms_app_id="1") == "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
    assert await refused(house, confirmed(), sms_sign="x") == "FailedOperation.SignatureIncorrectOrUnapproved"
    assert await refused(house, confirmed(template_id="1")) == "FailedOperation.TemplateIncorrectOrUnapproved"
    few = "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
    assert await refused(house, confirmed("only one")) == few
    url = "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
    assert await refused(house, confirmed("a", "https://maison.test")) == url
    assert (await house.get("/sms"))["items"] == []


async def test_a_number_gets_one_in_half_a_minute_five_an_hour_ten_a_day() -> None:
    house, codes = open_house(), []
    for turn in range(12):
        try:
            await account(house).send(confirmed())
        except SmsRejectedError as no:
            codes.append(no.code.partition(".")[2])
        house.sandbox.world.offset_seconds += 31 if turn != 5 else 3600
    assert codes == ["PhoneNumberOneHourLimit", "PhoneNumberOneHourLimit"]
    await account(house).send(confirmed(phone="+8613800138001"))
    again = await refused(house, confirmed(phone="+8613800138001"))
    assert again == "LimitExceeded.PhoneNumberThirtySecondLimit"


async def test_marketing_sleeps_at_night_and_who_answers_r_gets_no_more() -> None:
    house = open_house()
    news = confirmed("上海恒隆店", template_id=NEWS)
    at(house, 7)
    assert await refused(house, news) == "FailedOperation.MarketingSendTimeConstraint"
    at(house, 9)
    await account(house).send(news)
    assert (await house.get("/sms"))["items"][0]["text"].endswith("拒收请回复R")
    await house.post("/sms/replies", {"phone": PHONE})
    house.sandbox.world.offset_seconds += 60
    assert await refused(house, confirmed()) == "FailedOperation.PhoneNumberInBlacklist"


async def test_a_tencent_that_is_away_says_whether_the_sms_can_have_left() -> None:
    async def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("cut", request=request)

    async def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silent", request=request)

    for handler, never_left in ((cut, True), (silent, False), (lambda _: httpx.Response(502, text="?"), False)):
        http = open_http("http://sms", transport=httpx.MockTransport(handler))
        away = SmsAccount(http, Secret("a", "b"), app_id="1", sign="x", region="r")
        with pytest.raises(SmsUnavailable) as no:
            await away.send(confirmed())
        assert no.value.never_left is never_left
