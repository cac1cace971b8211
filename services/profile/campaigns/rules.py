"""The life of a campaign, whom it turns to and whom it leaves alone, and what counts as come of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from infra.refusal import Kind, Refusal

LONGEST = timedelta(days=92)  # from the day tasks are due to the last one
FARTHEST = timedelta(days=366)
WHOLE_BP = 10_000
MARKETING = "marketing"  # what is sent for that purpose is an offer


class Status(StrEnum):
    """Where a campaign stands. `opening`: the list is gone through; `running`: every task is open."""

    DRAFT = "draft"
    OPENING = "opening"
    RUNNING = "running"
    CLOSED = "closed"
    STOPPED = "stopped"


class Step(StrEnum):
    """What happens to a campaign."""

    START = "start"
    ARRIVE = "arrive"
    CLOSE = "close"
    STOP = "stop"


# The whole lifecycle. A pair that is missing here is refused.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.DRAFT, Step.START): Status.OPENING,
    (Status.OPENING, Step.ARRIVE): Status.RUNNING,
    (Status.RUNNING, Step.CLOSE): Status.CLOSED,
    (Status.OPENING, Step.STOP): Status.STOPPED,
    (Status.RUNNING, Step.STOP): Status.STOPPED,
}


class CampaignStepNotOpen(Refusal):
    """The campaign is past that, or not there yet."""

    kind = Kind.CONFLICT
    slug = "campaign-step-not-open"
    en = "The campaign is past that, or not there yet: a draft is started once, and only what runs is stopped."
    zh = "活动推广当前状态不允许此操作：草稿只能启动一次，进行中的才能停止。"


class CampaignWindowClosed(Refusal):
    """A window in which nobody could carry it out."""

    kind = Kind.INVALID
    slug = "campaign-window-closed"
    en = "Let the tasks be due today or within a year, and close the campaign on that day or at most 92 days later."
    zh = "任务日期须为今天起一年之内，结束日期不得早于任务日期，且最多晚 92 天。"


def after(status: Status, step: Step) -> Status:
    """The status a step leads to; raises CampaignStepNotOpen."""
    following = NEXT.get((status, step))
    if following is None:
        raise CampaignStepNotOpen
    return following


def check_window(due_on: date, closes_on: date, *, today: date) -> None:
    """Raise CampaignWindowClosed unless advisors have some days to come for it."""
    if not (today <= due_on <= today + FARTHEST and due_on <= closes_on <= due_on + LONGEST):
        raise CampaignWindowClosed


class Fate(StrEnum):
    """What becomes of a client of the list.

    `refused`: the contact-permission ledger says no. `nobody`: no advisor owns her. `asked-already`: an offer to her is
    open. `control`: left out by lot, to compare with. `left-alone`: she lately said no to such a thing, or her data is
    not to be used.
    """

    TASK = "task"
    CONTROL = "control"
    REFUSED = "refused"
    ASKED_ALREADY = "asked-already"
    NOBODY = "nobody"
    LEFT_ALONE = "left-alone"


@dataclass(frozen=True, slots=True)
class Asked:
    """A client of the list: the ledger's reason against it, if she has an owner, if an offer to her is open."""

    reason: str | None
    is_owned: bool
    has_offer: bool


def fate(asked: Asked, campaign_id: UUID, client_id: UUID, *, purpose: str, control_bp: int) -> Fate:
    """What becomes of her. The lot is drawn last, among those who would get a task: so the two groups compare."""
    if asked.reason is not None:
        return Fate.REFUSED
    if not asked.is_owned:
        return Fate.NOBODY
    if asked.has_offer and purpose == MARKETING:
        return Fate.ASKED_ALREADY
    return Fate.CONTROL if draws(campaign_id, client_id, control_bp) else Fate.TASK


def draws(campaign_id: UUID, client_id: UUID, control_bp: int) -> bool:
    """Whether the lot makes her one of the control group: the same however often it is drawn, another per campaign."""
    drawn = int.from_bytes(sha256(campaign_id.bytes + client_id.bytes).digest()[:8]) % WHOLE_BP
    return drawn < control_bp
