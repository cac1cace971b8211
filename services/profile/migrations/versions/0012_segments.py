"""Segments with grace, stages of life and engagement; fitted models, and whom they foretell."""

from alembic import op

from infra.database import guard

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

POLICY = [
    """
    alter table segment_policy
        add column grace_days int not null default 30,
        add column lapsing_days int not null default 240,
        add column lapsed_days int not null default 365,
        add column back_days int not null default 90,
        add column half_life_days int not null default 90,
        add column visit_points int not null default 10,
        add column hour_points int not null default 10,
        add column enquiry_points int not null default 5,
        add column share_points int not null default 5,
        add column answer_points int not null default 8,
        add column reviewing_from uuid
    """,
    # Not checked of the rows there are: they have the defaults of just now.
    """
    alter table segment_policy
        add constraint ck_segment_policy_stages check (lapsing_days < lapsed_days) not valid
    """,
]
STANDING = [
    """
    alter table client_segment
        add column lifecycle text
            check (lifecycle in ('newcomer', 'active', 'lapsing', 'lapsed', 'back'))
    """,
    # Who is due, day by day and client by client, from wherever the last batch ended.
    "create index ix_client_segment_due on client_segment (brand_id, review_on, client_id) where review_on is not null",
    "drop index ix_client_segment_review_on",
    # A stage of life is known of nobody yet.
    "update client_segment set review_on = current_date where segment is not null",
]
FITS = [
    """
    create table segment_model (
        brand_id text not null,
        kind text not null check (kind in ('value', 'future')),
        fitted_at timestamptz not null,
        clients int not null,
        currency text not null,
        unusable text,
        parameters jsonb not null,
        measures jsonb not null,
        constraint pk_segment_model primary key (brand_id, kind, fitted_at)
    )
    """,
    """
    create table future_vic (
        brand_id text not null,
        client_id uuid not null,
        score double precision not null,
        reasons text[] not null,
        scored_on date not null,
        fitted_at timestamptz not null,
        constraint pk_future_vic primary key (brand_id, client_id),
        constraint ck_future_vic_score check (score between 0 and 1)
    )
    """,
    "create index ix_future_vic_score on future_vic (brand_id, (-score), client_id)",
]


def upgrade() -> None:
    """Widen policy and standing, and make the tables of fits behind the wall between brands."""
    for statement in [*POLICY, *STANDING, *FITS]:
        op.execute(statement)
    for table in ("segment_model", "future_vic"):
        for statement in guard(table):
            op.execute(statement)
