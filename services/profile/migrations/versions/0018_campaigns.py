"""Campaigns that advisors carry out, and what became of every client of their lists."""

from alembic import op

from infra.database import guard

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = {
    # `asked_by` is whose rights say who is in the list; `after` is how far the list has been gone through.
    "campaign": """
        create table campaign (
            brand_id text not null,
            campaign_id uuid not null,
            list_id uuid not null,
            name text not null,
            purpose text not null check (purpose in ('service', 'marketing')),
            words bytea not null,
            pieces text[] not null,
            due_on date not null,
            closes_on date not null,
            attribution_days int not null,
            control_bp int not null check (control_bp between 0 and 5000),
            status text not null check (status in ('draft', 'opening', 'running', 'closed', 'stopped')),
            fault text,
            asked_by jsonb not null,
            created_by text not null,
            created_at timestamptz not null,
            started_at timestamptz,
            ended_at timestamptz,
            after uuid not null,
            constraint pk_campaign primary key (brand_id, campaign_id),
            constraint ck_campaign_window check (due_on <= closes_on),
            constraint ck_campaign_started check ((status = 'draft') = (started_at is null))
        )
        """,
    "campaign_member": """
        create table campaign_member (
            brand_id text not null,
            campaign_id uuid not null,
            client_id uuid not null,
            fate text not null check (fate in ('task', 'control', 'refused', 'asked-already', 'nobody', 'left-alone')),
            reason text,
            task_id uuid,
            constraint pk_campaign_member primary key (brand_id, campaign_id, client_id),
            constraint ck_campaign_member_task check ((fate = 'task') = (task_id is not null)),
            constraint ck_campaign_member_reason check ((fate = 'refused') = (reason is not null))
        )
        """,
}
OTHERS = (
    "create index ix_campaign_status on campaign (status, started_at) where status in ('opening', 'running')",
    "create index ix_campaign_member_client_id on campaign_member (brand_id, client_id)",
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in OTHERS:
        op.execute(statement)
