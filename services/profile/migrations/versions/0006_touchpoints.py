"""Contacts that other systems and people report, and what she wishes for."""

from alembic import op

from infra.database import guard

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Apart from `touchpoint`, which a replay empties and fills anew from the facts: nothing but these rows knows of them.
REPORTED = [
    """
    create table reported_contact (
        brand_id text not null,
        contact_id uuid not null,
        system text not null,
        ref bytea not null,
        client_id uuid not null,
        kind text not null,
        occurred_at timestamptz not null,
        boutique_id uuid,
        advisor_id uuid,
        piece_code text,
        why_not text,
        appointment_id uuid,
        reported_at timestamptz not null,
        constraint pk_reported_contact primary key (brand_id, contact_id),
        constraint uq_reported_contact_ref unique (brand_id, system, ref)
    )
    """,
    "create index ix_reported_contact_client_id on reported_contact (brand_id, client_id, occurred_at desc, contact_id desc)",
    "create index ix_reported_contact_kind on reported_contact (brand_id, kind, occurred_at)",
    "create index ix_reported_contact_appointment_id on reported_contact (brand_id, appointment_id) where appointment_id is not null",
]
WISHES = [
    """
    create table wish (
        brand_id text not null,
        wish_id uuid not null,
        client_id uuid not null,
        piece_code text not null,
        boutique_id uuid,
        noted_by text not null,
        noted_at timestamptz not null,
        closed_at timestamptz,
        closed_as text check (closed_as in ('fulfilled', 'dropped')),
        constraint pk_wish primary key (brand_id, wish_id),
        constraint ck_wish_closed check ((closed_at is null) = (closed_as is null))
    )
    """,
    "create index ix_wish_client_id on wish (brand_id, client_id, noted_at desc, wish_id desc)",
    "create unique index uq_wish_open on wish (brand_id, client_id, piece_code) where closed_at is null",
]


def upgrade() -> None:
    """Make both tables, behind the wall between brands."""
    for statement in [*REPORTED, *WISHES]:
        op.execute(statement)
    for table in ("reported_contact", "wish"):
        for statement in guard(table):
            op.execute(statement)
