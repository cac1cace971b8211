"""A guest's messages are told apart: what becomes of an earlier offer says nothing of a later one."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep which of a guest's messages one was; unknown for those of before."""
    op.execute("alter table guest_message add column telling int")
