"""Old files that a house brings: their parts, their lines, and what they wrote, so that it can be taken back."""

from alembic import op

from infra.database import guard

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = {
    "bulk_import": """
        create table bulk_import (
            brand_id text not null,
            import_id uuid not null,
            kind text not null check (kind in ('clients', 'consents', 'notes', 'purchases')),
            status text not null check (status in ('uploading', 'reading', 'read', 'unreadable', 'running', 'paused',
                'finished', 'cancelled', 'undoing', 'undone')),
            size_bytes bigint not null,
            digest text not null,
            asked jsonb not null default '{}',
            found bytea,
            mapping bytea,
            fault text,
            line_count int not null default 0,
            lines_read int not null default 0,
            next_chunk int not null default 0,
            report jsonb not null default '{}',
            created_by text not null,
            created_at timestamptz not null,
            started_at timestamptz,
            ended_at timestamptz,
            expires_at timestamptz not null,
            is_swept boolean not null default false,
            worker uuid,
            worker_until timestamptz,
            version int not null default 1,
            constraint pk_bulk_import primary key (brand_id, import_id)
        )
        """,
    # The file as it came, sealed; gone when the import begins to run.
    "import_part": """
        create table import_part (
            brand_id text not null,
            import_id uuid not null,
            number int not null,
            content bytea not null,
            constraint pk_import_part primary key (brand_id, import_id, number)
        )
        """,
    # Its lines, sealed, some hundreds in a row; once they are worked on, those that were refused.
    "import_chunk": """
        create table import_chunk (
            brand_id text not null,
            import_id uuid not null,
            number int not null,
            line_count int not null,
            content bytea,
            constraint pk_import_chunk primary key (brand_id, import_id, number)
        )
        """,
    # What it wrote: ids alone. What could not be taken back says why.
    "import_effect": """
        create table import_effect (
            brand_id text not null,
            import_id uuid not null,
            effect_id uuid not null,
            line int not null,
            kind text not null check (kind in ('client', 'identity', 'name', 'birthday', 'consent', 'withdrawal', 'note',
                'purchase-line', 'claim')),
            row_id uuid not null,
            part int,
            before_id uuid,
            was text,
            stays text,
            constraint pk_import_effect primary key (brand_id, import_id, effect_id)
        )
        """,
    # How many lines of each receipt have been seen, where the file numbers none.
    "import_receipt": """
        create table import_receipt (
            brand_id text not null,
            import_id uuid not null,
            receipt text not null,
            line_count int not null,
            constraint pk_import_receipt primary key (brand_id, import_id, receipt)
        )
        """,
}
OTHERS = (
    "create index ix_bulk_import_status on bulk_import (status, created_at)",
    "create index ix_import_effect_row on import_effect (brand_id, import_id, row_id)",
    # An old note is known again by a keyed digest of what it says about whom.
    "alter table note add column origin bytea",
    "create unique index uq_note_origin on note (brand_id, origin) where origin is not null",
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in OTHERS:
        op.execute(statement)
