"""Identities: merges that are taken back, who is never to be merged, who may be one person, and shared numbers."""

from alembic import op

from infra.database import guard

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MERGES = [
    "alter table client_merge add column reason bytea",
    "alter table client_merge add column separated_by text",
    # Two records, the smaller id first, that somebody found to be two people.
    """
    create table never_merge (
        brand_id text not null,
        never_id uuid not null,
        one_id uuid not null,
        other_id uuid not null,
        set_at timestamptz not null,
        actor text not null,
        reason bytea,
        constraint pk_never_merge primary key (brand_id, never_id),
        constraint uq_never_merge_pair unique (brand_id, one_id, other_id),
        constraint ck_never_merge_order check (one_id < other_id)
    )
    """,
    "create index ix_never_merge_other_id on never_merge (brand_id, other_id)",
    # Whose owner this is, where a merge brought it here: it leaves again with her.
    "alter table client_owner add column inherited_from uuid",
]

IDENTITIES = [
    # `held` identifies its client and nobody else. `shared` is a family's or a driver's: it identifies nobody. `claimed`
    # is what a client says is hers although somebody else holds it.
    """
    alter table identity add column standing text not null default 'held'
        constraint ck_identity_standing check (standing in ('held', 'shared', 'claimed'))
    """,
    "create unique index uq_identity_held on identity (brand_id, kind, system, blind) where standing = 'held'",
    """
    create unique index uq_identity_client on identity (brand_id, kind, system, blind, client_id)
        where standing <> 'held'
    """,
    "alter table identity drop constraint uq_identity_blind",
    "create index ix_identity_blind on identity (brand_id, blind)",
]

DUPLICATES = [
    # Records that changed, and are to be compared with those that resemble them.
    """
    create table duplicate_search (
        brand_id text not null,
        client_id uuid not null,
        constraint pk_duplicate_search primary key (brand_id, client_id)
    )
    """,
    # Two records, the smaller id first, that may be one person. What was decided of them shows in merges and pairs.
    """
    create table duplicate (
        brand_id text not null,
        duplicate_id uuid not null,
        one_id uuid not null,
        other_id uuid not null,
        probability double precision not null,
        grounds text[] not null,
        found_at timestamptz not null,
        constraint pk_duplicate primary key (brand_id, duplicate_id),
        constraint uq_duplicate_pair unique (brand_id, one_id, other_id),
        constraint ck_duplicate_order check (one_id < other_id)
    )
    """,
    "create index ix_duplicate_probability on duplicate (brand_id, probability desc, duplicate_id)",
]

TABLES = ("never_merge", "duplicate_search", "duplicate")


def upgrade() -> None:
    """Add what takes merges apart and what finds those to be made, each new table behind the wall between brands."""
    for statement in [*MERGES, *IDENTITIES, *DUPLICATES]:
        op.execute(statement)
    for table in TABLES:
        for statement in guard(table):
            op.execute(statement)
