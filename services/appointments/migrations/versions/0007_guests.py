"""Occasions with their sessions, seats and guests, and the waiting list with its offers."""

from alembic import op

from infra.database import guard

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SEGMENTS = "'vic', 'core', 'potential', 'occasional', 'newcomer'"

TABLES = {
    "occasion": """
        create table occasion (
            brand_id text not null,
            occasion_id uuid not null,
            boutique_id uuid,
            kind text not null,
            title_zh text not null,
            title_en text not null,
            about_zh text,
            about_en text,
            status text not null,
            most_plus_ones int not null,
            reply_by_at timestamptz,
            opens_at timestamptz,
            windows jsonb not null,
            reserves_until timestamptz,
            created_at timestamptz not null,
            published_at timestamptz,
            cancelled_at timestamptz,
            version int not null,
            constraint pk_occasion primary key (brand_id, occasion_id),
            constraint fk_occasion_boutique foreign key (brand_id, boutique_id) references boutique (brand_id, boutique_id),
            constraint ck_occasion_kind check (kind in ('launch', 'workshop', 'master-class', 'private-preview')),
            constraint ck_occasion_status check (status in ('draft', 'published', 'cancelled')),
            constraint ck_occasion_plus_ones check (most_plus_ones between 0 and 10)
        )
        """,
    # The promise of a session is ck_occasion_session_taken: whoever races, nobody is promised a seat too many.
    "occasion_session": """
        create table occasion_session (
            brand_id text not null,
            session_id uuid not null,
            occasion_id uuid not null,
            boutique_id uuid,
            place_zh text,
            place_en text,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            seats int not null,
            taken int not null,
            constraint pk_occasion_session primary key (brand_id, session_id),
            constraint fk_occasion_session_occasion foreign key (brand_id, occasion_id)
                references occasion (brand_id, occasion_id),
            constraint fk_occasion_session_boutique foreign key (brand_id, boutique_id)
                references boutique (brand_id, boutique_id),
            constraint ck_occasion_session_place check (
                (boutique_id is not null) <> (place_zh is not null and place_en is not null)
            ),
            constraint ck_occasion_session_times check (
                starts_at < ends_at and isfinite(starts_at) and isfinite(ends_at)
            ),
            constraint ck_occasion_session_taken check (0 <= taken and taken <= seats)
        )
        """,
    "session_reserve": f"""
        create table session_reserve (
            brand_id text not null,
            session_id uuid not null,
            segment text not null,
            seats int not null,
            taken int not null,
            constraint pk_session_reserve primary key (brand_id, session_id, segment),
            constraint fk_session_reserve_session foreign key (brand_id, session_id)
                references occasion_session (brand_id, session_id),
            constraint ck_session_reserve_segment check (segment in ({SEGMENTS})),
            constraint ck_session_reserve_seats check (seats >= 0 and taken >= 0)
        )
        """,
    "occasion_invitation": f"""
        create table occasion_invitation (
            brand_id text not null,
            invitation_id uuid not null,
            occasion_id uuid not null,
            client_id uuid not null,
            segment text,
            how text not null,
            invited_by text not null,
            status text not null,
            reason text,
            opens_at timestamptz not null,
            created_at timestamptz not null,
            invited_at timestamptz,
            sent_at timestamptz,
            answered_at timestamptz,
            session_id uuid,
            plus_ones int not null,
            seats_held int not null,
            waiting_since timestamptz,
            offer_expires_at timestamptz,
            pass_number int not null,
            arrived_at timestamptz,
            came int,
            to_tell text,
            tellings int not null,
            attempts int not null,
            next_attempt_at timestamptz not null,
            version int not null,
            constraint pk_occasion_invitation primary key (brand_id, invitation_id),
            constraint fk_occasion_invitation_occasion foreign key (brand_id, occasion_id)
                references occasion (brand_id, occasion_id),
            constraint fk_occasion_invitation_session foreign key (brand_id, session_id)
                references occasion_session (brand_id, session_id),
            constraint ck_occasion_invitation_segment check (segment is null or segment in ({SEGMENTS})),
            constraint ck_occasion_invitation_how check (how in ('segment', 'list', 'hand')),
            constraint ck_occasion_invitation_status check (status in (
                'due', 'invited', 'unreachable', 'waiting', 'offered', 'accepted', 'declined', 'withdrawn',
                'attended', 'cancelled'
            )),
            constraint ck_occasion_invitation_to_tell check (
                to_tell in ('occasion-invitation', 'seat-offer', 'occasion-cancelled')
            ),
            constraint ck_occasion_invitation_seats check (
                plus_ones >= 0 and seats_held in (0, 1 + plus_ones)
                and (seats_held > 0) = (status in ('offered', 'accepted', 'attended'))
                and (seats_held = 0 or session_id is not null)
            ),
            constraint ck_occasion_invitation_offer check ((status = 'offered') = (offer_expires_at is not null)),
            constraint ck_occasion_invitation_came check (came is null or came between 1 and 1 + plus_ones)
        )
        """,
    "occasion_policy": """
        create table occasion_policy (
            brand_id text not null,
            most_invitations int not null,
            within_days int not null,
            alternates boolean not null,
            declines int not null,
            pause_days int not null,
            pauses_for jsonb not null,
            wait_order jsonb not null,
            offer_minutes int not null,
            version int not null,
            constraint pk_occasion_policy primary key (brand_id)
        )
        """,
    # What profile's door said of a message, and later its fact; whichever comes second finds the first here.
    "guest_message": """
        create table guest_message (
            brand_id text not null,
            message_id uuid not null,
            about_id uuid,
            outcome text,
            reason text,
            told_at timestamptz not null,
            constraint pk_guest_message primary key (brand_id, message_id),
            constraint ck_guest_message_outcome check (outcome is null or outcome in ('sent', 'refused'))
        )
        """,
    "waitlist_policy": """
        create table waitlist_policy (
            brand_id text not null,
            priority jsonb not null,
            offer_minutes int not null,
            version int not null,
            constraint pk_waitlist_policy primary key (brand_id)
        )
        """,
    "waitlist_entry": """
        create table waitlist_entry (
            brand_id text not null,
            entry_id uuid not null,
            client_id uuid not null,
            boutique_id uuid not null,
            experience_id uuid not null,
            advisor_id uuid,
            from_on date not null,
            until_on date not null,
            hours jsonb not null,
            party_size int not null,
            status text not null,
            reason text,
            made_by text not null,
            joined_at timestamptz not null,
            ended_at timestamptz,
            due_at timestamptz not null,
            silences int not null,
            version int not null,
            constraint pk_waitlist_entry primary key (brand_id, entry_id),
            constraint fk_waitlist_entry_boutique foreign key (brand_id, boutique_id)
                references boutique (brand_id, boutique_id),
            constraint fk_waitlist_entry_experience foreign key (brand_id, experience_id)
                references experience (brand_id, experience_id),
            constraint ck_waitlist_entry_days check (from_on <= until_on),
            constraint ck_waitlist_entry_status check (status in ('waiting', 'offered', 'accepted', 'left', 'ended'))
        )
        """,
    "waitlist_offer": """
        create table waitlist_offer (
            brand_id text not null,
            offer_id uuid not null,
            entry_id uuid not null,
            client_id uuid not null,
            appointment_id uuid not null,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            status text not null,
            reason text,
            made_at timestamptz not null,
            expires_at timestamptz not null,
            offered_at timestamptz,
            settled_at timestamptz,
            attempts int not null,
            next_attempt_at timestamptz not null,
            constraint pk_waitlist_offer primary key (brand_id, offer_id),
            constraint fk_waitlist_offer_entry foreign key (brand_id, entry_id)
                references waitlist_entry (brand_id, entry_id),
            constraint fk_waitlist_offer_appointment foreign key (brand_id, appointment_id)
                references appointment (brand_id, appointment_id),
            constraint uq_waitlist_offer_appointment_id unique (brand_id, appointment_id),
            constraint ck_waitlist_offer_status check (
                status in ('asking', 'offered', 'accepted', 'declined', 'expired', 'undeliverable')
            )
        )
        """,
}

INDEXES = (
    "create index ix_client_segment_segment on client_segment (brand_id, segment, client_id)",
    "create index ix_occasion_session_occasion_id on occasion_session (brand_id, occasion_id)",
    # One invitation each; whoever had herself erased stands in the figures as nobody.
    (
        "create unique index uq_occasion_invitation_client_id on occasion_invitation (brand_id, occasion_id, client_id)"
        " where client_id <> '00000000-0000-0000-0000-000000000000'"
    ),
    "create index ix_occasion_invitation_client_id on occasion_invitation (brand_id, client_id)",
    "create index ix_occasion_invitation_session_id on occasion_invitation (brand_id, session_id)",
    "create index ix_occasion_invitation_to_tell on occasion_invitation (next_attempt_at) where to_tell is not null",
    "create index ix_occasion_invitation_offered on occasion_invitation (offer_expires_at) where status = 'offered'",
    "create index ix_occasion_invitation_waiting on occasion_invitation (next_attempt_at) where status = 'waiting'",
    "create index ix_guest_message_about_id on guest_message (brand_id, about_id)",
    "create index ix_waitlist_entry_client_id on waitlist_entry (brand_id, client_id)",
    "create index ix_waitlist_entry_boutique_id on waitlist_entry (brand_id, boutique_id, entry_id)",
    "create index ix_waitlist_entry_due_at on waitlist_entry (due_at) where status = 'waiting'",
    # Two taps, or she and her advisor at once: she waits for one thing at one place once.
    (
        "create unique index uq_waitlist_entry_open on waitlist_entry (brand_id, client_id, boutique_id, experience_id)"
        " where status in ('waiting', 'offered')"
    ),
    "create index ix_waitlist_offer_entry_id on waitlist_offer (brand_id, entry_id)",
    "create index ix_waitlist_offer_client_id on waitlist_offer (brand_id, client_id)",
    "create index ix_waitlist_offer_open on waitlist_offer (next_attempt_at) where status in ('asking', 'offered')",
)


def upgrade() -> None:
    """Make the tables, behind the wall between brands."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for wall in guard(table):
            op.execute(wall)
    for statement in INDEXES:
        op.execute(statement)
