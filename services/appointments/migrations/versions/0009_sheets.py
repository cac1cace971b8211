"""What clients are told of their visits, what is laid out for a visit, and calendars that others subscribe to."""

from alembic import op

from infra.database import guard

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = {
    # One row for each thing that a client is told of a visit. `cause_id` is the fact it follows from; a reminder
    # follows from the time alone: `lead_minutes` before `starts_at`.
    "notice": """
        create table notice (
            brand_id text not null,
            notice_id uuid not null,
            appointment_id uuid not null,
            client_id uuid not null,
            boutique_id uuid not null,
            kind text not null,
            cause_id uuid,
            starts_at timestamptz not null,
            lead_minutes int,
            status text not null check (status in ('waiting', 'sent', 'refused', 'dropped', 'recalled')),
            reason text,
            message_id uuid,
            channel text,
            attempts int not null,
            created_at timestamptz not null,
            expires_at timestamptz not null,
            next_attempt_at timestamptz not null,
            asked_at timestamptz,
            recall_until timestamptz,
            settled_at timestamptz,
            telephoned_at timestamptz,
            telephoned_by text,
            constraint pk_notice primary key (brand_id, notice_id),
            constraint uq_notice_cause unique (brand_id, cause_id),
            constraint uq_notice_lead unique (brand_id, appointment_id, starts_at, lead_minutes),
            constraint ck_notice_kind check ((kind = 'reminder') = (lead_minutes is not null)
                and (kind = 'reminder') = (cause_id is null)),
            constraint ck_notice_settled check ((status = 'waiting') = (settled_at is null)),
            constraint ck_notice_recall check (recall_until is null or status = 'recalled')
        )
        """,
    "reminder_policy": """
        create table reminder_policy (
            brand_id text not null,
            lead_minutes int[] not null,
            version int not null,
            constraint pk_reminder_policy primary key (brand_id),
            constraint ck_reminder_policy_leads check (cardinality(lead_minutes) <= 4)
        )
        """,
    # What an advisor has laid out for a visit. What she wrote is sealed: bytea.
    "arrangement": """
        create table arrangement (
            brand_id text not null,
            appointment_id uuid not null,
            client_id uuid not null,
            refreshments bytea,
            room_setup bytea,
            pieces jsonb not null,
            version int not null,
            arranged_by text not null,
            arranged_at timestamptz not null,
            constraint pk_arrangement primary key (brand_id, appointment_id),
            constraint fk_arrangement_appointment foreign key (brand_id, appointment_id)
                references appointment (brand_id, appointment_id)
        )
        """,
    # Of the token only its hash is kept: whoever has the database cannot read a calendar with it.
    "calendar_feed": """
        create table calendar_feed (
            brand_id text not null,
            feed_id uuid not null,
            kind text not null check (kind in ('advisor', 'boutique')),
            holder_id uuid not null,
            language text not null check (language in ('zh', 'en')),
            token_hash bytea not null,
            made_by text not null,
            made_at timestamptz not null,
            revoked_at timestamptz,
            constraint pk_calendar_feed primary key (brand_id, feed_id),
            constraint uq_calendar_feed_token_hash unique (brand_id, token_hash)
        )
        """,
}
STATEMENTS = (
    # The loop looks for what is due, the boutique for what did not arrive, the erasing for what is hers.
    "create index ix_notice_next_attempt_at on notice (next_attempt_at) where status = 'waiting'",
    "create index ix_notice_recall_until on notice (next_attempt_at) where recall_until is not null",
    "create index ix_notice_boutique on notice (brand_id, boutique_id, created_at)",
    "create index ix_notice_appointment_id on notice (brand_id, appointment_id)",
    "create index ix_notice_client_id on notice (brand_id, client_id)",
    "create index ix_arrangement_client_id on arrangement (brand_id, client_id)",
    "create index ix_calendar_feed_holder_id on calendar_feed (brand_id, holder_id)",
    # Visits agreed, of all brands, by when they begin: few rows, however long the history.
    "create index ix_appointment_agreed on appointment (starts_at) where status = 'confirmed'",
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in STATEMENTS:
        op.execute(statement)
