"""The event log's tables in every service: outbox, leases, cursors and parked facts.

They hold ids and facts only and are swept over all brands, so they have no row-level security.
"""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _publishing()
    _following()


def _publishing() -> None:
    op.execute(
        """
        create table outbox_sequence (
            brand_id text not null,
            aggregate text not null,
            last bigint not null,
            constraint pk_outbox_sequence primary key (brand_id, aggregate)
        )
        """
    )
    op.execute(
        """
        create table outbox (
            id bigint generated always as identity,
            event_id uuid not null,
            brand_id text not null,
            type text not null,
            aggregate text not null,
            sequence bigint not null,
            data jsonb not null,
            occurred_at timestamptz not null,
            traceparent text,
            relay_seq bigint,
            published_at timestamptz,
            constraint pk_outbox primary key (id),
            constraint uq_outbox_brand_id_aggregate_sequence unique (brand_id, aggregate, sequence),
            constraint uq_outbox_relay_seq unique (relay_seq)
        ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)
        """
    )
    # The queue itself: what is numbered but not yet known to have arrived, then what has no number, by id.
    op.execute("create index ix_outbox_unpublished on outbox (relay_seq, id) where published_at is null")
    op.execute(
        """
        create table relay_state (
            source text not null,
            last_relay_seq bigint not null,
            constraint pk_relay_state primary key (source)
        )
        """
    )
    op.execute(
        """
        create table lease (
            name text not null,
            holder text not null,
            epoch bigint not null,
            expires_at timestamptz not null,
            constraint pk_lease primary key (name)
        )
        """
    )


def _following() -> None:
    op.execute(
        """
        create table follower_cursor (
            follower text not null,
            position bigint not null,
            constraint pk_follower_cursor primary key (follower)
        )
        """
    )
    # What is new is decided by the source's own number, which stays the same in a refilled log or another engine.
    op.execute(
        """
        create table follower_source (
            follower text not null,
            source text not null,
            relay_seq bigint not null,
            constraint pk_follower_source primary key (follower, source)
        )
        """
    )
    # `id` is the order in which facts were parked; `reason` an SQLSTATE or the class of an exception, never a text.
    op.execute(
        """
        create table parked_fact (
            id bigint generated always as identity,
            follower text not null,
            position bigint not null,
            source text not null,
            relay_seq bigint not null,
            brand_id text not null,
            aggregate text not null,
            envelope jsonb not null,
            reason text not null,
            attempts int not null,
            parked_at timestamptz not null default clock_timestamp(),
            constraint pk_parked_fact primary key (id),
            constraint uq_parked_fact_follower_source_relay_seq unique (follower, source, relay_seq)
        )
        """
    )
    op.execute("create index ix_parked_fact_follower_aggregate on parked_fact (follower, brand_id, aggregate, id)")
