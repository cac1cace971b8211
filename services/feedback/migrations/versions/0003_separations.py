"""Merges as they were told, so that one can be taken out again however long the chain."""

from alembic import op

from infra.database import guard

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

# `client_alias` is what the standing ones come to. `told_at` is where the log says so.
CLIENT_MERGE = """
create table client_merge (
    brand_id text not null,
    merge_id uuid not null,
    client_id uuid not null,
    merged_client_id uuid not null,
    told_at bigint not null,
    separated boolean not null,
    constraint pk_client_merge primary key (brand_id, merge_id)
)
"""
INDEXES = (
    "create index ix_client_merge_client_id on client_merge (brand_id, client_id) where not separated",
    "create index ix_client_merge_merged_client_id on client_merge (brand_id, merged_client_id) where not separated",
)


def upgrade() -> None:
    """Make the table, behind the wall between brands."""
    op.execute(CLIENT_MERGE)
    for wall in guard("client_merge"):
        op.execute(wall)
    for statement in INDEXES:
        op.execute(statement)
