"""Everyone who enters: visits, the door's turns, numbers entered by hand, receipts beside them, and no-show fits."""

from alembic import op

from infra.database import guard

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = {
    # One row for everyone who enters. `on_day` is the day by the boutique's clock, `turn` her number in it.
    "visit": """
        create table visit (
            brand_id text not null,
            visit_id uuid not null,
            boutique_id uuid not null,
            on_day date not null,
            turn int not null,
            status text not null check (status in ('inside', 'waiting', 'served', 'left')),
            arrived_at timestamptz not null,
            appointment_id uuid,
            client_id uuid,
            advisor_id uuid,
            party_size int check (party_size between 1 and 20),
            home_city text,
            visits_this_month text check (visits_this_month in ('1', '2-3', '4+')),
            called_at timestamptz,
            telling text check (telling in ('due', 'taken', 'refused', 'given-up')),
            served_at timestamptz,
            served_by uuid,
            left_at timestamptz,
            left_how text check (left_how in ('recorded', 'after-closing')),
            version int not null,
            constraint pk_visit primary key (brand_id, visit_id),
            constraint uq_visit_turn unique (brand_id, boutique_id, on_day, turn),
            constraint uq_visit_appointment_id unique (brand_id, appointment_id),
            constraint fk_visit_boutique foreign key (brand_id, boutique_id) references boutique (brand_id, boutique_id),
            constraint ck_visit_left check ((status = 'left') = (left_at is not null) and (left_at is null) = (left_how is null)),
            constraint ck_visit_stay check (left_at >= arrived_at)
        )
        """,
    # The last turn given out: its row lock is the queue's order.
    "door_day": """
        create table door_day (
            brand_id text not null,
            boutique_id uuid not null,
            on_day date not null,
            turns int not null,
            constraint pk_door_day primary key (brand_id, boutique_id, on_day)
        )
        """,
    # What a manager said of a stretch of the day afterwards; in minutes after midnight on the boutique's wall.
    "visit_tally": """
        create table visit_tally (
            brand_id text not null,
            boutique_id uuid not null,
            on_day date not null,
            starts int not null check (starts between 0 and 1439),
            ends int not null check (ends between 1 and 1440),
            entries int not null check (entries between 0 and 100000),
            entered_by text not null,
            entered_at timestamptz not null,
            version int not null,
            constraint pk_visit_tally primary key (brand_id, boutique_id, on_day, starts)
        )
        """,
    # Our copy of receipts, from profile's facts alone: how many pieces each fact says were sold.
    "sale": """
        create table sale (
            brand_id text not null,
            event_id uuid not null,
            purchase_id uuid not null,
            client_id uuid,
            boutique_id uuid,
            purchased_at timestamptz not null,
            sold int not null,
            constraint pk_sale primary key (brand_id, event_id)
        )
        """,
    # What came of fitting who comes; numbers of the model alone.
    "no_show_fit": """
        create table no_show_fit (
            brand_id text not null,
            fitted_at timestamptz not null,
            appointments int not null,
            unusable text,
            parameters jsonb not null,
            measures jsonb not null,
            constraint pk_no_show_fit primary key (brand_id, fitted_at)
        )
        """,
}
INDEXES = (
    "create index ix_visit_client_id on visit (brand_id, client_id) where client_id is not null",
    "create index ix_visit_here on visit (arrived_at) where status <> 'left'",
    "create index ix_visit_telling on visit (called_at) where telling = 'due'",
    "create index ix_sale_purchase_id on sale (brand_id, purchase_id)",
    "create index ix_sale_boutique_purchased on sale (brand_id, boutique_id, purchased_at)",
    "create index ix_sale_client_id on sale (brand_id, client_id) where client_id is not null",
)


def upgrade() -> None:
    """Make the tables, behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in INDEXES:
        op.execute(statement)
