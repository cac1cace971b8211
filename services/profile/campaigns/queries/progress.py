"""What a campaign has come to, step by step, and beside it those whom it left out by lot."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.campaigns.queries.campaigns import Campaign
from services.profile.campaigns.rules import Fate
from services.profile.tasks.rules.steps import CONTACTS, Outcome

_MEMBERS = text(
    "select fate, reason, count(*) as clients from campaign_member"
    " where brand_id = :brand and campaign_id = :campaign_id group by fate, reason"
)
_TASKS = text(
    "select task.status, count(*) as tasks from task"
    " where brand_id = :brand and subject_id = :campaign_id and kind = 'campaign' group by task.status"
)
# Each client once, over all records that are she. What she did counts from the first contact on (`since_at`), so many
# days; for the two groups that are compared, from the start of the campaign on.
_CAME = text(
    """
    with member as (
        select m.client_id, m.fate, coalesce(alias.canonical_id, m.client_id) as head,
            (select min(o.given_at) from task_outcome o where o.brand_id = :brand and o.task_id = m.task_id
                and o.outcome = any(:contacts)) as sent_at,
            exists (select from task_outcome o where o.brand_id = :brand and o.task_id = m.task_id
                and o.outcome = any(:answers)) as has_answered
        from campaign_member m
        left join client_alias alias on alias.brand_id = :brand and alias.client_id = m.client_id
        where m.brand_id = :brand and m.campaign_id = :campaign_id and m.fate in ('task', 'control')
    ), record as (
        select head, head as client_id from member
        union select member.head, alias.client_id from member
        join client_alias alias on alias.brand_id = :brand and alias.canonical_id = member.head
    ), wrote as (
        select record.head, c.occurred_at as at from record
        join reported_contact c on c.brand_id = :brand and c.client_id = record.client_id and c.kind = 'messaging'
            and c.occurred_at >= :started_at
    ), came as (
        select record.head, t.occurred_at as at from record
        join touchpoint t on t.brand_id = :brand and t.client_id = record.client_id
            and t.kind in ('arrived', 'visit-completed') and t.occurred_at >= :started_at
    ), bought as (
        select record.head, p.purchased_at as at, exists (select from purchase_line l where l.brand_id = :brand
            and l.purchase_id = p.purchase_id and l.quantity > 0 and l.piece_code = any(:pieces)) as has_piece
        from record join purchase p on p.brand_id = :brand and p.client_id = record.client_id
            and p.purchased_at >= :started_at
        where exists (select from purchase_line l where l.brand_id = :brand and l.purchase_id = p.purchase_id
            and l.quantity > 0)
    ), person as (
        select member.fate, sent_at is not null as is_sent,
            sent_at is not null and (has_answered or exists (select from wrote where wrote.head = member.head
                and wrote.at >= sent_at and wrote.at < sent_at + :span)) as has_replied,
            exists (select from came where came.head = member.head
                and came.at >= sent_at and came.at < sent_at + :span) as has_come,
            exists (select from bought where bought.head = member.head
                and bought.at >= sent_at and bought.at < sent_at + :span) as has_bought,
            exists (select from bought where bought.head = member.head and bought.has_piece
                and bought.at >= sent_at and bought.at < sent_at + :span) as has_piece,
            exists (select from came where came.head = member.head and came.at < :until_at) as has_come_anyway,
            exists (select from bought where bought.head = member.head and bought.at < :until_at) as has_bought_anyway
        from member
    )
    select fate, count(*) as clients, count(*) filter (where is_sent) as sent,
        count(*) filter (where has_replied) as replied, count(*) filter (where has_come) as visited,
        count(*) filter (where has_bought) as bought, count(*) filter (where has_piece) as bought_pieces,
        count(*) filter (where has_come_anyway) as visited_anyway,
        count(*) filter (where has_bought_anyway) as bought_anyway
    from person group by fate
    """
)


@dataclass(frozen=True, slots=True)
class Group:
    """So many clients, and how many of them came and bought from the start on, whether or not anybody asked them to."""

    clients: int = 0
    visited: int = 0
    bought: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is, in clients. `replied`, `visited`, `bought`: within the days after the first contact."""

    fates: Mapping[Fate, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    tasks: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    replied: int = 0
    visited: int = 0
    bought: int = 0
    bought_pieces: int = 0
    asked: Group = field(default_factory=Group)
    control: Group = field(default_factory=Group)


async def progress(tx: AsyncSession, campaign: Campaign) -> Progress:
    """What a campaign has come to by now; nothing yet for a draft."""
    if campaign.started_at is None:
        return Progress()
    whose = {"brand": tx.info["brand_id"], "campaign_id": campaign.campaign_id}
    fates: dict[Fate, int] = {}
    reasons: dict[str, int] = {}
    for row in await tx.execute(_MEMBERS, whose):
        fates[Fate(row.fate)] = fates.get(Fate(row.fate), 0) + row.clients
        if row.reason is not None:
            reasons[row.reason] = row.clients
    tasks = {row.status: row.tasks for row in await tx.execute(_TASKS, whose)}
    span = campaign.span
    asked = {
        "contacts": [outcome.value for outcome in CONTACTS],
        "answers": [Outcome.REACHED.value, Outcome.REPLIED.value, Outcome.NOT_WANTED.value],
        "pieces": list(campaign.pieces),
        "span": span,
        "started_at": campaign.started_at,
        "until_at": campaign.started_at + span,
    }
    rows = {Fate(row.fate): row for row in await tx.execute(_CAME, whose | asked)}
    turned, left = rows.get(Fate.TASK), rows.get(Fate.CONTROL)
    groups = [
        Group(row.clients, row.visited_anyway, row.bought_anyway) if row is not None else Group()
        for row in (turned, left)
    ]
    if turned is None:
        return Progress(fates, reasons, tasks, asked=groups[0], control=groups[1])
    steps = (turned.sent, turned.replied, turned.visited, turned.bought, turned.bought_pieces)
    return Progress(fates, reasons, tasks, *steps, *groups)
