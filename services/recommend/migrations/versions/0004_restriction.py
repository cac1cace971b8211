"""Whose data is stored and not used."""

from alembic import op

from infra.database import guard

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RESTRICTION = """
create table restriction (
    brand_id text not null,
    client_id uuid not null,
    restricted_at timestamptz not null,
    constraint pk_restriction primary key (brand_id, client_id)
)
"""


def upgrade() -> None:
    """Make the table, behind the wall between brands."""
    op.execute(RESTRICTION)
    for wall in guard("restriction"):
        op.execute(wall)
