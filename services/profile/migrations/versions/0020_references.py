"""A message keeps its sender's own id, by which it is recalled."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and find by it what has not left yet."""
    op.execute("alter table message add column reference uuid")
    op.execute(
        "create index ix_message_reference on message (brand_id, reference)"
        " where reference is not null and status in ('queued', 'sending', 'awaiting-advisor')"
    )
