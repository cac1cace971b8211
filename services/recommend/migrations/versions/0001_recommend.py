"""Pieces, stock, what is known of taste, and assortments."""

from alembic import op

from infra.database import guard

revision = "0001"
down_revision = None

TABLES = {
    "piece": """
        create table piece (
            brand_id text not null,
            piece_code text not null,
            category text not null,
            collection text not null,
            name_zh text not null,
            name_en text not null,
            price_minor bigint not null,
            currency text not null,
            limited boolean not null,
            version int not null default 1,
            created_at timestamptz not null default now(),
            constraint pk_piece primary key (brand_id, piece_code),
            constraint ck_piece_price check (price_minor >= 0)
        )
    """,
    "stock": """
        create table stock (
            brand_id text not null,
            boutique_id uuid not null,
            piece_code text not null,
            quantity int not null,
            changed_at timestamptz not null,
            constraint pk_stock primary key (brand_id, boutique_id, piece_code),
            constraint ck_stock_quantity check (quantity >= 0)
        )
    """,
    "client_alias": """
        create table client_alias (
            brand_id text not null,
            client_id uuid not null,
            canonical_id uuid not null,
            constraint pk_client_alias primary key (brand_id, client_id)
        )
    """,
    "consent": """
        create table consent (
            brand_id text not null,
            client_id uuid not null,
            purpose text not null,
            granted boolean not null,
            decided_at timestamptz not null,
            constraint pk_consent primary key (brand_id, client_id, purpose)
        )
    """,
    "bought": """
        create table bought (
            brand_id text not null,
            purchase_id uuid not null,
            event_id uuid not null,
            client_id uuid,
            piece_code text not null,
            quantity int not null,
            purchased_at timestamptz not null,
            constraint pk_bought primary key (brand_id, purchase_id, event_id, piece_code)
        )
    """,
    "visit": """
        create table visit (
            brand_id text not null,
            appointment_id uuid not null,
            client_id uuid not null,
            boutique_id uuid not null,
            piece_code text,
            is_live boolean not null,
            constraint pk_visit primary key (brand_id, appointment_id)
        )
    """,
    "assortment": """
        create table assortment (
            brand_id text not null,
            assortment_id uuid not null,
            appointment_id uuid not null,
            client_id uuid not null,
            boutique_id uuid not null,
            personalised boolean not null,
            version int not null default 1,
            prepared_at timestamptz not null,
            constraint pk_assortment primary key (brand_id, assortment_id),
            constraint uq_assortment_appointment unique (brand_id, appointment_id)
        )
    """,
    "assortment_piece": """
        create table assortment_piece (
            brand_id text not null,
            assortment_id uuid not null,
            piece_code text not null,
            place int not null,
            pinned boolean not null,
            dropped boolean not null,
            reason text not null,
            reason_piece text,
            constraint pk_assortment_piece primary key (brand_id, assortment_id, piece_code)
        )
    """,
}
INDEXES = (
    "create index ix_bought_client on bought (brand_id, client_id)",
    "create index ix_bought_piece on bought (brand_id, piece_code)",
    "create index ix_bought_purchased_at on bought (brand_id, purchased_at)",
    "create index ix_visit_client on visit (brand_id, client_id)",
    "create index ix_client_alias_canonical on client_alias (brand_id, canonical_id)",
)


def upgrade() -> None:
    """Make the tables, each behind the brand's wall."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for index in INDEXES:
        op.execute(index)
