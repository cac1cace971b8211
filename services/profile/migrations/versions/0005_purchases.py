"""Purchases told in full (returns, exchanges, gifts, shares, channels, partial dates, claims, cash), and owned pieces."""

from alembic import op

from infra.database import guard

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PURCHASES = [
    # New columns without a default are added in no time, however many receipts there are.
    """
    alter table purchase
        add column channel text,
        add column purchased_in text,
        add column scan_ref text,
        add column payments jsonb,
        add column phone_blind bytea,
        add column masked_phone bytea,
        add constraint ck_purchase_channel check (channel in ('boutique', 'e-shop', 'overseas', 'remote', 'legacy')) not valid
    """,
    "create index ix_purchase_phone_blind on purchase (brand_id, phone_blind) where phone_blind is not null and client_id is null",
    """
    alter table purchase_line
        add column serial text,
        add column sale_pos text,
        add column sale_receipt text,
        add column sale_line int,
        add column exchange text,
        add column recipient_id uuid,
        add column category text,
        add column is_limited boolean
    """,
    "create index ix_purchase_line_sale on purchase_line (brand_id, sale_pos, sale_receipt, sale_line) where sale_pos is not null",
    "create index ix_purchase_line_serial on purchase_line (brand_id, serial) where serial is not null",
    "create index ix_purchase_line_with_serial on purchase_line (brand_id, purchase_id) where serial is not null",
    """
    create table purchase_share (
        brand_id text not null,
        purchase_id uuid not null,
        advisor_id uuid not null,
        share_bp int not null,
        constraint pk_purchase_share primary key (brand_id, purchase_id, advisor_id),
        constraint ck_purchase_share_part check (share_bp between 1 and 10000)
    )
    """,
    "create index ix_purchase_payments on purchase (brand_id, purchase_id) where payments is not null",
    """
    create table cash_flag (
        brand_id text not null,
        flag_id uuid not null,
        client_id uuid,
        purchase_id uuid,
        cash_on date not null,
        cash_minor bigint not null,
        flagged_at timestamptz not null,
        constraint pk_cash_flag primary key (brand_id, flag_id),
        constraint uq_cash_flag_client_day unique (brand_id, client_id, cash_on),
        constraint uq_cash_flag_purchase unique (brand_id, purchase_id),
        constraint ck_cash_flag_whose check ((client_id is null) <> (purchase_id is null))
    )
    """,
    """
    create table remote_sale (
        brand_id text not null,
        remote_sale_id uuid not null,
        client_id uuid not null,
        boutique_id uuid not null,
        piece_code text not null,
        price_minor bigint not null,
        currency text not null,
        status text not null check (status in ('reserved', 'link-sent', 'paid', 'shipped', 'received', 'cancelled', 'returned')),
        link bytea,
        courier text,
        tracking bytea,
        actor text not null,
        reserved_at timestamptz not null,
        changed_at timestamptz not null,
        version int not null default 1,
        constraint pk_remote_sale primary key (brand_id, remote_sale_id)
    )
    """,
    "create index ix_remote_sale_client_id on remote_sale (brand_id, client_id, remote_sale_id desc)",
    # Attempts at claiming, by a blind of who tries or of the receipt that is tried.
    """
    create table claim_attempt (
        brand_id text not null,
        who bytea not null,
        began_at timestamptz not null,
        tried int not null,
        constraint pk_claim_attempt primary key (brand_id, who)
    )
    """,
    "alter table boutique add column boutique_type text",
]

PIECES = [
    """
    create table owned_piece (
        brand_id text not null,
        piece_id uuid not null,
        serial text not null,
        client_id uuid,
        piece_code text,
        certificate text,
        warranty_until date,
        care_guide text,
        entered_at timestamptz not null,
        version int not null default 1,
        constraint pk_owned_piece primary key (brand_id, piece_id),
        constraint uq_owned_piece_serial unique (brand_id, serial)
    )
    """,
    "create index ix_owned_piece_client_id on owned_piece (brand_id, client_id, piece_id) where client_id is not null",
    # Who came to own it, and how. A line of a receipt is one change, however often it is told.
    """
    create table piece_change (
        brand_id text not null,
        change_id uuid not null,
        piece_id uuid not null,
        kind text not null check (kind in ('bought', 'returned', 'entered', 'given', 'sold', 'inherited')),
        client_id uuid,
        changed_at timestamptz not null,
        actor text not null,
        purchase_id uuid,
        line int,
        constraint pk_piece_change primary key (brand_id, change_id),
        constraint uq_piece_change_line unique (brand_id, purchase_id, line)
    )
    """,
    "create index ix_piece_change_piece_id on piece_change (brand_id, piece_id, changed_at)",
    """
    create table piece_service (
        brand_id text not null,
        service_id uuid not null,
        piece_id uuid not null,
        kind text not null check (kind in ('repair', 'care', 'resize', 'engrave', 'check', 'exchange')),
        served_on date not null,
        note bytea,
        actor text not null,
        entered_at timestamptz not null,
        constraint pk_piece_service primary key (brand_id, service_id)
    )
    """,
    "create index ix_piece_service_piece_id on piece_service (brand_id, piece_id, served_on desc)",
]

TABLES = ("purchase_share", "cash_flag", "remote_sale", "claim_attempt", "owned_piece", "piece_change", "piece_service")


def upgrade() -> None:
    """Widen what is kept of a receipt, and make the pieces' tables, each behind the wall between brands."""
    for statement in [*PURCHASES, *PIECES]:
        op.execute(statement)
    for table in TABLES:
        for statement in guard(table):
            op.execute(statement)
