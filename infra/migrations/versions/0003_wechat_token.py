"""The WeChat access token that the processes of one database share, sealed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row per account. A row without a token is one whose first fetch is under way."""
    op.execute(
        """
        create table wechat_token (
            appid text primary key,
            token bytea,
            expires_at timestamptz,
            check ((token is null) = (expires_at is null))
        )
        """
    )
