"""Loyalty: the ledger of points, cards of a limited number with their waiting lists, privileges."""

from alembic import op

from infra.database import guard

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

POINTS = [
    # What earns how much. `spend`, `store_types` and `engagement` are lists as the API has them.
    """
    create table loyalty_policy (
        brand_id text not null,
        since_on date not null,
        expiry_months int check (expiry_months between 1 and 120),
        spend jsonb not null,
        store_types jsonb not null,
        engagement jsonb not null,
        version int not null,
        constraint pk_loyalty_policy primary key (brand_id)
    )
    """,
    # Only ever added to. `number` is the order in which an account's entries count: it is drawn under the account's
    # lock. `lot_id` is the entry whose points this one takes away first. Each line of a receipt has its entries
    # numbered (`nth`), each kind of contact earns once a day: so nothing is entered twice, whoever tries.
    """
    create table points_entry (
        brand_id text not null,
        entry_id uuid not null,
        number bigint generated always as identity,
        client_id uuid not null,
        kind text not null check (kind in ('earned', 'engaged', 'returned', 'restored', 'spent', 'adjusted', 'expired')),
        points bigint not null check (points <> 0),
        entered_at timestamptz not null,
        expires_on date,
        lot_id uuid,
        purchase_id uuid,
        line int,
        nth int,
        contact text,
        contact_on date,
        reason bytea,
        actor text,
        constraint pk_points_entry primary key (brand_id, entry_id),
        constraint uq_points_entry_line unique (brand_id, purchase_id, line, nth),
        constraint uq_points_entry_contact unique (brand_id, client_id, contact, contact_on),
        constraint ck_points_entry_line check ((purchase_id is null) = (line is null) and (line is null) = (nth is null)),
        constraint ck_points_entry_contact check ((contact is null) = (contact_on is null)),
        constraint ck_points_entry_actor check ((kind in ('spent', 'adjusted')) = (actor is not null)),
        constraint ck_points_entry_expires check (expires_on is null or points > 0)
    )
    """,
    "create index ix_points_entry_client_id on points_entry (brand_id, client_id, number desc)",
    "create index ix_points_entry_lot_id on points_entry (brand_id, lot_id) where lot_id is not null",
    """
    create function points_entry_stays() returns trigger language plpgsql as $$
    begin
        raise exception 'the ledger of points is only added to' using errcode = 'insufficient_privilege';
    end
    $$
    """,
    "create trigger points_entry_stays before update on points_entry for each row execute function points_entry_stays()",
    # What the entries come to, by record; `due_on` is no later than the day on which something of it expires next.
    """
    create table points_account (
        brand_id text not null,
        client_id uuid not null,
        points bigint not null,
        due_on date,
        constraint pk_points_account primary key (brand_id, client_id)
    )
    """,
    "create index ix_points_account_due_on on points_account (due_on) where due_on is not null",
]

CARDS = [
    """
    create table card_tier (
        brand_id text not null,
        tier_id uuid not null,
        name text not null,
        rank int not null,
        cap int not null check (cap between 0 and 1000000),
        valid_months int check (valid_months between 1 and 120),
        offer_days int not null check (offer_days between 1 and 90),
        segments text[] not null,
        points_at_least bigint check (points_at_least > 0),
        is_automatic boolean not null,
        version int not null default 1,
        constraint pk_card_tier primary key (brand_id, tier_id),
        constraint uq_card_tier_name unique (brand_id, name),
        constraint ck_card_tier_automatic check (
            not is_automatic or cardinality(segments) > 0 or points_at_least is not null
        )
    )
    """,
    """
    create table card (
        brand_id text not null,
        card_id uuid not null,
        tier_id uuid not null,
        client_id uuid not null,
        issued_at timestamptz not null,
        issued_by text not null,
        expires_on date,
        ended_at timestamptz,
        ended_as text check (ended_as in ('returned', 'expired')),
        constraint pk_card primary key (brand_id, card_id),
        constraint ck_card_ended check ((ended_at is null) = (ended_as is null))
    )
    """,
    "create unique index uq_card_standing on card (brand_id, tier_id, client_id) where ended_at is null",
    "create index ix_card_client_id on card (brand_id, client_id, card_id desc)",
    "create index ix_card_expires_on on card (expires_on) where ended_at is null and expires_on is not null",
    """
    create table card_wait (
        brand_id text not null,
        wait_id uuid not null,
        number bigint generated always as identity,
        tier_id uuid not null,
        client_id uuid not null,
        status text not null check (status in ('waiting', 'offered', 'taken', 'lapsed', 'left')),
        joined_at timestamptz not null,
        joined_by text not null,
        offered_at timestamptz,
        offer_until timestamptz,
        constraint pk_card_wait primary key (brand_id, wait_id),
        constraint ck_card_wait_offered check (status <> 'offered' or offer_until is not null)
    )
    """,
    "create unique index uq_card_wait_open on card_wait (brand_id, tier_id, client_id) where status in ('waiting', 'offered')",
    "create index ix_card_wait_order on card_wait (brand_id, tier_id, number) where status in ('waiting', 'offered')",
    "create index ix_card_wait_client_id on card_wait (brand_id, client_id)",
    "create index ix_card_wait_offer_until on card_wait (offer_until) where status = 'offered'",
]

PRIVILEGES = [
    """
    create table privilege (
        brand_id text not null,
        privilege_id uuid not null,
        kind text not null check (kind in ('priority-list', 'gift', 'greeting')),
        name text not null,
        piece_code text,
        quantity int check (quantity between 0 and 1000000),
        order_rule text check (order_rule in ('first-come', 'segment', 'points')),
        deadline_at timestamptz,
        created_at timestamptz not null,
        closed_at timestamptz,
        version int not null default 1,
        constraint pk_privilege primary key (brand_id, privilege_id),
        constraint ck_privilege_quantity check ((kind = 'greeting') = (quantity is null)),
        constraint ck_privilege_order_rule check ((kind = 'priority-list') = (order_rule is not null)),
        constraint ck_privilege_deadline check (kind <> 'priority-list' or deadline_at is not null)
    )
    """,
    """
    create table privilege_grant (
        brand_id text not null,
        grant_id uuid not null,
        number bigint generated always as identity,
        privilege_id uuid not null,
        client_id uuid not null,
        status text not null check (status in ('listed', 'granted', 'handed-over', 'withdrawn')),
        listed_at timestamptz not null,
        listed_by text not null,
        granted_at timestamptz,
        handed_over_at timestamptz,
        handed_over_by text,
        constraint pk_privilege_grant primary key (brand_id, grant_id),
        constraint ck_privilege_grant_handed_over check (status <> 'handed-over' or handed_over_at is not null)
    )
    """,
    "create unique index uq_privilege_grant_open on privilege_grant (brand_id, privilege_id, client_id) where status <> 'withdrawn'",
    "create index ix_privilege_grant_order on privilege_grant (brand_id, privilege_id, number)",
    "create index ix_privilege_grant_client_id on privilege_grant (brand_id, client_id)",
]

TABLES = (
    "loyalty_policy",
    "points_entry",
    "points_account",
    "card_tier",
    "card",
    "card_wait",
    "privilege",
    "privilege_grant",
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for statement in [*POINTS, *CARDS, *PRIVILEGES]:
        op.execute(statement)
    for table in TABLES:
        for statement in guard(table):
            op.execute(statement)
