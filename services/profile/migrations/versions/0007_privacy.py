"""What clients ask for of their data, who has answered an erasing, and what must not be done with a restricted one."""

from alembic import op

from infra.database import guard

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = {
    "data_request": """
        create table data_request (
            brand_id text not null,
            request_id uuid not null,
            client_id uuid not null,
            kind text not null check (kind in ('access', 'copy', 'correct', 'restrict', 'erase')),
            status text not null check (status in ('received', 'verified', 'running', 'done', 'refused')),
            asked_by text not null,
            asked_at timestamptz not null,
            due_on date not null,
            verified_at timestamptz,
            started_at timestamptz,
            done_at timestamptz,
            refused_at timestamptz,
            reason bytea,
            version int not null default 1,
            constraint pk_data_request primary key (brand_id, request_id),
            constraint ck_data_request_done check ((status = 'done') = (done_at is not null)),
            constraint ck_data_request_refused check ((status = 'refused') = (refused_at is not null))
        )
        """,
    # One row per service from the start of an erasing; `erased_at` and `erased` once it has answered.
    "erasure_receipt": """
        create table erasure_receipt (
            brand_id text not null,
            request_id uuid not null,
            service text not null,
            asked_at timestamptz not null,
            erased_at timestamptz,
            erased jsonb,
            constraint pk_erasure_receipt primary key (brand_id, request_id, service),
            constraint ck_erasure_receipt_answered check ((erased_at is null) = (erased is null))
        )
        """,
    # By what an older system knew her: keyed digests, so that an import does not bring her back.
    "erased_identity": """
        create table erased_identity (
            brand_id text not null,
            kind text not null,
            system text not null,
            blind bytea not null,
            erased_at timestamptz not null,
            constraint pk_erased_identity primary key (brand_id, kind, system, blind)
        )
        """,
    "restriction": """
        create table restriction (
            brand_id text not null,
            client_id uuid not null,
            restricted_at timestamptz not null,
            constraint pk_restriction primary key (brand_id, client_id)
        )
        """,
}
INDEXES = (
    # Two requests of one kind at once: the second finds the first.
    """
    create unique index uq_data_request_open on data_request (brand_id, client_id, kind)
        where status in ('received', 'verified', 'running')
    """,
    "create index ix_data_request_client_id on data_request (brand_id, client_id, request_id desc)",
    "create index ix_data_request_status on data_request (brand_id, status, request_id)",
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in INDEXES:
        op.execute(statement)
