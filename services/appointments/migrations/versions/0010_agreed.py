"""What a proposal sets aside stays with it until she agrees."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    # As on `appointment`: the rules' slugs in clear, the reason sealed.
    "alter table proposal add column overridden text[] not null default '{}', add column override_reason bytea",
)


def upgrade() -> None:
    """Make the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
