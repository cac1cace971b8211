"""Accounts, sessions, partners, nonces and WeChat pushes."""

from alembic import op

from infra.database import guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    create table account (
        brand_id text not null,
        account_id uuid not null,
        username text not null,
        password_hash text not null,
        role text not null,
        advisor_id uuid,
        boutique_ids uuid[] not null,
        region_id uuid,
        created_at timestamptz not null,
        closed_at timestamptz,
        constraint pk_account primary key (brand_id, account_id),
        constraint uq_account_brand_id_username unique (brand_id, username)
    )
    """,
    """
    create table session (
        brand_id text not null,
        session_id uuid not null,
        role text not null,
        account_id uuid,
        client_id uuid,
        partner_id uuid,
        appid text,
        openid bytea,
        opened_at timestamptz not null,
        revoked_at timestamptz,
        revoked_because text,
        constraint pk_session primary key (brand_id, session_id),
        constraint ck_session_one_owner check (num_nonnulls(account_id, client_id, partner_id) = 1)
    )
    """,
    """
    create table refresh_token (
        brand_id text not null,
        token_hash bytea not null,
        session_id uuid not null,
        issued_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz,
        constraint pk_refresh_token primary key (brand_id, token_hash)
    )
    """,
    """
    create table boutique_region (
        brand_id text not null,
        boutique_id uuid not null,
        region_id uuid not null,
        constraint pk_boutique_region primary key (brand_id, boutique_id)
    )
    """,
    """
    create table partner (
        brand_id text not null,
        partner_id uuid not null,
        name text not null,
        role text not null,
        boutique_ids uuid[] not null,
        created_at timestamptz not null,
        closed_at timestamptz,
        constraint pk_partner primary key (brand_id, partner_id)
    )
    """,
    """
    create table partner_key (
        brand_id text not null,
        key_id text not null,
        partner_id uuid not null,
        secret_hash bytea not null,
        secret_start text not null,
        signing_secret bytea,
        created_at timestamptz not null,
        closed_at timestamptz,
        constraint pk_partner_key primary key (brand_id, key_id)
    )
    """,
    """
    create table pos_nonce (
        brand_id text not null,
        partner_id uuid not null,
        nonce text not null,
        seen_at timestamptz not null,
        constraint pk_pos_nonce primary key (brand_id, partner_id, nonce)
    )
    """,
    """
    create table guess (
        brand_id text not null,
        who bytea not null,
        tokens double precision not null,
        counted_at timestamptz not null,
        constraint pk_guess primary key (brand_id, who)
    )
    """,
    """
    create table wechat_push (
        brand_id text not null,
        dedup_key text not null,
        appid text not null,
        body bytea not null,
        received_at timestamptz not null,
        state text not null,
        attempts int not null,
        refusals int not null,
        next_attempt_at timestamptz,
        handed_at timestamptz,
        constraint pk_wechat_push primary key (brand_id, dedup_key),
        constraint ck_wechat_push_state check (state in ('waiting', 'handed', 'kept', 'refused'))
    )
    """,
)
INDEXES = (
    "create index ix_account_username on account (username)",
    "create index ix_session_account_id on session (brand_id, account_id) where revoked_at is null",
    "create index ix_session_revoked_at on session (revoked_at) where revoked_at is not null",
    "create index ix_refresh_token_session_id on refresh_token (brand_id, session_id)",
    "create index ix_refresh_token_expires_at on refresh_token (expires_at)",
    "create index ix_partner_key_partner_id on partner_key (brand_id, partner_id)",
    "create index ix_pos_nonce_seen_at on pos_nonce (seen_at)",
    "create index ix_guess_counted_at on guess (counted_at)",
    "create index ix_wechat_push_next_attempt_at on wechat_push (next_attempt_at) where state = 'waiting'",
    "create index ix_wechat_push_handed_at on wechat_push (handed_at) where state = 'handed'",
)
GUARDED = (
    "account",
    "session",
    "refresh_token",
    "boutique_region",
    "partner",
    "partner_key",
    "pos_nonce",
    "guess",
    "wechat_push",
)


def upgrade() -> None:
    """Make the gateway's tables."""
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    for table in GUARDED:
        for statement in guard(table):
            op.execute(statement)
