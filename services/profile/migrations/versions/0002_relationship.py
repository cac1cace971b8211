"""The relationship: segments and how they are reckoned, client books, and every message to a client."""

from alembic import op

from infra.database import guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEGMENTS = [
    """
    create table segment_policy (
        brand_id text not null,
        currency text not null,
        zone text not null,
        vic_minor bigint not null,
        core_minor bigint not null,
        potential_minor bigint not null,
        version int not null,
        constraint pk_segment_policy primary key (brand_id),
        constraint ck_segment_policy_order check (vic_minor > core_minor and core_minor > potential_minor and potential_minor > 0)
    )
    """,
    # US dollars for one unit of the currency, from that day on. Where a brand has none, rules.DEFAULT_RATES hold.
    """
    create table currency_rate (
        brand_id text not null,
        currency text not null,
        effective_on date not null,
        rate numeric(20, 10) not null,
        constraint pk_currency_rate primary key (brand_id, currency, effective_on),
        constraint ck_currency_rate_positive check (rate > 0)
    )
    """,
    # `review_on` is the first day on which time alone can change the segment: a receipt leaves the twelve months.
    """
    create table client_segment (
        brand_id text not null,
        client_id uuid not null,
        segment text check (segment in ('vic', 'core', 'potential', 'occasional', 'newcomer')),
        as_of date,
        review_on date,
        constraint pk_client_segment primary key (brand_id, client_id)
    )
    """,
    "create index ix_client_segment_review_on on client_segment (review_on) where review_on is not null",
]

BOOKS = [
    """
    create table client_owner (
        brand_id text not null,
        client_id uuid not null,
        advisor_id uuid not null,
        boutique_id uuid not null,
        assigned_at timestamptz not null,
        version int not null default 1,
        constraint pk_client_owner primary key (brand_id, client_id)
    )
    """,
    """
    create table advisor (
        brand_id text not null,
        advisor_id uuid not null,
        boutique_id uuid not null,
        constraint pk_advisor primary key (brand_id, advisor_id)
    )
    """,
    "create index ix_client_owner_advisor_id on client_owner (brand_id, advisor_id, client_id)",
]

MESSAGES = [
    # One row per WeChat user and template. The openid is not needed in clear: whoever wants to send to her knows it.
    """
    create table message_credit (
        brand_id text not null,
        appid text not null,
        openid_blind bytea not null,
        template_id text not null,
        remaining int not null,
        rejected_at timestamptz,
        constraint pk_message_credit primary key (brand_id, appid, openid_blind, template_id),
        constraint ck_message_credit_remaining check (remaining >= 0)
    )
    """,
    """
    create table wechat_event (
        brand_id text not null,
        event_id text not null,
        kind text not null check (kind in ('granted', 'rejected', 'sent')),
        message_ref text,
        error_code int,
        occurred_at timestamptz not null,
        constraint pk_wechat_event primary key (brand_id, event_id)
    )
    """,
    "create index ix_wechat_event_message_ref on wechat_event (brand_id, message_ref) where message_ref is not null",
    """
    create table message (
        brand_id text not null,
        message_id uuid not null,
        client_id uuid not null,
        purpose text not null check (purpose in ('service', 'survey', 'marketing')),
        template text not null,
        requested_by text not null,
        status text not null check (status in ('queued', 'sending', 'sent', 'failed', 'unknown', 'refused')),
        reason text,
        channel text,
        appid text,
        template_id text,
        openid bytea,
        openid_blind bytea,
        variables bytea,
        link bytea,
        channel_ref text,
        asked_at timestamptz not null,
        due_at timestamptz,
        sending_at timestamptz,
        settled_at timestamptz,
        constraint pk_message primary key (brand_id, message_id),
        constraint ck_message_reason check (reason is not null or status not in ('failed', 'unknown', 'refused')),
        constraint ck_message_sending check (status <> 'sending' or sending_at is not null),
        constraint ck_message_queued check (status <> 'queued' or (due_at is not null and openid is not null))
    )
    """,
    "create index ix_message_due_at on message (due_at, message_id) where status = 'queued'",
    "create index ix_message_sending_at on message (sending_at) where status = 'sending'",
    "create index ix_message_client_id on message (brand_id, client_id, message_id desc)",
]

TABLES = (
    "segment_policy",
    "currency_rate",
    "client_segment",
    "client_owner",
    "advisor",
    "message_credit",
    "wechat_event",
    "message",
)


def upgrade() -> None:
    """Make the relationship's tables, each behind the wall between brands."""
    for statement in [*SEGMENTS, *BOOKS, *MESSAGES]:
        op.execute(statement)
    for table in TABLES:
        for statement in guard(table):
            op.execute(statement)
