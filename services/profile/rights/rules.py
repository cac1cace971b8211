"""What may be asked for, which step may follow which, and until when it must be answered."""

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal

# The house promises fifteen working days. Reckoned as calendar days while it has no calendar of working days: that is
# sooner than promised, never later.
ANSWER_WITHIN = timedelta(days=15)

# Each of them holds something of clients, and answers for itself.
SERVICES = ("profile", "appointments", "feedback", "recommend", "gateway")


class Asked(StrEnum):
    """What a client may ask for."""

    ACCESS = "access"
    COPY = "copy"
    CORRECT = "correct"
    RESTRICT = "restrict"
    ERASE = "erase"


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
