"""The client record: names, identities and merges, consents, purchases, touchpoints, access."""

from alembic import op

from infra.database import guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CLIENTS = [
    """
    create table client (
        brand_id text not null,
        client_id uuid not null,
        display_name text not null,
        family_name text,
        given_name text,
        salutation text,
        language text not null,
        name_key text not null,
        given_key text not null,
        pinyin text not null,
        initials text not null,
        version int not null default 1,
        registered_at timestamptz not null,
        constraint pk_client primary key (brand_id, client_id)
    )
    """,
    # Prefixes are found in the byte order of these keys; a linguistic collation could not use them.
    'create index ix_client_name_key on client (brand_id, name_key collate "C")',
    'create index ix_client_given_key on client (brand_id, given_key collate "C")',
    'create index ix_client_pinyin on client (brand_id, pinyin collate "C")',
    'create index ix_client_initials on client (brand_id, initials collate "C")',
]

IDENTITIES = [
    """
    create table identity (
        brand_id text not null,
        identity_id uuid not null,
        client_id uuid not null,
        kind text not null check (kind in ('phone', 'unionid', 'openid', 'pos', 'member')),
        system text not null default '',
        blind bytea not null,
        tail bytea,
        value bytea not null,
        source text not null,
        added_at timestamptz not null,
        confirmed_at timestamptz,
        constraint pk_identity primary key (brand_id, identity_id),
        constraint uq_identity_blind unique (brand_id, kind, system, blind)
    )
    """,
    "create index ix_identity_client_id on identity (brand_id, client_id)",
    "create index ix_identity_tail on identity (brand_id, tail) where tail is not null",
    """
    create table client_merge (
        brand_id text not null,
        merge_id uuid not null,
        client_id uuid not null,
        merged_client_id uuid not null,
        merged_at timestamptz not null,
        separated_at timestamptz,
        evidence text not null,
        actor text not null,
        constraint pk_client_merge primary key (brand_id, merge_id),
        constraint ck_client_merge_itself check (client_id <> merged_client_id)
    )
    """,
    "create unique index uq_client_merge_merged on client_merge (brand_id, merged_client_id) where separated_at is null",
    "create index ix_client_merge_client_id on client_merge (brand_id, client_id) where separated_at is null",
    # What the standing merges come to: every merged record and the one it now belongs to, however long the chain.
    """
    create table client_alias (
        brand_id text not null,
        client_id uuid not null,
        canonical_id uuid not null,
        constraint pk_client_alias primary key (brand_id, client_id),
        constraint ck_client_alias_itself check (client_id <> canonical_id)
    )
    """,
    "create index ix_client_alias_canonical_id on client_alias (brand_id, canonical_id)",
]

CONSENTS = [
    """
    create table consent (
        brand_id text not null,
        consent_id uuid not null,
        client_id uuid not null,
        purpose text not null check (purpose in ('personalisation', 'marketing', 'survey')),
        notice_version text not null,
        channel text not null,
        given_at timestamptz not null,
        actor text not null,
        replaced_at timestamptz,
        withdrawn_at timestamptz,
        withdrawn_by text,
        constraint pk_consent primary key (brand_id, consent_id),
        constraint ck_consent_end check (replaced_at is null or withdrawn_at is null)
    )
    """,
    "create unique index uq_consent_standing on consent (brand_id, client_id, purpose) where withdrawn_at is null and replaced_at is null",
    "create index ix_consent_client_id on consent (brand_id, client_id, purpose)",
]

PURCHASES = [
    """
    create table boutique (
        brand_id text not null,
        code text not null,
        boutique_id uuid not null,
        constraint pk_boutique primary key (brand_id, code)
    )
    """,
    """
    create table purchase (
        brand_id text not null,
        purchase_id uuid not null,
        client_id uuid,
        pos text not null,
        receipt text not null,
        store_code text not null,
        boutique_id uuid,
        purchased_at timestamptz not null,
        currency text not null,
        net_minor bigint not null,
        line_count int not null,
        recorded_at timestamptz not null,
        constraint pk_purchase primary key (brand_id, purchase_id),
        constraint uq_purchase_receipt unique (brand_id, pos, receipt)
    )
    """,
    "create index ix_purchase_client_id on purchase (brand_id, client_id, purchased_at desc, purchase_id desc) where client_id is not null",
    "create index ix_purchase_store_code on purchase (brand_id, store_code) where boutique_id is null",
    """
    create table purchase_line (
        brand_id text not null,
        purchase_id uuid not null,
        line int not null,
        piece_code text not null,
        quantity int not null check (quantity <> 0),
        unit_minor bigint not null check (unit_minor >= 0),
        net_minor bigint not null,
        description text,
        constraint pk_purchase_line primary key (brand_id, purchase_id, line)
    )
    """,
]

TOUCHPOINTS = [
    """
    create table touchpoint (
        brand_id text not null,
        touchpoint_id uuid not null,
        event_id uuid not null,
        client_id uuid not null,
        kind text not null,
        occurred_at timestamptz not null,
        boutique_id uuid,
        advisor_id uuid,
        subject_id uuid not null,
        details jsonb not null default '{}',
        constraint pk_touchpoint primary key (brand_id, touchpoint_id),
        constraint uq_touchpoint_event unique (brand_id, event_id)
    )
    """,
    "create index ix_touchpoint_client_id on touchpoint (brand_id, client_id, occurred_at desc, touchpoint_id desc)",
]

PRIVACY = [
    """
    create table presence (
        brand_id text not null,
        appointment_id uuid not null,
        client_id uuid not null,
        boutique_id uuid not null,
        from_at timestamptz not null,
        until_at timestamptz not null,
        constraint pk_presence primary key (brand_id, appointment_id)
    )
    """,
    "create index ix_presence_client_id on presence (brand_id, client_id, until_at)",
    "create index ix_presence_boutique_id on presence (brand_id, boutique_id, until_at)",
    """
    create table access_grant (
        brand_id text not null,
        grant_id uuid not null,
        client_id uuid not null,
        subject text not null,
        reason bytea not null,
        granted_at timestamptz not null,
        until_at timestamptz not null,
        constraint pk_access_grant primary key (brand_id, grant_id)
    )
    """,
    "create index ix_access_grant_subject on access_grant (brand_id, subject, until_at)",
    """
    create table access_log (
        brand_id text not null,
        entry_id uuid not null,
        client_id uuid not null,
        subject text not null,
        role text not null,
        seen text not null,
        ground text not null,
        grant_id uuid,
        seen_at timestamptz not null,
        constraint pk_access_log primary key (brand_id, entry_id)
    )
    """,
    "create index ix_access_log_client_id on access_log (brand_id, client_id, entry_id desc)",
]

TABLES = (
    "client",
    "identity",
    "client_merge",
    "client_alias",
    "consent",
    "boutique",
    "purchase",
    "purchase_line",
    "touchpoint",
    "presence",
    "access_grant",
    "access_log",
)


def upgrade() -> None:
    """Make the record's tables, each behind the wall between brands."""
    for statement in [*CLIENTS, *IDENTITIES, *CONSENTS, *PURCHASES, *TOUCHPOINTS, *PRIVACY]:
        op.execute(statement)
    for table in TABLES:
        for statement in guard(table):
            op.execute(statement)
