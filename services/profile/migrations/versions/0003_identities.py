"""Identities: why records were merged and by whom they were separated, and which are never to be merged."""

from alembic import op

from infra.database import guard

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MERGES = [
    "alter table client_merge add column reason bytea",
    "alter table client_merge add column separated_by text",
    # Two records, the smaller id first, that somebody found to be two people.
    """
    create table never_merge (
        brand_id text not null,
        never_id uuid not null,
        one_id uuid not null,
        other_id uuid not null,
        set_at timestamptz not null,
        actor text not null,
        reason bytea,
        constraint pk_never_merge primary key (brand_id, never_id),
        constraint uq_never_merge_pair unique (brand_id, one_id, other_id),
        constraint ck_never_merge_order check (one_id < other_id)
    )
    """,
    "create index ix_never_merge_other_id on never_merge (brand_id, other_id)",
    # Whose owner this is, where a merge brought it here: it leaves again with her.
    "alter table client_owner add column inherited_from uuid",
]

TABLES = ("never_merge",)


def upgrade() -> None:
    """Add to merges what takes them apart, each new table behind the wall between brands."""
    for statement in MERGES:
        op.execute(statement)
    for table in TABLES:
        for statement in guard(table):
            op.execute(statement)
