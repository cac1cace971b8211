"""Tencent's signature, by the recomputed example, and what each of its codes means."""

from datetime import timedelta

import pytest

from infra.sms.codes import Then, meaning
from infra.sms.signing import Secret, authorization, canonical, signature

BODY = (
    b'{"PhoneNumberSet":["+8613800138000"],"SmsSdkAppId":"1400006666","SignName":"Boutique",'
    b'"TemplateId":"1234567","TemplateParamSet":["15:00"]}'
)
HOST, AT = "sms.tencentcloudapi.com", 1_700_000_000
SECRET = Secret("AKIDEXAMPLE", "SECRETKEYEXAMPLE")
SIGNED = "97de301e89b9670560d8c355bd19a89fac9402d11a4b39efd824323e3816c6eb"


def test_the_signature_is_that_of_the_example() -> None:
    assert canonical(BODY, HOST) == "c20925e966eed6b36d928d3d1ca854cc4452433e0ba1120681989690d4dac704"
    assert signature(SECRET, BODY, host=HOST, service="sms", timestamp=AT) == SIGNED
    assert authorization(SECRET, BODY, host=HOST, service="sms", timestamp=AT) == (
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2023-11-14/sms/tc3_request, SignedHeaders=content-type;host,"
        f" Signature={SIGNED}"
    )


def test_the_day_is_that_of_utc() -> None:
    # 23:59:59 and midnight in UTC: it is one and the same day in Shanghai.
    before, after = (authorization(SECRET, BODY, host=HOST, service="sms", timestamp=at) for at in (86_399, 86_400))
    assert ("/1970-01-01/" in before, "/1970-01-02/" in after) == (True, True)


@pytest.mark.parametrize(
    ("code", "then", "wait"),
    [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", Then.LATER, timedelta(seconds=30)),
        ("LimitExceeded.PhoneNumberOneHourLimit", Then.LATER, timedelta(hours=1)),
        ("LimitExceeded.PhoneNumberDailyLimit", Then.LATER, timedelta(days=1)),
        ("LimitExceeded.DeliveryFrequencyLimit", Then.LATER, timedelta(minutes=10)),
        ("FailedOperation.MarketingSendTimeConstraint", Then.LATER, timedelta(minutes=10)),
        ("FailedOperation.PhoneNumberInBlacklist", Then.NEVER, timedelta(0)),
        ("FailedOperation.TemplateIncorrectOrUnapproved", Then.NEVER, timedelta(0)),
        ("FailedOperation.SignatureIncorrectOrUnapproved", Then.NEVER, timedelta(0)),
        ("FailedOperation.ContainSensitiveWord", Then.NEVER, timedelta(0)),
        ("FailedOperation.SomethingNew", Then.NEVER, timedelta(0)),
        ("FailedOperation.InsufficientBalanceInSmsPackage", Then.MEND, timedelta(minutes=5)),
        ("InternalError.RequestTimeException", Then.MEND, timedelta(minutes=5)),
        ("AuthFailure.SignatureFailure", Then.MEND, timedelta(minutes=5)),
        ("UnauthorizedOperation.SmsSdkAppIdVerifyFail", Then.MEND, timedelta(minutes=5)),
        ("InternalError.Timeout", Then.LOST, timedelta(0)),
        ("", Then.LOST, timedelta(0)),
    ],
)
def test_a_code_says_what_becomes_of_the_message(code: str, then: Then, wait: timedelta) -> None:
    assert (meaning(code).then, meaning(code).wait) == (then, wait)
