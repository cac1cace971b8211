"""Whose contacts clients are in WeCom, messages taken back there, campaigns stopped bit by bit, reports kept."""

from alembic import op

from infra.database import guard

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = {
    # `contact` is the blind index of the identity: whose it is may not be known yet. `userid` is in small letters.
    "wecom_contact": """
        create table wecom_contact (
            brand_id text not null,
            corpid text not null,
            contact bytea not null,
            userid text not null,
            is_there boolean not null,
            told_at timestamptz not null,
            constraint pk_wecom_contact primary key (brand_id, corpid, contact, userid)
        )
        """,
    # WeCom's number of a message whose row is gone; nothing of whom it was for.
    "message_recall": """
        create table message_recall (
            brand_id text not null,
            channel_ref text not null,
            asked_at timestamptz not null,
            due_at timestamptz not null,
            constraint pk_message_recall primary key (brand_id, channel_ref)
        )
        """,
    # `key` is a digest of what is asked; without boutiques the whole brand. `found` is null until it is made.
    "segment_report": """
        create table segment_report (
            brand_id text not null,
            key text not null,
            as_of date not null,
            compared_on date,
            boutiques uuid[],
            asked_at timestamptz not null,
            policy_version int,
            reckoned_at timestamptz,
            seconds double precision,
            found jsonb,
            constraint pk_segment_report primary key (brand_id, key),
            constraint ck_segment_report_found check ((found is null) = (reckoned_at is null))
        )
        """,
}
OTHERS = (
    "alter table campaign add column is_cancelling boolean not null default false",
    "create index ix_campaign_is_cancelling on campaign (brand_id, campaign_id) where is_cancelling",
    "create index ix_message_recall_due_at on message_recall (due_at)",
    """
    create index ix_segment_report_asked_at on segment_report (asked_at) where found is null or asked_at > reckoned_at
    """,
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in OTHERS:
        op.execute(statement)
