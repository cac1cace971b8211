"""What a data protection officer keeps: registers whose entries are only ever added to, and exports abroad."""

from alembic import op

from infra.database import guard

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = {
    # One row per version: a change is another row.
    "register_entry": """
        create table register_entry (
            brand_id text not null,
            register text not null check (register in ('activities', 'assessments', 'breaches')),
            entry_id uuid not null,
            version int not null check (version > 0),
            changed_by text not null,
            changed_at timestamptz not null,
            ended_on date,
            content bytea not null,
            constraint pk_register_entry primary key (brand_id, entry_id, version)
        )
        """,
    "export_abroad": """
        create table export_abroad (
            brand_id text not null,
            export_id uuid not null,
            activity_id uuid not null,
            recipient text not null,
            country text not null,
            purpose bytea not null,
            categories text[] not null,
            mechanism text not null,
            clients bigint not null,
            plain bigint not null default 0,
            pseudonymised bigint not null default 0,
            asked_by text not null,
            asked_at timestamptz not null,
            handed_at timestamptz,
            finished_at timestamptz,
            constraint pk_export_abroad primary key (brand_id, export_id)
        )
        """,
    # Keyed digests: whom an export held, so that a page asked for twice counts once.
    "exported_person": """
        create table exported_person (
            brand_id text not null,
            export_id uuid not null,
            person bytea not null,
            plain boolean not null,
            handed_on date not null,
            constraint pk_exported_person primary key (brand_id, export_id, person)
        )
        """,
    # Whom any export of a calendar year held: the law counts persons, and sensitive data apart.
    "exported_in_year": """
        create table exported_in_year (
            brand_id text not null,
            year int not null,
            person bytea not null,
            sensitive boolean not null,
            constraint pk_exported_in_year primary key (brand_id, year, person)
        )
        """,
    "export_year": """
        create table export_year (
            brand_id text not null,
            year int not null,
            persons bigint not null,
            sensitive_persons bigint not null,
            constraint pk_export_year primary key (brand_id, year)
        )
        """,
}
OTHERS = (
    "create index ix_register_entry_register on register_entry (brand_id, register, entry_id desc, version desc)",
    # The last wall: nothing written is written over, and nothing goes before the law lets it.
    """
    create function register_entry_stays() returns trigger language plpgsql stable as $$
    begin
        -- Stable: of an entry whose versions go together each still sees the last one, which closed it.
        if tg_op = 'DELETE' and exists (
            select from register_entry e where e.brand_id = old.brand_id and e.entry_id = old.entry_id
                and e.ended_on < current_date - interval '3 years'
        ) then
            return old;
        end if;
        raise exception 'register entries are only added to' using errcode = 'insufficient_privilege';
    end
    $$
    """,
    """
    create trigger register_entry_stays before update or delete on register_entry
        for each row execute function register_entry_stays()
    """,
)


def upgrade() -> None:
    """Make the tables, each behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in OTHERS:
        op.execute(statement)
