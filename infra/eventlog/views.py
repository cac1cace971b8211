"""What the operations of the log answer."""

from datetime import datetime
from typing import Literal

from infra.wire import View

FindingKind = Literal["log-away", "log-lost-facts", "facts-skipped", "facts-parked", "outbox-differs"]


class Finding(View):
    """Something wrong, and what to do next."""

    kind: FindingKind
    en: str
    zh: str


FINDINGS = {
    "log-away": (
        "The event log's database does not answer. Facts wait in the outboxes meanwhile; nothing is lost.",
        "事件日志数据库无响应。事实暂存于发件箱，不会丢失。",
    ),
    "log-lost-facts": (
        "The log lacks facts that were published to it. `maison log refill` puts them back from the outboxes.",
        "日志缺少已发布的事实，请运行 maison log refill 从发件箱补齐。",
    ),
    "facts-skipped": (
        "The follower stands behind facts that it has not taken. `maison log refill` sets it before them.",
        "跟随者越过了尚未处理的事实，请运行 maison log refill 将其移回。",
    ),
    "facts-parked": (
        "Facts are parked. `maison log parked` shows why; `maison log retry` tries them again.",
        "有事实被搁置，可用 maison log parked 查看原因，用 maison log retry 重试。",
    ),
    "outbox-differs": (
        "The last reconciliation found a difference. `maison log verify` names it.",
        "最近一次对账发现差异，请运行 maison log verify 查看。",
    ),
}


def finding(kind: FindingKind) -> Finding:
    """The finding with its sentences."""
    en, zh = FINDINGS[kind]
    return Finding(kind=kind, en=en, zh=zh)


class SourceView(View):
    """What a service has recorded, and how much of it is in the log. Numbers are its own, dense from 1."""

    numbered: int
    published: int
    waiting: int  # at most 10,000 are counted
    oldest_waiting_seconds: float | None = None
    in_log: int | None = None


class FollowerView(View):
    """How far a service has taken the others' facts; without numbers of the log while that is away."""

    position: int
    head: int | None = None
    behind_facts: int | None = None
    behind_seconds: float | None = None
    parked: int


class LeaseView(View):
    """Who does what only one instance may: the relay, the follower. The epoch grows with each change of hands."""

    name: str
    epoch: int
    is_held: bool


class ReconciliationView(View):
    """What the last comparison of the outbox with the log has shown."""

    agrees: bool
    checked_at: datetime
    compared: int
    missing: int
    foreign: int


class StatusView(View):
    """One service at the log."""

    service: str
    source: SourceView
    follower: FollowerView
    leases: list[LeaseView]
    reconciliation: ReconciliationView | None = None
    findings: list[Finding]


class ParkedView(View):
    """A fact that a service could not take, or one that waits behind it. `reason` is an SQLSTATE or a class."""

    id: int
    brand_id: str
    position: int
    source: str
    type: str
    aggregate: str
    reason: str
    is_culprit: bool
    attempts: int
    parked_at: datetime


class RetriedView(View):
    """What a retry came to: facts that took effect, and facts of the same aggregate that are still parked."""

    took_effect: int
    still_parked: int


class TableView(View):
    """A table that was filled anew, with the hash over its rows before and after."""

    name: str
    rows_before: int
    hash_before: str
    rows: int
    hash: str


class ReplayedView(View):
    """A replayed follower."""

    follower: str
    facts: int
    taken: int
    tables: list[TableView]


class RefilledView(View):
    """A refilled source; see infra.eventlog.refill.Refilled."""

    source: str
    kept: int
    again: int
    moved: int
    rewound: int


class DamageView(View):
    """Something in the log that is not as it was written; `examples` are numbers, positions or aggregates."""

    kind: str
    count: int
    examples: list[str]


class VerifiedView(View):
    """What a verification counted of one source, and what it found."""

    source: str
    facts: int
    aggregates: int
    compared: int
    damage: list[DamageView]
