"""What Tencent's codes mean for a message: later, never, or first mend the account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

OK = "Ok"


class Then(StrEnum):
    """What is done about a code. All of them say that nothing was sent, but for LOST, of which nobody knows."""

    LATER = "later"  # this number, after a while
    NEVER = "never"  # this message
    MEND = "mend"  # nothing goes out before somebody mends the account: it waits
    LOST = "lost"


@dataclass(frozen=True)
class Meaning:
    """What to do, and after how long."""

    then: Then
    wait: timedelta = timedelta(0)


OPTED_OUT = "FailedOperation.PhoneNumberInBlacklist"
MARKETING_HOURS = "FailedOperation.MarketingSendTimeConstraint"

_MEND = Meaning(Then.MEND, timedelta(minutes=5))
MEANINGS: Mapping[str, Meaning] = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": Meaning(Then.LATER, timedelta(seconds=30)),
    "LimitExceeded.PhoneNumberOneHourLimit": Meaning(Then.LATER, timedelta(hours=1)),
    "LimitExceeded.PhoneNumberDailyLimit": Meaning(Then.LATER, timedelta(hours=24)),
    "LimitExceeded.DeliveryFrequencyLimit": Meaning(Then.LATER, timedelta(minutes=10)),
    "RequestLimitExceeded": Meaning(Then.LATER, timedelta(seconds=5)),
    # Until the hours open again: whoever sends asks its own clock, and again.
    MARKETING_HOURS: Meaning(Then.LATER, timedelta(minutes=10)),
    OPTED_OUT: Meaning(Then.NEVER),
    "FailedOperation.TemplateIncorrectOrUnapproved": Meaning(Then.NEVER),
    "FailedOperation.SignatureIncorrectOrUnapproved": Meaning(Then.NEVER),
    "FailedOperation.ContainSensitiveWord": Meaning(Then.NEVER),
    "FailedOperation.InsufficientBalanceInSmsPackage": _MEND,
    # Our clock is more than ten minutes off.
    "InternalError.RequestTimeException": _MEND,
}


def meaning(code: str) -> Meaning:
    """What a code means; of one that is not listed, by its family."""
    if (known := MEANINGS.get(code)) is not None:
        return known
    if code.startswith(("AuthFailure", "UnauthorizedOperation")):
        return _MEND
    # No code is no refusal.
    return Meaning(Then.LOST) if not code or code.startswith("InternalError") else Meaning(Then.NEVER)
