"""Surveys, journeys, invitations, answers and work orders."""

from alembic import op

from infra.database import guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SURVEY = """
create table survey (
    brand_id text not null,
    survey_id uuid not null,
    code text not null,
    version int not null,
    status text not null,
    title jsonb not null,
    questions jsonb not null,
    created_at timestamptz not null,
    published_at timestamptz,
    constraint pk_survey primary key (brand_id, survey_id),
    constraint uq_survey_code_version unique (brand_id, code, version),
    constraint ck_survey_status check (status in ('draft', 'published')),
    constraint ck_survey_published check ((status = 'published') = (published_at is not null))
)
"""

JOURNEY = """
create table journey (
    brand_id text not null,
    journey_id uuid not null,
    name text not null,
    created_at timestamptz not null,
    constraint pk_journey primary key (brand_id, journey_id)
)
"""

JOURNEY_STEP = """
create table journey_step (
    brand_id text not null,
    journey_id uuid not null,
    trigger text not null,
    survey_id uuid not null,
    delay_minutes int not null,
    constraint pk_journey_step primary key (brand_id, journey_id, trigger),
    constraint fk_journey_step_journey foreign key (brand_id, journey_id) references journey,
    constraint fk_journey_step_survey foreign key (brand_id, survey_id) references survey,
    constraint ck_journey_step_delay check (delay_minutes >= 0)
)
"""

BOUTIQUE = """
create table boutique (
    brand_id text not null,
    boutique_id uuid not null,
    zone text not null,
    name_zh text not null,
    name_en text not null,
    constraint pk_boutique primary key (brand_id, boutique_id)
)
"""

CLIENT_ALIAS = """
create table client_alias (
    brand_id text not null,
    client_id uuid not null,
    canonical_id uuid not null,
    constraint pk_client_alias primary key (brand_id, client_id)
)
"""

INVITATION = """
create table invitation (
    brand_id text not null,
    invitation_id uuid not null,
    cause_id uuid not null,
    trigger text not null,
    survey_id uuid not null,
    client_id uuid not null,
    boutique_id uuid not null,
    advisor_id uuid,
    appointment_id uuid,
    work_order_id uuid,
    status text not null,
    reason text,
    touched_at timestamptz not null,
    due_at timestamptz not null,
    expires_at timestamptz not null,
    token_hash bytea not null,
    token bytea,
    attempts int not null,
    next_attempt_at timestamptz not null,
    sent_at timestamptz,
    answered_at timestamptz,
    constraint pk_invitation primary key (brand_id, invitation_id),
    constraint uq_invitation_cause_id unique (brand_id, cause_id),
    constraint uq_invitation_token_hash unique (brand_id, token_hash),
    constraint fk_invitation_survey foreign key (brand_id, survey_id) references survey,
    constraint ck_invitation_status check (status in ('scheduled', 'due', 'sent', 'refused', 'answered', 'expired')),
    constraint ck_invitation_reason check ((status = 'refused') = (reason is not null)),
    constraint ck_invitation_token check ((token is not null) = (status in ('scheduled', 'due')))
)
"""

INVITATION_MESSAGE = """
create table invitation_message (
    brand_id text not null,
    message_id uuid not null,
    invitation_id uuid,
    reason text,
    constraint pk_invitation_message primary key (brand_id, message_id),
    constraint fk_invitation_message_invitation foreign key (brand_id, invitation_id) references invitation,
    constraint ck_invitation_message_known check (invitation_id is not null or reason is not null)
)
"""

ANSWER = """
create table answer (
    brand_id text not null,
    answer_id uuid not null,
    invitation_id uuid not null,
    survey_id uuid not null,
    client_id uuid not null,
    boutique_id uuid not null,
    advisor_id uuid,
    appointment_id uuid,
    work_order_id uuid,
    score smallint not null,
    replies jsonb not null,
    words bytea,
    answered_at timestamptz not null,
    constraint pk_answer primary key (brand_id, answer_id),
    constraint uq_answer_invitation_id unique (brand_id, invitation_id),
    constraint fk_answer_invitation foreign key (brand_id, invitation_id) references invitation,
    constraint ck_answer_score check (score between 0 and 10)
)
"""

ADVISOR = """
create table advisor (
    brand_id text not null,
    advisor_id uuid not null,
    boutique_id uuid not null,
    constraint pk_advisor primary key (brand_id, advisor_id, boutique_id)
)
"""

SLA_POLICY = """
create table sla_policy (
    brand_id text not null,
    severity text not null,
    at_most_score smallint not null,
    respond_within_minutes int not null,
    resolve_within_minutes int not null,
    version int not null,
    constraint pk_sla_policy primary key (brand_id, severity),
    constraint ck_sla_policy_severity check (severity in ('high', 'medium')),
    constraint ck_sla_policy_minutes check (0 < respond_within_minutes and respond_within_minutes <= resolve_within_minutes)
)
"""

WORK_ORDER = """
create table work_order (
    brand_id text not null,
    work_order_id uuid not null,
    client_id uuid not null,
    boutique_id uuid not null,
    advisor_id uuid,
    appointment_id uuid,
    answer_id uuid,
    score smallint,
    words bytea,
    severity text not null,
    status text not null,
    assignee_id uuid,
    policy_version int not null,
    respond_within_minutes int not null,
    resolve_within_minutes int not null,
    opened_at timestamptz not null,
    started_at timestamptz not null,
    respond_due_at timestamptz not null,
    due_at timestamptz not null,
    responded_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    resolution bytea,
    cause text,
    follows_id uuid,
    followed_by_id uuid,
    loop_answer_id uuid,
    loop_score smallint,
    loop_closed_at timestamptz,
    recovered boolean,
    version int not null,
    constraint pk_work_order primary key (brand_id, work_order_id),
    constraint uq_work_order_answer_id unique (brand_id, answer_id),
    constraint ck_work_order_status check (status in ('open', 'assigned', 'in-progress', 'resolved', 'closed')),
    constraint ck_work_order_closed check ((status = 'closed') = (closed_at is not null)),
    constraint ck_work_order_resolved check ((status in ('resolved', 'closed')) = (resolved_at is not null)),
    constraint ck_work_order_loop check ((loop_closed_at is null) = (recovered is null))
)
"""

WORK_ORDER_STEP = """
create table work_order_step (
    brand_id text not null,
    work_order_id uuid not null,
    step_id uuid not null,
    step text not null,
    status text not null,
    subject text not null,
    taken_at timestamptz not null,
    constraint pk_work_order_step primary key (brand_id, work_order_id, step_id),
    constraint fk_work_order_step_work_order foreign key (brand_id, work_order_id) references work_order
)
"""

WORK_ORDER_NOTE = """
create table work_order_note (
    brand_id text not null,
    work_order_id uuid not null,
    note_id uuid not null,
    text bytea not null,
    subject text not null,
    written_at timestamptz not null,
    constraint pk_work_order_note primary key (brand_id, work_order_id, note_id),
    constraint fk_work_order_note_work_order foreign key (brand_id, work_order_id) references work_order
)
"""

TABLES = {
    "survey": SURVEY,
    "journey": JOURNEY,
    "journey_step": JOURNEY_STEP,
    "boutique": BOUTIQUE,
    "client_alias": CLIENT_ALIAS,
    "invitation": INVITATION,
    "invitation_message": INVITATION_MESSAGE,
    "answer": ANSWER,
    "advisor": ADVISOR,
    "sla_policy": SLA_POLICY,
    "work_order": WORK_ORDER,
    "work_order_step": WORK_ORDER_STEP,
    "work_order_note": WORK_ORDER_NOTE,
}

INDEXES = (
    "create index ix_journey_step_trigger on journey_step (brand_id, trigger, journey_id desc)",
    "create index ix_client_alias_canonical_id on client_alias (brand_id, canonical_id)",
    "create index ix_invitation_waiting on invitation (next_attempt_at) where status in ('scheduled', 'due')",
    "create index ix_invitation_expires_at on invitation (expires_at) where status in ('scheduled', 'due', 'sent')",
    "create index ix_invitation_work_order_id on invitation (brand_id, work_order_id) where work_order_id is not null",
    "create index ix_answer_boutique_id on answer (brand_id, boutique_id, answer_id desc)",
    "create index ix_answer_advisor_id on answer (brand_id, advisor_id, answer_id desc)",
    "create index ix_answer_client_id on answer (brand_id, client_id, answer_id desc)",
    "create index ix_work_order_queue on work_order (brand_id, boutique_id, due_at, work_order_id)",
    "create index ix_work_order_assignee_id on work_order (brand_id, assignee_id, due_at, work_order_id)",
    "create index ix_work_order_due_at on work_order (brand_id, due_at, work_order_id)",
)


def upgrade() -> None:
    """Make every table behind its brand's wall."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in INDEXES:
        op.execute(statement)
