"""How long appointments keeps what, and what then becomes of it; docs/privacy.md says it for people."""

from infra.retention.periods import CUTOFF, Period, Sweep
from services.appointments.rights.tables import BOOKINGS, OCCASIONS, VISITS

PERIODS = (
    Period(
        "visits",
        3 * 365 + 1,
        90,
        10 * 365,
        "visits that are over: they stay for the boutique's figures, without the client and her wish (PIPL 19)",
        (
            Sweep("occupation", f"upper(t.during) < {CUTOFF}"),
            Sweep("reassignment", f"t.decided_at < {CUTOFF}", key=("handover_id", "appointment_id")),
            Sweep("notice", f"t.expires_at < {CUTOFF} and t.status <> 'waiting'", key=("notice_id",)),
            Sweep("arrangement", f"t.arranged_at < {CUTOFF}", key=("appointment_id",)),
            Sweep("proposal", f"t.ended_at < {CUTOFF}", key=("proposal_id",)),
            Sweep("disrupted_visit", f"t.decided_at < {CUTOFF}", key=("disruption_id", "appointment_id")),
            Sweep(
                "appointment",
                # Whatever its status: nobody may have said what became of it.
                f"t.ends_at < {CUTOFF} and t.client_id <> :nobody",
                key=("appointment_id",),
                sets=BOOKINGS[0].sets,
            ),
            Sweep(
                "visit",
                f"t.arrived_at < {CUTOFF} and t.client_id is not null",
                key=("visit_id",),
                sets=VISITS[0].sets,
            ),
            Sweep("sale", f"t.purchased_at < {CUTOFF}", key=("event_id",)),
        ),
    ),
    Period(
        "guests",
        3 * 365 + 1,
        90,
        10 * 365,
        "invitations to occasions, which stay in the figures without the client, to experiences, and past waiting"
        " (PIPL 19)",
        (
            Sweep("guest_message", f"t.told_at < {CUTOFF}", key=("message_id",)),
            Sweep("waitlist_offer", f"t.settled_at < {CUTOFF}", key=("offer_id",)),
            Sweep(
                "waitlist_entry",
                f"t.ended_at < {CUTOFF} and not exists (select from waitlist_offer o"
                " where o.brand_id = t.brand_id and o.entry_id = t.entry_id)",
                key=("entry_id",),
            ),
            Sweep(
                "experience_guest",
                # Open to her as long as she comes for it, under whichever of her records she books.
                f"t.invited_at < {CUTOFF}"  # noqa: S608 - our own words
                " and not exists (select from appointment a where a.brand_id = t.brand_id"
                f" and a.experience_id = t.experience_id and a.ends_at >= {CUTOFF}"
                " and a.client_id in (select t.client_id union all select l.canonical_id from client_alias l"
                " where l.brand_id = t.brand_id and l.client_id = t.client_id))",
                key=("experience_id", "client_id"),
            ),
            Sweep(
                "occasion_invitation",
                f"t.created_at < {CUTOFF} and t.client_id <> :nobody and not exists (select from occasion_session s"
                f" where s.brand_id = t.brand_id and s.occasion_id = t.occasion_id and s.ends_at >= {CUTOFF})",
                key=("invitation_id",),
                sets=OCCASIONS[-1].sets,
            ),
        ),
    ),
)
