"""What a restore must not undo: who was buried, and that a restore has happened."""

from alembic import op

from infra.database import guard

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tombstones hold ids only. They have a brand, and the same wall around it as everything that services read."""
    op.execute(
        """
        create table tombstone (
            brand_id text not null,
            aggregate text not null,
            buried_at timestamptz not null,
            -- Set where a restore brought the tombstone in: what it covers came back too, and waits to be erased again.
            restored_at timestamptz,
            constraint pk_tombstone primary key (brand_id, aggregate)
        )
        """
    )
    for statement in guard("tombstone"):
        op.execute(statement)
    op.execute(
        """
        create table restoration (
            restored_at timestamptz not null,
            made_at timestamptz not null,
            constraint pk_restoration primary key (restored_at)
        )
        """
    )
