"""Lists of clients, and what lets them be found: which days they keep, who came when, which boutiques a region has."""

from alembic import op

from infra.database import guard

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = [
    """
    create table saved_list (
        brand_id text not null,
        list_id uuid not null,
        name text not null,
        criteria jsonb not null,
        visibility text not null check (visibility in ('mine', 'boutique', 'brand')),
        kept_by text not null,
        boutique_id uuid,
        created_at timestamptz not null,
        changed_at timestamptz not null,
        frozen_at timestamptz,
        version int not null default 1,
        constraint pk_saved_list primary key (brand_id, list_id),
        constraint ck_saved_list_boutique check ((visibility = 'boutique') = (boutique_id is not null))
    )
    """,
    "create index ix_saved_list_kept_by on saved_list (brand_id, kept_by, list_id)",
    # Who was in a list when it was frozen.
    """
    create table list_member (
        brand_id text not null,
        list_id uuid not null,
        client_id uuid not null,
        constraint pk_list_member primary key (brand_id, list_id, client_id)
    )
    """,
    "create index ix_list_member_client_id on list_member (brand_id, client_id)",
    "alter table boutique add column region_id uuid",
    # Keyed digests of the day without its year: who keeps one of these days is found without opening any.
    "alter table client add column birthday_blind bytea",
    "create index ix_client_birthday_blind on client (brand_id, birthday_blind) where birthday_blind is not null",
    "create index ix_client_birthday_unblind on client (client_id) where birthday is not null and birthday_blind is null",
    "alter table client_date add column day_blind bytea",
    "create index ix_client_date_day_blind on client_date (brand_id, day_blind) where day_blind is not null",
    "create index ix_client_date_day_unblind on client_date (date_id) where day_blind is null",
    "create index ix_touchpoint_visit on touchpoint (brand_id, occurred_at) where kind in ('arrived', 'visit-completed')",
]


def upgrade() -> None:
    """Make the tables, each behind the wall between brands, and the columns and indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("saved_list", "list_member"):
        for statement in guard(table):
            op.execute(statement)
