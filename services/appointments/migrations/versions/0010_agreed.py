"""What a proposal sets aside stays with it; what the house upset is set right again, or excuses who does not come."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    # As on `appointment`: the rules' slugs in clear, the reason sealed.
    "alter table proposal add column overridden text[] not null default '{}', add column override_reason bytea",
    "alter table disrupted_visit add column over_at timestamptz",
    "alter table appointment add column excused boolean not null default false",
    "alter table reassignment add column assists boolean not null default false",
    "alter table advisor add column priority int not null default 0",
    "alter table advisor add constraint ck_advisor_priority check (priority between 0 and 100)",
)


def upgrade() -> None:
    """Make the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
