"""Staff as HR knows them: who is away, who has left; and visits that follow a client to her new advisor."""

from alembic import op

from infra.database import guard

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What became of a visit to come when its client was handed over, so that an undo finds it.
REASSIGNMENT = """
create table reassignment (
    brand_id text not null,
    handover_id uuid not null,
    appointment_id uuid not null,
    client_id uuid not null,
    from_advisor_id uuid not null,
    advisor_id uuid not null,
    outcome text not null check (outcome in ('reassigned', 'kept', 'returned', 'not-returned')),
    reason text,
    assigned_for text not null,
    starts_at timestamptz not null,
    decided_at timestamptz not null,
    constraint pk_reassignment primary key (brand_id, handover_id, appointment_id)
)
"""
STATEMENTS = (
    "alter table advisor add column employee_number text, add column wecom_userid text, add column absent_from date, add column absent_until date, add column left_at timestamptz",
    "alter table advisor add constraint ck_advisor_absent check (absent_until is null or absent_from is not null)",
    "create unique index uq_advisor_employee_number on advisor (brand_id, employee_number)",
    "create unique index uq_advisor_wecom_userid on advisor (brand_id, wecom_userid)",
    "create index ix_reassignment_appointment_id on reassignment (brand_id, appointment_id)",
    "create index ix_reassignment_client_id on reassignment (brand_id, client_id)",
)


def upgrade() -> None:
    """Make the columns, and the table behind the wall between brands."""
    op.execute(REASSIGNMENT)
    for wall in guard("reassignment"):
        op.execute(wall)
    for statement in STATEMENTS:
        op.execute(statement)
