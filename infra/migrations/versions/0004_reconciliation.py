"""What the last comparison of the outbox with the log has shown."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row per source: numbers only."""
    op.execute(
        """
        create table reconciliation (
            source text not null,
            checked_at timestamptz not null,
            compared bigint not null,
            missing bigint not null,
            foreign_facts bigint not null,
            constraint pk_reconciliation primary key (source)
        )
        """
    )
