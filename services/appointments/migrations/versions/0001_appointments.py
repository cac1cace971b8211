"""The directory, the one table that makes a double booking impossible, and appointments."""

from alembic import op

from infra.database import guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = {
    "region": """
        create table region (
            brand_id text not null,
            region_id uuid not null,
            code text not null,
            name_zh text not null,
            name_en text not null,
            constraint pk_region primary key (brand_id, region_id),
            constraint uq_region_code unique (brand_id, code)
        )
        """,
    "boutique": """
        create table boutique (
            brand_id text not null,
            boutique_id uuid not null,
            region_id uuid not null,
            code text not null,
            boutique_type text not null,
            zone text not null,
            name_zh text not null,
            name_en text not null,
            version int not null,
            constraint pk_boutique primary key (brand_id, boutique_id),
            constraint uq_boutique_code unique (brand_id, code),
            constraint fk_boutique_region foreign key (brand_id, region_id) references region (brand_id, region_id)
        )
        """,
    "room": """
        create table room (
            brand_id text not null,
            room_id uuid not null,
            boutique_id uuid not null,
            name_zh text not null,
            name_en text not null,
            capacity int not null,
            constraint pk_room primary key (brand_id, room_id),
            constraint fk_room_boutique foreign key (brand_id, boutique_id) references boutique (brand_id, boutique_id),
            constraint ck_room_capacity check (capacity > 0)
        )
        """,
    "advisor": """
        create table advisor (
            brand_id text not null,
            advisor_id uuid not null,
            boutique_id uuid not null,
            display_name text not null,
            languages text[] not null,
            skills text[] not null,
            version int not null,
            constraint pk_advisor primary key (brand_id, advisor_id),
            constraint fk_advisor_boutique foreign key (brand_id, boutique_id) references boutique (brand_id, boutique_id)
        )
        """,
    "experience": """
        create table experience (
            brand_id text not null,
            experience_id uuid not null,
            code text not null,
            name_zh text not null,
            name_en text not null,
            duration_minutes int not null,
            buffer_before_minutes int not null,
            buffer_after_minutes int not null,
            granularity_minutes int not null,
            notice_minutes int not null,
            horizon_days int not null,
            cancel_notice_minutes int not null,
            needs_room boolean not null,
            skill text,
            version int not null,
            constraint pk_experience primary key (brand_id, experience_id),
            constraint uq_experience_code unique (brand_id, code),
            constraint ck_experience_minutes check (
                duration_minutes > 0 and buffer_before_minutes >= 0 and buffer_after_minutes >= 0
                and granularity_minutes > 0 and 1440 % granularity_minutes = 0
                and notice_minutes >= 0 and horizon_days > 0 and cancel_notice_minutes >= 0
            )
        )
        """,
    "weekly_hours": """
        create table weekly_hours (
            brand_id text not null,
            holder_id uuid not null,
            weekday int not null,
            starts int not null,
            ends int not null,
            constraint pk_weekly_hours primary key (brand_id, holder_id, weekday, starts),
            constraint ck_weekly_hours_weekday check (weekday between 1 and 7),
            constraint ck_weekly_hours_minutes check (0 <= starts and starts < ends and ends <= 1440)
        )
        """,
    "dated_hours": """
        create table dated_hours (
            brand_id text not null,
            holder_id uuid not null,
            on_day date not null,
            starts int not null,
            ends int not null,
            constraint pk_dated_hours primary key (brand_id, holder_id, on_day, starts),
            constraint ck_dated_hours_minutes check (
                (0 <= starts and starts < ends and ends <= 1440) or (starts = 0 and ends = 0)
            )
        )
        """,
    # The promise of the whole service is this one constraint: nobody and nothing is in two places at a time.
    # It holds only if every range is a real one: an empty, unbounded or NULL range overlaps nothing, and `]` would
    # make visits that only touch collide.
    "occupation": """
        create table occupation (
            brand_id text not null,
            resource_id uuid not null,
            during tstzrange not null,
            appointment_id uuid,
            kind text not null,
            expires_at timestamptz,
            constraint ex_occupation_overlap
                exclude using gist (brand_id with =, resource_id with =, during with &&),
            constraint ck_occupation_during check (
                not isempty(during)
                and lower_inc(during) and not upper_inc(during)
                and not lower_inf(during) and not upper_inf(during)
                and isfinite(lower(during)) and isfinite(upper(during))
            ),
            constraint ck_occupation_kind check (kind in ('hold', 'visit', 'leave', 'closure')),
            constraint ck_occupation_expires check ((kind = 'hold') = (expires_at is not null)),
            constraint ck_occupation_appointment check ((kind in ('hold', 'visit')) = (appointment_id is not null))
        )
        """,
    "client_owner": """
        create table client_owner (
            brand_id text not null,
            client_id uuid not null,
            advisor_id uuid not null,
            boutique_id uuid not null,
            assigned_at timestamptz not null,
            constraint pk_client_owner primary key (brand_id, client_id)
        )
        """,
    "client_alias": """
        create table client_alias (
            brand_id text not null,
            client_id uuid not null,
            canonical_id uuid not null,
            constraint pk_client_alias primary key (brand_id, client_id)
        )
        """,
    "appointment": """
        create table appointment (
            brand_id text not null,
            appointment_id uuid not null,
            client_id uuid not null,
            boutique_id uuid not null,
            advisor_id uuid not null,
            room_id uuid,
            experience_id uuid not null,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            status text not null,
            expires_at timestamptz,
            party_size int not null,
            piece_code text,
            assigned_for text not null,
            made_by text not null,
            created_at timestamptz not null,
            confirmed_at timestamptz,
            arrived_at timestamptz,
            completed_at timestamptz,
            cancelled_at timestamptz,
            cancelled_by text,
            version int not null,
            constraint pk_appointment primary key (brand_id, appointment_id),
            constraint fk_appointment_boutique foreign key (brand_id, boutique_id) references boutique (brand_id, boutique_id),
            constraint fk_appointment_advisor foreign key (brand_id, advisor_id) references advisor (brand_id, advisor_id),
            constraint fk_appointment_room foreign key (brand_id, room_id) references room (brand_id, room_id),
            constraint fk_appointment_experience foreign key (brand_id, experience_id) references experience (brand_id, experience_id),
            constraint ck_appointment_times check (starts_at < ends_at),
            constraint ck_appointment_status check (
                status in ('held', 'confirmed', 'checked-in', 'completed', 'cancelled', 'no-show', 'expired')
            ),
            constraint ck_appointment_expires check (status <> 'held' or expires_at is not null)
        )
        """,
}

# The one way to take time. A function, because a loser must let go of its locks at once: were the undoing left to
# the service, twenty rivals would each wait for nineteen round trips. The inner block is a savepoint: its end by
# `MA001` undoes the rows and frees the locks, while `missing` stays. A hold that ran out gives way here; its other rows
# and its status are the expiry's business.
OCCUPY = """
    create function occupy(
        of_brand text, for_appointment uuid, as_kind text, until_at timestamptz, at_moment timestamptz, is_leaving boolean,
        lock_keys bigint[], resource_ids uuid[], starts timestamptz[], ends timestamptz[]
    ) returns uuid[] language plpgsql set lock_timeout = '2500ms' as $$
    declare
        missing uuid[];
    begin
        begin
            perform pg_advisory_xact_lock(turn.key) from unnest(lock_keys) as turn (key);
            if is_leaving then
                delete from occupation where brand_id = of_brand and appointment_id = for_appointment;
            end if;
            delete from occupation o
            using unnest(resource_ids, starts, ends) as claim (resource_id, starts_at, ends_at)
            where o.brand_id = of_brand and o.resource_id = claim.resource_id
                and o.during && tstzrange(claim.starts_at, claim.ends_at, '[)')
                and o.kind = 'hold' and o.expires_at <= at_moment;
            with taken as (
                insert into occupation (brand_id, resource_id, during, appointment_id, kind, expires_at)
                select of_brand, claim.resource_id, tstzrange(claim.starts_at, claim.ends_at, '[)'),
                    for_appointment, as_kind, until_at
                from unnest(resource_ids, starts, ends) with ordinality as claim (resource_id, starts_at, ends_at, n)
                order by claim.n
                on conflict do nothing
                returning resource_id
            )
            select array_agg(wanted.id) into missing from unnest(resource_ids) as wanted (id)
            where wanted.id not in (select taken.resource_id from taken);
            if missing is not null then
                raise exception using errcode = 'MA001';
            end if;
        exception when sqlstate 'MA001' then
            null;
        end;
        return coalesce(missing, '{}');
    end
    $$
    """

INDEXES = (
    "create index ix_boutique_region_id on boutique (brand_id, region_id)",
    "create index ix_room_boutique_id on room (brand_id, boutique_id)",
    "create index ix_advisor_boutique_id on advisor (brand_id, boutique_id)",
    "create index ix_occupation_appointment_id on occupation (brand_id, appointment_id)",
    "create index ix_client_alias_canonical_id on client_alias (brand_id, canonical_id)",
    "create index ix_appointment_boutique_starts on appointment (brand_id, boutique_id, starts_at)",
    "create index ix_appointment_advisor_starts on appointment (brand_id, advisor_id, starts_at)",
    "create index ix_appointment_client_starts on appointment (brand_id, client_id, starts_at)",
    "create index ix_appointment_starts on appointment (brand_id, starts_at)",
    "create index ix_appointment_expires_at on appointment (expires_at) where status = 'held'",
)


def upgrade() -> None:
    op.execute("create extension if not exists btree_gist")
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in INDEXES:
        op.execute(statement)
    op.execute(OCCUPY)
