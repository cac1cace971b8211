"""What may be asked for, which step may follow which, and until when it must be answered."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal

# The house promises fifteen working days. Reckoned as calendar days while it has no calendar of working days: that is
# sooner than promised, never later.
ANSWER_WITHIN = timedelta(days=15)

# A copy is made anew for each download, as long after the first: a download may break off, and a phone be lost.
DELIVERED_FOR = timedelta(days=15)
# Everything together has to be there before the door gives up, which by default is after ten seconds.
COPIED_WITHIN = timedelta(seconds=9)

# Each of them holds something of clients, and answers for itself.
SERVICES = ("profile", "appointments", "feedback", "recommend", "gateway")


class Asked(StrEnum):
    """What a client may ask for."""

    ACCESS = "access"
    COPY = "copy"
    CORRECT = "correct"
    RESTRICT = "restrict"
    ERASE = "erase"


class Wrong(StrEnum):
    """What a correction is about."""

    NAME = "name"
    BIRTHDAY = "birthday"
    CONTACT = "contact"
    PREFERENCE = "preference"
    NOTE = "note"
    PURCHASE = "purchase"
    PIECE = "piece"
    OTHER = "other"


class Status(StrEnum):
    """How far a request has come."""

    RECEIVED = "received"
    VERIFIED = "verified"  # it was she who asked
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


class Step(StrEnum):
    """What is done about a request."""

    VERIFY = "verify"
    START = "start"
    FINISH = "finish"
    REFUSE = "refuse"


# The whole lifecycle. A pair that is missing here is refused.
NEXT: dict[tuple[Status, Step], Status] = {
    (Status.RECEIVED, Step.VERIFY): Status.VERIFIED,
    (Status.RECEIVED, Step.REFUSE): Status.REFUSED,
    (Status.VERIFIED, Step.REFUSE): Status.REFUSED,
    (Status.VERIFIED, Step.START): Status.RUNNING,
    (Status.RUNNING, Step.FINISH): Status.DONE,
}
COPIES = frozenset({Asked.ACCESS, Asked.COPY})
OPEN = frozenset({Status.RECEIVED, Status.VERIFIED, Status.RUNNING})


class RequestStepNotAllowed(Refusal):
    """The request has not come so far, or further."""

    kind = Kind.CONFLICT
    slug = "request-step-not-allowed"
    en = (
        "This cannot be done with the request as it stands. Look at its status: it is verified, started, then finished."
    )
    zh = "该请求当前状态不允许此操作。请查看其状态：须先核实，再开始，最后完成。"


class StillErasing(Refusal):
    """An erasing ends by itself, when every service has answered."""

    kind = Kind.CONFLICT
    slug = "still-erasing"
    en = "An erasing is finished by the answers of the services. The certificate shows which of them is still awaited."
    zh = "删除请求在各服务全部回执后自动完成，证明中列有尚未回执的服务。"


class NoCertificate(Refusal):
    """Only an erasing that was started has a certificate."""

    kind = Kind.CONFLICT
    slug = "no-certificate"
    en = "There is a certificate only of a request to erase that was started."
    zh = "仅已开始执行的删除请求才有证明。"


class CopyNotReady(Refusal):
    """There is nothing to download for this request, or not yet."""

    kind = Kind.CONFLICT
    slug = "copy-not-ready"
    en = "A copy belongs to a request for access or for a copy, once a privacy officer has started it."
    zh = "仅查阅或复制请求有副本，且须由个人信息保护负责人开始处理后方可下载。"


class CopyClosed(Refusal):
    """It was delivered long ago."""

    kind = Kind.GONE
    slug = "copy-closed"
    en = "This copy was delivered and can no longer be downloaded. Ask for a new one: it will be up to date."
    zh = "该副本已交付，不能再次下载。请重新提出请求，届时将提供最新副本。"


class CopyIncomplete(Refusal):
    """A part of the house did not tell what it has, or her record changed meanwhile: nothing is delivered."""

    kind = Kind.UNAVAILABLE
    slug = "copy-incomplete"
    en = "A part of the house could not add its share just now, so nothing was delivered. Please try again shortly."
    zh = "部分系统暂时无法提供其所存信息，为确保副本完整，本次未交付。请稍后再试。"


class GuardianCollects(Refusal):
    """A child's copy is handed to her guardian."""

    kind = Kind.CONFLICT
    slug = "guardian-collects"
    en = "For a child under 14 the copy is handed to her guardian by the privacy officer, who verifies the guardian."
    zh = "未满 14 周岁客户的副本，由个人信息保护负责人核实监护人身份后交予其监护人。"


def check_deliverable(kind: Asked, status: Status, *, done_at: datetime | None, now: datetime) -> None:
    """Raise CopyNotReady or CopyClosed unless a copy may be downloaded for the request as it stands."""
    if kind not in COPIES or status not in {Status.RUNNING, Status.DONE}:
        raise CopyNotReady
    if done_at is not None and done_at + DELIVERED_FOR < now:
        raise CopyClosed


def step(status: Status, wanted: Step) -> Status:
    """Where a step leads; raises RequestStepNotAllowed."""
    if (status, wanted) not in NEXT:
        raise RequestStepNotAllowed
    return NEXT[status, wanted]


def due_on(asked_on: date) -> date:
    """The last day on which the answer is in time."""
    return asked_on + ANSWER_WITHIN


def is_erased_everywhere(answered: Collection[str]) -> bool:
    """Whether every service has said that nothing of her is left there."""
    return set(SERVICES) <= set(answered)
