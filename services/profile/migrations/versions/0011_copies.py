"""Copies of their data that clients were given, and what of it they say is wrong."""

from alembic import op

from infra.database import guard

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# When and by whom each was fetched, with how many rows of what.
DATA_COPY = """
create table data_copy (
    brand_id text not null,
    copy_id uuid not null,
    request_id uuid not null,
    delivered_to text not null,
    made_at timestamptz not null,
    delivered_at timestamptz not null,
    size_bytes bigint not null,
    counts jsonb not null,
    constraint pk_data_copy primary key (brand_id, copy_id)
)
"""


def upgrade() -> None:
    """Make the table, behind the wall between brands, and the column."""
    op.execute(DATA_COPY)
    for wall in guard("data_copy"):
        op.execute(wall)
    op.execute("alter table data_request add column corrections bytea")
    op.execute("create index ix_data_copy_request_id on data_copy (brand_id, request_id, copy_id desc)")
