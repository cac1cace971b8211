"""How long a brand keeps what, where it chooses for itself, and what was removed when: counts alone."""

from alembic import op

from infra.database import guard

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = {
    "retention_period": """
        create table retention_period (
            brand_id text not null,
            category text not null,
            days int not null check (days > 0),
            chosen_by text not null,
            chosen_at timestamptz not null,
            constraint pk_retention_period primary key (brand_id, category)
        )
        """,
    "retention_run": """
        create table retention_run (
            brand_id text not null,
            run_id uuid not null,
            category text not null,
            started_at timestamptz not null,
            finished_at timestamptz,
            removed bigint not null default 0,
            constraint pk_retention_run primary key (brand_id, run_id, category)
        )
        """,
}


def upgrade() -> None:
    """Both behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    op.execute("create index ix_retention_run_category on retention_run (category, brand_id, started_at desc)")
