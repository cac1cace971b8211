"""Both ends of what takes somebody's time as columns of their own, for behind the wall of a brand no range finds a row.

A policy of row-level security is asked before any function that might tell of a row, and `&&` is such a function: the
constraint's index was searched for the resource alone, and a look at next month read all its years. Comparisons of two
instants are harmless and go into an index (measured: decision 0040).
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# As in the first migration, but for how a hold that ran out is found.
OCCUPY = """
    create or replace function occupy(
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
                and o.starts_at < claim.ends_at and o.ends_at > claim.starts_at
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


def upgrade() -> None:
    """Add the columns, which follow from the range, and their index; take time through it."""
    op.execute(
        "alter table occupation"
        " add column starts_at timestamptz generated always as (lower(during)) stored,"
        " add column ends_at timestamptz generated always as (upper(during)) stored"
    )
    # One resource's rows never overlap, so that those which end behind an instant are all that is still to come.
    op.execute("create index ix_occupation_resource_id_ends_at on occupation (brand_id, resource_id, ends_at)")
    op.execute(OCCUPY)
