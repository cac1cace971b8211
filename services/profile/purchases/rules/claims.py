"""Who may have an anonymous receipt afterwards, and how often one may try."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from infra.refusal import Kind, Refusal

# A receipt names a day and an amount; whoever guesses at both needs more tries than these.
TRIES_OF_ONE = 5  # by one client
TRIES_AT_ONE = 20  # at one receipt, by whomever: narrower, anybody could keep her from her own
WINDOW = timedelta(hours=1)
# Carriers let a number rest for a quarter before somebody else gets it: until then it is whose it was at the till.
BY_PHONE_WITHIN = timedelta(days=90)
# A till's day is the one on the wall of its boutique, which lies somewhere between these.
_EARLIEST, _LATEST = ZoneInfo("Pacific/Honolulu"), ZoneInfo("Pacific/Auckland")


class ClaimNotProven(Refusal):
    """No anonymous receipt that all of this is true of; which part is wrong is not said."""

    kind = Kind.ABSENT
    slug = "claim-not-proven"
    en = "No open receipt matches. Check its number, day and amount, or show it to an advisor."
    zh = "没有符合的待认领小票。请核对小票号、日期和金额，或将小票出示给顾问。"


class ClaimIncomplete(Refusal):
    """Neither a receipt with what proves it, nor a phone."""

    kind = Kind.INVALID
    slug = "claim-incomplete"
    en = (
        "Give the receipt's till and number (a client also its day and amount), or a phone; staff also name the client."
    )
    zh = "请提供小票的收银系统和编号（客户本人还需提供日期和金额），或手机号码；员工还需注明客户。"


class ReceiptClaimed(Refusal):
    """It is somebody else's."""

    kind = Kind.CONFLICT
    slug = "receipt-claimed"
    en = "This receipt already belongs to another client. If that is wrong, ask client service to look into it."
    zh = "该小票已归属其他客户。如有误，请联系客服核查。"


class TooManyClaims(Refusal):
    """Whoever has the receipt in hand needs fewer tries."""

    kind = Kind.TOO_MANY
    slug = "too-many-claims"
    en = "Too many attempts. Wait as long as Retry-After says, or show the receipt to an advisor."
    zh = "尝试次数过多，请在 Retry-After 指定的时间后重试，或将小票出示给顾问。"


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands on a receipt besides its number."""

    purchased_on: date
    net_minor: int


@dataclass(frozen=True, slots=True)
class Attempts:
    """Tries in the window that began at a moment."""

    began_at: datetime
    tried: int


def one_more(before: Attempts | None, *, most: int, now: datetime) -> tuple[Attempts, int]:
    """Count one try; and the seconds to wait if it was one too many, else 0. A try that is refused is not counted."""
    if before is None or now >= before.began_at + WINDOW:
        return Attempts(now, 1), 0
    if before.tried >= most:
        return before, max(1, round((before.began_at + WINDOW - now).total_seconds()))
    return Attempts(before.began_at, before.tried + 1), 0


def proves(proof: Proof, *, purchased_at: datetime, purchased_in: str | None, net_minor: int) -> bool:
    """Whether this is what stands on the receipt. Of a year or a month only that much of the day has to be right."""
    if proof.net_minor != net_minor:
        return False
    if purchased_in is not None:
        return proof.purchased_on.isoformat().startswith(purchased_in)
    return purchased_at.astimezone(_EARLIEST).date() <= proof.purchased_on <= purchased_at.astimezone(_LATEST).date()
