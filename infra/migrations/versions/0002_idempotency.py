"""The keys of idempotent requests and their stored answers."""

from alembic import op

from infra.database import guard

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; answers are sealed, for they hold what the caller was told."""
    op.execute(
        """
        create table idempotency_key (
            brand_id text not null,
            subject text not null,
            route text not null,
            key text not null,
            fingerprint bytea not null,
            status int,
            media_type text,
            etag text,
            body bytea,
            expires_at timestamptz not null,
            constraint pk_idempotency_key primary key (brand_id, subject, route, key)
        )
        """
    )
    op.execute("create index ix_idempotency_key_expires_at on idempotency_key (expires_at)")
    for statement in guard("idempotency_key"):
        op.execute(statement)
