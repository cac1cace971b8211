"""Visits that wait for approval, proposals of another time, disruptions, deputies, and how a brand lets clients book."""

from alembic import op

from infra.database import guard

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = {
    # While a proposal is open, `occupation` has rows of kind hold under its id for what the visit does not occupy yet.
    "proposal": """
        create table proposal (
            brand_id text not null,
            proposal_id uuid not null,
            appointment_id uuid not null,
            client_id uuid not null,
            advisor_id uuid not null,
            second_advisor_id uuid,
            room_id uuid,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            assigned_for text not null,
            status text not null check (status in ('open', 'accepted', 'declined', 'expired', 'withdrawn')),
            because text not null,
            disruption_id uuid,
            alternatives jsonb not null,
            made_by text not null,
            created_at timestamptz not null,
            expires_at timestamptz not null,
            ended_at timestamptz,
            constraint pk_proposal primary key (brand_id, proposal_id),
            constraint fk_proposal_appointment foreign key (brand_id, appointment_id)
                references appointment (brand_id, appointment_id),
            constraint ck_proposal_times check (starts_at < ends_at),
            constraint ck_proposal_ended check ((status = 'open') = (ended_at is null))
        )
        """,
    "disruption": """
        create table disruption (
            brand_id text not null,
            disruption_id uuid not null,
            boutique_id uuid not null,
            advisor_id uuid,
            from_at timestamptz not null,
            to_at timestamptz not null,
            reason text not null,
            made_by text not null,
            created_at timestamptz not null,
            constraint pk_disruption primary key (brand_id, disruption_id),
            constraint fk_disruption_boutique foreign key (brand_id, boutique_id)
                references boutique (brand_id, boutique_id),
            constraint ck_disruption_times check (from_at < to_at)
        )
        """,
    "disrupted_visit": """
        create table disrupted_visit (
            brand_id text not null,
            disruption_id uuid not null,
            appointment_id uuid not null,
            client_id uuid not null,
            from_advisor_id uuid not null,
            starts_at timestamptz not null,
            outcome text not null check (outcome in ('reassigned', 'offered', 'nothing-free')),
            advisor_id uuid,
            proposal_id uuid,
            decided_at timestamptz not null,
            constraint pk_disrupted_visit primary key (brand_id, disruption_id, appointment_id),
            constraint fk_disrupted_visit_disruption foreign key (brand_id, disruption_id)
                references disruption (brand_id, disruption_id)
        )
        """,
    "booking_policy": """
        create table booking_policy (
            brand_id text not null,
            hold_minutes int not null check (hold_minutes between 1 and 30),
            most_holds int not null check (most_holds between 1 and 20),
            most_open int not null check (most_open between 1 and 100),
            no_shows int not null check (no_shows between 1 and 50),
            no_show_days int not null check (no_show_days between 1 and 1100),
            no_show_consequence text not null check (no_show_consequence in ('none', 'approval', 'boutique')),
            proposal_minutes int not null check (proposal_minutes between 15 and 20160),
            version int not null,
            constraint pk_booking_policy primary key (brand_id)
        )
        """,
    # Our copies of who stands in for whom, from profile.deputy-assigned and profile.book-deputy-assigned.
    "client_deputy": """
        create table client_deputy (
            brand_id text not null,
            client_id uuid not null,
            advisor_id uuid not null,
            from_at timestamptz not null,
            until_at timestamptz,
            constraint pk_client_deputy primary key (brand_id, client_id)
        )
        """,
    "book_deputy": """
        create table book_deputy (
            brand_id text not null,
            owner_advisor_id uuid not null,
            advisor_id uuid not null,
            from_at timestamptz not null,
            until_at timestamptz,
            constraint pk_book_deputy primary key (brand_id, owner_advisor_id)
        )
        """,
}
# Words that somebody wrote about a client are sealed: bytea.
STATEMENTS = (
    """
    alter table appointment
        add column mode text not null default 'in-person',
        add column second_advisor_id uuid,
        add column language text,
        add column occasion text,
        add column requests bytea,
        add column configuration bytea,
        add column answers bytea,
        add column link bytea,
        add column needs_approval_for text,
        add column decided_at timestamptz,
        add column decided_by text,
        add column refusal_reason bytea,
        add column overridden text[] not null default '{}',
        add column override_reason bytea,
        add column agreed_by text
    """,
    "alter table appointment drop constraint ck_appointment_status",
    """
    alter table appointment add constraint ck_appointment_status check (status in (
        'held', 'pending', 'confirmed', 'checked-in', 'completed', 'cancelled', 'refused', 'no-show', 'expired'
    ))
    """,
    "alter table appointment drop constraint ck_appointment_expires",
    """
    alter table appointment add constraint ck_appointment_expires
        check (status not in ('held', 'pending') or expires_at is not null)
    """,
    "alter table appointment add constraint ck_appointment_mode check (mode in ('in-person', 'video'))",
    """
    alter table appointment add constraint fk_appointment_second_advisor
        foreign key (brand_id, second_advisor_id) references advisor (brand_id, advisor_id)
    """,
    "create index ix_appointment_due on appointment (expires_at) where status in ('held', 'pending')",
    "drop index ix_appointment_expires_at",
    """
    create index ix_appointment_second_advisor on appointment (brand_id, second_advisor_id, starts_at)
        where second_advisor_id is not null
    """,
    "create unique index uq_proposal_open on proposal (brand_id, appointment_id) where status = 'open'",
    "create index ix_proposal_appointment_id on proposal (brand_id, appointment_id)",
    "create index ix_proposal_client_id on proposal (brand_id, client_id)",
    "create index ix_proposal_expires_at on proposal (expires_at) where status = 'open'",
    "create index ix_disruption_boutique on disruption (brand_id, boutique_id, created_at)",
    "create index ix_disrupted_visit_appointment_id on disrupted_visit (brand_id, appointment_id)",
    "create index ix_disrupted_visit_client_id on disrupted_visit (brand_id, client_id)",
    # Null is who was there before this was written down.
    "alter table advisor add column joined_at timestamptz",
    "alter table advisor alter column joined_at set default now()",
    "create index ix_client_deputy_advisor_id on client_deputy (brand_id, advisor_id)",
)


def upgrade() -> None:
    """Make the columns, and the tables behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in STATEMENTS:
        op.execute(statement)
