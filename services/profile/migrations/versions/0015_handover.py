"""Books: what advisors can bear, deputies, development and contact plans; and books that are handed over."""

from alembic import op

from infra.database import guard

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = {
    "book_policy": """
        create table book_policy (
            brand_id text not null,
            soft int not null,
            hard int not null,
            counted text[] not null,
            first_contact_days int not null,
            version int not null,
            constraint pk_book_policy primary key (brand_id),
            constraint ck_book_policy_order check (0 < soft and soft <= hard)
        )
        """,
    "client_deputy": """
        create table client_deputy (
            brand_id text not null,
            client_id uuid not null,
            advisor_id uuid not null,
            from_at timestamptz not null,
            until_at timestamptz,
            set_by text not null,
            constraint pk_client_deputy primary key (brand_id, client_id),
            constraint ck_client_deputy_order check (until_at > from_at)
        )
        """,
    # For the whole book of somebody who is away.
    "book_deputy": """
        create table book_deputy (
            brand_id text not null,
            owner_advisor_id uuid not null,
            advisor_id uuid not null,
            from_at timestamptz not null,
            until_at timestamptz not null,
            set_by text not null,
            constraint pk_book_deputy primary key (brand_id, owner_advisor_id),
            constraint ck_book_deputy_order check (until_at > from_at),
            constraint ck_book_deputy_other check (advisor_id <> owner_advisor_id)
        )
        """,
    "client_plan": """
        create table client_plan (
            brand_id text not null,
            client_id uuid not null,
            stage text check (stage in ('watching', 'developing', 'ready')),
            next_step bytea,
            every_weeks int,
            next_contact_on date,
            changed_by text not null,
            changed_at timestamptz not null,
            version int not null default 1,
            constraint pk_client_plan primary key (brand_id, client_id),
            constraint ck_client_plan_contact check ((every_weeks is null) = (next_contact_on is null))
        )
        """,
    "handover": """
        create table handover (
            brand_id text not null,
            handover_id uuid not null,
            from_advisor_id uuid not null,
            boutique_id uuid not null,
            reason text not null check (reason in ('left', 'moved', 'leave', 'balance')),
            rule jsonb not null,
            status text not null check (status in ('planned', 'started', 'completed', 'undone')),
            first_contact_on date,
            planned_by text not null,
            planned_at timestamptz not null,
            started_at timestamptz,
            ended_at timestamptz,
            version int not null default 1,
            constraint pk_handover primary key (brand_id, handover_id)
        )
        """,
    # `was_` is her row of client_owner before. `wecom` is how far her contact has come in WeCom, `wecom_way` where to.
    "handover_client": """
        create table handover_client (
            brand_id text not null,
            handover_id uuid not null,
            client_id uuid not null,
            entry_id uuid not null default gen_random_uuid(),
            advisor_id uuid,
            boutique_id uuid,
            is_counted boolean not null,
            reasons text[] not null,
            state text not null check (state in ('planned', 'moved', 'left-out', 'back', 'kept')),
            left_out_for text,
            was_boutique_id uuid,
            was_assigned_at timestamptz,
            was_inherited_from uuid,
            contacted_at timestamptz,
            farewell bytea,
            introduction bytea,
            wecom text not null default 'none' check (wecom in ('none', 'queued', 'submitting', 'waiting', 'done',
                'refused', 'limit-reached', 'failed', 'withdrawn')),
            wecom_way text not null default 'out' check (wecom_way in ('out', 'back')),
            wecom_is_resigned boolean not null default false,
            wecom_returns boolean not null default false,
            wecom_code int,
            wecom_tries int not null default 0,
            wecom_due_at timestamptz,
            constraint pk_handover_client primary key (brand_id, handover_id, client_id),
            constraint ck_handover_client_place check ((advisor_id is null) = (boutique_id is null))
        )
        """,
}
STATEMENTS = (
    "alter table advisor add column languages text[] not null default '{}', add column skills text[] not null default '{}', add column wecom_userid text, add column absent_from_on date, add column absent_until_on date, add column left_at timestamptz",
    "create index ix_advisor_boutique_id on advisor (brand_id, boutique_id)",
    "create index ix_client_deputy_advisor_id on client_deputy (brand_id, advisor_id)",
    "create index ix_book_deputy_advisor_id on book_deputy (brand_id, advisor_id)",
    # One handover of a book at a time: who comes second is told of the first.
    "create unique index uq_handover_open on handover (brand_id, from_advisor_id) where status in ('planned', 'started')",
    "create index ix_handover_boutique_id on handover (brand_id, boutique_id, handover_id desc)",
    "create index ix_handover_client_client_id on handover_client (brand_id, client_id)",
    "create index ix_handover_client_wecom on handover_client (wecom_due_at) where wecom in ('queued', 'submitting', 'waiting')",
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands, and what is known of advisors."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in STATEMENTS:
        op.execute(statement)
