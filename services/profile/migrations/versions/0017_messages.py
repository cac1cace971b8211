"""Messages by every channel: the brand's policy, her word on channels, drafts, words, and what channels report."""

from alembic import op

from infra.database import guard

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NEW = [
    """
    create table message_policy (
        brand_id text not null,
        budget int not null check (budget >= 0),
        days int not null check (days > 0),
        quiet_from time not null,
        quiet_until time not null,
        zone text not null,
        same_words int not null check (same_words > 0),
        draft_days int not null check (draft_days > 0),
        version int not null,
        constraint pk_message_policy primary key (brand_id)
    )
    """,
    # Her yes to a purpose is one to all channels; this is where she says otherwise, and where she takes that back.
    """
    create table channel_word (
        brand_id text not null,
        client_id uuid not null,
        channel text not null,
        purpose text not null,
        is_declined boolean not null,
        source text not null,
        said_at timestamptz not null,
        constraint pk_channel_word primary key (brand_id, client_id, channel, purpose)
    )
    """,
]
# The old checks are replaced by wider ones; no row that is there can break them.
MESSAGE = [
    "alter table message drop constraint message_status_check",
    "alter table message drop constraint ck_message_queued",
    # address: where it goes, but for WeChat's openid. words: {text, subject, language}. words_blind: a digest of them
    # without her name. named: which facts of hers they name. sender_id: the advisor who is to confirm it. why: the
    # reason of every channel, where it was refused.
    """
    alter table message
        add column address bytea,
        add column words bytea,
        add column words_blind bytea,
        add column named jsonb,
        add column drafted_by text,
        add column version int not null default 1,
        add column expires_at timestamptz,
        add column sender_id uuid,
        add column why jsonb,
        add column delivery_code text,
        add column delivered_at timestamptz,
        add constraint ck_message_status check (status in ('draft', 'queued', 'sending', 'awaiting-advisor', 'sent',
            'failed', 'unknown', 'refused', 'expired')) not valid,
        add constraint ck_message_queued check (status <> 'queued'
            or (due_at is not null and (openid is not null or address is not null))) not valid,
        add constraint ck_message_drafted
            check (status <> 'draft' or (words is not null and expires_at is not null)) not valid
    """,
    "alter table message validate constraint ck_message_status",
    "alter table message validate constraint ck_message_queued",
    "alter table message validate constraint ck_message_drafted",
    "drop index ix_message_due_at",
    "create index ix_message_due_at on message (channel, due_at, message_id) where status = 'queued'",
    "create index ix_message_awaiting on message (due_at, message_id) where status = 'awaiting-advisor'",
    "create index ix_message_draft_expires_at on message (expires_at) where status = 'draft'",
    "create index ix_message_channel_ref on message (brand_id, channel, channel_ref) where channel_ref is not null",
    "create index ix_message_words_blind on message (brand_id, words_blind, asked_at) where words_blind is not null",
]


def upgrade() -> None:
    """Make the new tables, each behind the wall between brands, and widen the messages."""
    for statement in [*NEW, *MESSAGE]:
        op.execute(statement)
    for table in ("message_policy", "channel_word"):
        for wall in guard(table):
            op.execute(wall)
