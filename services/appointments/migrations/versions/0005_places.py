"""Boutiques with an address, rooms of a kind, experiences for some, breaks, leave and closures, segments."""

from alembic import op

from infra.database import guard

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Leave and closures are bounded half-open instants, like all that takes time.
REAL = (
    "not isempty(during) and lower_inc(during) and not upper_inc(during) and not lower_inf(during)"
    " and not upper_inf(during) and isfinite(lower(during)) and isfinite(upper(during))"
)
TABLES = {
    # Beside the hours, not in them: an instance of the release before would take a break among the hours for work.
    "break_time": """
        create table break_time (
            brand_id text not null,
            break_id uuid not null,
            holder_id uuid not null,
            weekday int,
            on_day date,
            starts int not null,
            ends int not null,
            constraint pk_break_time primary key (brand_id, break_id),
            constraint ck_break_time_day check ((weekday is null) <> (on_day is null) and weekday between 1 and 7),
            constraint ck_break_time_minutes check (0 <= starts and starts < ends and ends <= 1440)
        )
        """,
    "leave": f"""
        create table leave (
            brand_id text not null,
            leave_id uuid not null,
            advisor_id uuid not null,
            during tstzrange not null,
            reason text not null,
            created_by text not null,
            created_at timestamptz not null,
            version int not null,
            constraint pk_leave primary key (brand_id, leave_id),
            constraint fk_leave_advisor foreign key (brand_id, advisor_id) references advisor (brand_id, advisor_id),
            constraint ex_leave_overlap exclude using gist (brand_id with =, advisor_id with =, during with &&),
            constraint ck_leave_during check ({REAL})
        )
        """,
    "closure": f"""
        create table closure (
            brand_id text not null,
            closure_id uuid not null,
            boutique_id uuid not null,
            during tstzrange not null,
            reason text not null,
            created_by text not null,
            created_at timestamptz not null,
            version int not null,
            constraint pk_closure primary key (brand_id, closure_id),
            constraint fk_closure_boutique foreign key (brand_id, boutique_id) references boutique (brand_id, boutique_id),
            constraint ex_closure_overlap exclude using gist (brand_id with =, boutique_id with =, during with &&),
            constraint ck_closure_during check ({REAL})
        )
        """,
    "client_segment": """
        create table client_segment (
            brand_id text not null,
            client_id uuid not null,
            segment text not null,
            told_at timestamptz not null,
            constraint pk_client_segment primary key (brand_id, client_id)
        )
        """,
    "experience_guest": """
        create table experience_guest (
            brand_id text not null,
            experience_id uuid not null,
            client_id uuid not null,
            invited_by text not null,
            invited_at timestamptz not null,
            constraint pk_experience_guest primary key (brand_id, experience_id, client_id),
            constraint fk_experience_guest_experience foreign key (brand_id, experience_id)
                references experience (brand_id, experience_id)
        )
        """,
}
COLUMNS = (
    (
        "alter table boutique add column city_code text, add column city_zh text, add column city_en text,"
        " add column address_zh text, add column address_en text,"
        " add column latitude double precision, add column longitude double precision"
    ),
    (
        "alter table boutique add constraint ck_boutique_geo check ("
        "(latitude is null) = (longitude is null) and latitude between -90 and 90 and longitude between -180 and 180)"
    ),
    (
        "alter table room add column code text, add column room_kind text,"
        " add column amenities text[] not null default '{}', add column active boolean not null default true,"
        " add column version int not null default 1"
    ),
    "alter table advisor add column weight int not null default 1",
    "alter table advisor add constraint ck_advisor_weight check (weight between 1 and 100)",
    (
        "alter table experience add column room_kind text, add column needs_second_advisor boolean not null default false,"
        " add column second_skill text, add column languages text[] not null default '{}',"
        " add column modes text[] not null default '{in-person}', add column audience text not null default 'everyone',"
        " add column open_to_segments text[] not null default '{}', add column needs_approval boolean not null default false,"
        " add column approve_within_minutes int not null default 1440, add column questions jsonb not null default '[]',"
        " add column active boolean not null default true"
    ),
    (
        "alter table experience add constraint ck_experience_offer check ("
        "modes <@ array['in-person', 'video'] and cardinality(modes) > 0"
        " and audience in ('everyone', 'segment', 'invitation') and (audience = 'segment') = (cardinality(open_to_segments) > 0)"
        " and approve_within_minutes > 0 and jsonb_array_length(questions) <= 3"
        " and (needs_second_advisor or second_skill is null))"
    ),
)
INDEXES = (
    "create unique index uq_room_code on room (brand_id, boutique_id, code)",
    "create index ix_boutique_city on boutique (brand_id, city_code)",
    "create index ix_break_time_holder_id on break_time (brand_id, holder_id)",
)

# Leave and closures take the time of advisors and rooms like visits do, around the visits that stand already: the one
# constraint on `occupation` then keeps rivals out. This brings the rows of one resource to what `leave` and `closure`
# say of a span. The loop is for a visit that is taken meanwhile by somebody who does not take turns with us.
COVER = """
    create function cover(of_brand text, of_resource uuid, span tstzrange) returns void language plpgsql as $$
    declare
        within constant tstzmultirange := tstzmultirange(span);
        away tstzmultirange;
        shut tstzmultirange;
        rest_away tstzmultirange;
        rest_shut tstzmultirange;
        visits tstzmultirange;
        wanted int;
        written int;
    begin
        loop
            select coalesce(range_agg(l.during), '{}') into away from leave l
            where l.brand_id = of_brand and l.advisor_id = of_resource and l.during && span;
            select coalesce(range_agg(c.during), '{}') into shut from closure c
            where c.brand_id = of_brand and c.during && span and c.boutique_id in (
                select a.boutique_id from advisor a where a.brand_id = of_brand and a.advisor_id = of_resource
                union all
                select r.boutique_id from room r where r.brand_id = of_brand and r.room_id = of_resource
            );
            with gone as (
                delete from occupation o
                where o.brand_id = of_brand and o.resource_id = of_resource
                    and (o.during && span or o.during -|- span) and o.kind in ('leave', 'closure')
                returning o.kind, o.during
            )
            select coalesce(range_agg(during) filter (where kind = 'leave'), '{}') - within,
                coalesce(range_agg(during) filter (where kind = 'closure'), '{}') - within
            into rest_away, rest_shut from gone;
            select coalesce(range_agg(o.during), '{}') into visits from occupation o
            where o.brand_id = of_brand and o.resource_id = of_resource and o.during && span;
            shut := rest_shut + (((shut - away) * within) - visits);
            away := rest_away + ((away * within) - visits);
            insert into occupation (brand_id, resource_id, during, kind)
            select of_brand, of_resource, part.during, part.kind from (
                select unnest(away) as during, 'leave' as kind union all select unnest(shut), 'closure'
            ) as part order by part.during
            on conflict do nothing;
            get diagnostics written = row_count;
            select (select count(*) from unnest(away)) + (select count(*) from unnest(shut)) into wanted;
            exit when written = wanted;
        end loop;
    end
    $$
    """
# Whatever time a visit gives back inside leave or a closure is covered in the same statement.
FREED = """
    create function cover_freed() returns trigger language plpgsql as $$
    begin
        if exists (
            select from leave l
            where l.brand_id = old.brand_id and l.advisor_id = old.resource_id and l.during && old.during
        ) or exists (select from closure c where c.brand_id = old.brand_id and c.during && old.during) then
            perform cover(old.brand_id, old.resource_id, old.during);
        end if;
        return null;
    end
    $$
    """
# Who comes to a boutique comes under its closures. The lock makes arrivals and new closures of a brand take turns, or
# each would miss the other.
COME = """
    create function cover_arrival() returns trigger language plpgsql as $$
    begin
        perform pg_advisory_xact_lock(hashtextextended('cover ' || new.brand_id, 0));
        if tg_table_name = 'room' then
            perform cover(new.brand_id, new.room_id, tstzrange(null, null));
        else
            perform cover(new.brand_id, new.advisor_id, tstzrange(null, null));
        end if;
        return null;
    end
    $$
    """
TRIGGERS = (
    (
        "create trigger tr_occupation_freed after delete on occupation for each row"
        " when (old.appointment_id is not null) execute function cover_freed()"
    ),
    (
        "create trigger tr_occupation_cut after update of during on occupation for each row"
        " when (old.appointment_id is not null) execute function cover_freed()"
    ),
    "create trigger tr_room_cover after insert on room for each row execute function cover_arrival()",
    "create trigger tr_advisor_cover after insert on advisor for each row execute function cover_arrival()",
    (
        "create trigger tr_advisor_cover_move after update of boutique_id on advisor for each row"
        " when (old.boutique_id <> new.boutique_id) execute function cover_arrival()"
    ),
)


def upgrade() -> None:
    """Make the tables behind the wall between brands, the columns, and what covers leave and closures."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in (*COLUMNS, *INDEXES, COVER, FREED, COME, *TRIGGERS):
        op.execute(statement)
