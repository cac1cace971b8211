"""The shared log: its head, its sources, and the facts in partitions by position."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        create table log_head (
            only_row boolean not null default true,
            position bigint not null,
            constraint pk_log_head primary key (only_row),
            constraint ck_log_head_only_row check (only_row),
            constraint ck_log_head_position check (position >= 0)
        ) with (fillfactor = 10)
        """
    )
    op.execute("insert into log_head (position) values (0)")
    op.execute(
        """
        create table log_source (
            source text not null,
            epoch bigint not null,
            last_relay_seq bigint not null,
            constraint pk_log_source primary key (source)
        ) with (fillfactor = 10)
        """
    )
    op.execute(
        """
        create table fact (
            position bigint not null,
            source text not null,
            relay_seq bigint not null,
            envelope jsonb not null,
            appended_at timestamptz not null default clock_timestamp(),
            constraint pk_fact primary key (position)
        ) partition by range (position)
        """
    )
    # What partitions there are. Who makes the next one locks this table, so two appenders do not make it twice.
    op.execute(
        """
        create table log_partition (
            first bigint not null,
            until bigint not null,
            constraint pk_log_partition primary key (first),
            constraint ck_log_partition_bounds check (first < until)
        )
        """
    )
    op.execute("create table fact_0 partition of fact for values from (0) to (10000000)")
    # A unique index over all partitions would have to include the position; the lock on log_source is what keeps
    # (source, relay_seq) single, and this holds every partition to it.
    op.execute("create unique index uq_fact_0_source on fact_0 (source, relay_seq)")
    op.execute("insert into log_partition (first, until) values (0, 10000000)")
