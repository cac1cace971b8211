"""What advisors have to do: tasks, what came of them, and how the house wants them."""

from alembic import op

from infra.database import guard

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = {
    # `wanted_on` is the day it was opened for and promised by; `due_on` is that day, or the one it was put off to, or a
    # later one because she is to be thanked first.
    "task": """
        create table task (
            brand_id text not null,
            task_id uuid not null,
            kind text not null check (kind in ('thank-you', 'after-sales-call', 'birthday', 'day-that-matters', 'festival',
                'lapse', 'handover', 'recovery', 'contact-plan', 'call', 'campaign', 'by-hand')),
            key text not null,
            client_id uuid not null,
            advisor_id uuid,
            boutique_id uuid,
            subject_id uuid,
            is_offer boolean not null,
            follows_owner boolean not null,
            words bytea,
            wanted_on date not null,
            put_off_to date,
            due_on date not null,
            over_on date not null,
            status text not null check (status in ('open', 'done', 'given-up', 'over', 'cancelled')),
            reason text,
            attempts int not null default 0,
            outcome text,
            opened_by text not null,
            opened_at timestamptz not null,
            closed_at timestamptz,
            version int not null default 1,
            constraint pk_task primary key (brand_id, task_id),
            constraint uq_task_key unique (brand_id, kind, key),
            constraint ck_task_closed check ((status = 'open') = (closed_at is null)),
            constraint ck_task_reason check ((status = 'cancelled') = (reason is not null))
        )
        """,
    # Each time somebody tried: what came of it.
    "task_outcome": """
        create table task_outcome (
            brand_id text not null,
            outcome_id uuid not null,
            task_id uuid not null,
            client_id uuid not null,
            outcome text not null check (outcome in ('reached', 'left-word', 'replied', 'not-reached', 'not-wanted')),
            note bytea,
            advisor_id uuid,
            boutique_id uuid,
            given_by text not null,
            given_at timestamptz not null,
            given_on date not null,
            constraint pk_task_outcome primary key (brand_id, outcome_id)
        )
        """,
    # Which tasks a handover took from whom, so that its undoing gives back exactly those.
    "task_move": """
        create table task_move (
            brand_id text not null,
            handover_id uuid not null,
            task_id uuid not null,
            from_advisor_id uuid not null,
            from_boutique_id uuid,
            constraint pk_task_move primary key (brand_id, handover_id, task_id)
        )
        """,
    "task_policy": """
        create table task_policy (
            brand_id text not null,
            settings jsonb not null,
            version int not null,
            constraint pk_task_policy primary key (brand_id)
        )
        """,
    # A day's look at every client of a book: how far it has come.
    "task_round": """
        create table task_round (
            brand_id text not null,
            round_on date not null,
            after uuid not null,
            ended_at timestamptz,
            constraint pk_task_round primary key (brand_id, round_on)
        )
        """,
}
OTHERS = (
    "create index ix_task_advisor_id on task (brand_id, advisor_id, due_on, task_id) where status = 'open'",
    "create index ix_task_boutique_id on task (brand_id, boutique_id, due_on, task_id) where status = 'open'",
    "create index ix_task_due_on on task (brand_id, due_on, task_id) where status = 'open'",
    "create index ix_task_over_on on task (brand_id, over_on) where status = 'open'",
    "create index ix_task_client_id on task (brand_id, client_id, kind)",
    "create index ix_task_wanted_on on task (brand_id, wanted_on)",
    "create index ix_task_subject_id on task (brand_id, subject_id) where subject_id is not null",
    "create index ix_task_outcome_task_id on task_outcome (brand_id, task_id)",
    "create index ix_task_outcome_client_id on task_outcome (brand_id, client_id)",
    "create index ix_task_outcome_given_on on task_outcome (brand_id, given_on)",
    "create index ix_task_move_task_id on task_move (brand_id, task_id)",
    # Reports go by region, and a boutique's working days by its own clock.
    "alter table boutique add column if not exists region_id uuid",
    "alter table boutique add column if not exists zone text",
    "create index ix_boutique_boutique_id on boutique (brand_id, boutique_id)",
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in OTHERS:
        op.execute(statement)
