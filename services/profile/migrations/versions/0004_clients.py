"""What is known of a client: her birthday and days, preferences, notes, relations, what she allows us to measure."""

from alembic import op

from infra.database import guard

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CONSENTS = [
    "alter table client add column birthday bytea",
    "alter table consent add column evidence bytea",
    "alter table consent add column by_guardian boolean not null default false",
    "alter table consent drop constraint consent_purpose_check",
    "alter table consent add constraint ck_consent_purpose check (purpose in ('personalisation', 'marketing', 'survey', 'measurements', 'sensitive-items', 'cross-brand', 'abroad'))",
    # Kept only while its purpose is allowed.
    """
    create table sensitive_item (
        brand_id text not null,
        item_id uuid not null,
        client_id uuid not null,
        kind text not null,
        value bytea not null,
        device text,
        noted_by text not null,
        noted_at timestamptz not null,
        constraint pk_sensitive_item primary key (brand_id, item_id)
    )
    """,
    "create index ix_sensitive_item_client_id on sensitive_item (brand_id, client_id)",
]

CLIENTS = [
    """
    create table client_date (
        brand_id text not null,
        date_id uuid not null,
        client_id uuid not null,
        kind text not null,
        day bytea not null,
        label bytea,
        noted_by text not null,
        noted_at timestamptz not null,
        constraint pk_client_date primary key (brand_id, date_id)
    )
    """,
    "create index ix_client_date_client_id on client_date (brand_id, client_id)",
    """
    create table preference (
        brand_id text not null,
        preference_id uuid not null,
        client_id uuid not null,
        topic text not null,
        value bytea not null,
        likes boolean not null,
        provenance text not null check (provenance in ('said', 'observed', 'inferred')),
        confidence int not null check (confidence between 1 and 100),
        learned_on date not null,
        noted_by text not null,
        ended_at timestamptz,
        ended_by text,
        constraint pk_preference primary key (brand_id, preference_id)
    )
    """,
    "create index ix_preference_client_id on preference (brand_id, client_id) where ended_at is null",
    """
    create table note (
        brand_id text not null,
        note_id uuid not null,
        client_id uuid not null,
        author text not null,
        author_advisor_id uuid,
        is_private boolean not null,
        words bytea not null,
        version int not null default 1,
        written_at timestamptz not null,
        edited_at timestamptz,
        constraint pk_note primary key (brand_id, note_id)
    )
    """,
    "create index ix_note_client_id on note (brand_id, client_id, note_id desc)",
    # Between two clients, or with somebody who is none and has only a name.
    """
    create table relation (
        brand_id text not null,
        relation_id uuid not null,
        client_id uuid not null,
        tie text not null,
        other_client_id uuid,
        other_name bytea,
        noted_by text not null,
        noted_at timestamptz not null,
        constraint pk_relation primary key (brand_id, relation_id),
        constraint ck_relation_other check ((other_client_id is null) <> (other_name is null)),
        constraint ck_relation_itself check (client_id <> other_client_id)
    )
    """,
    "create index ix_relation_client_id on relation (brand_id, client_id)",
    "create index ix_relation_other_client_id on relation (brand_id, other_client_id) where other_client_id is not null",
]

TABLES = ("sensitive_item", "client_date", "preference", "note", "relation")


def upgrade() -> None:
    """Add what is known of a client, each table behind the wall between brands."""
    for statement in [*CONSENTS, *CLIENTS]:
        op.execute(statement)
    for table in TABLES:
        for statement in guard(table):
            op.execute(statement)
