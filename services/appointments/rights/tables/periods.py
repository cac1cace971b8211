"""How long appointments keeps what, and what then becomes of it; docs/privacy.md says it for people."""

from infra.retention.periods import CUTOFF, Period, Sweep
from services.appointments.rights.tables import BOOKINGS, VISITS

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
            Sweep(
                "appointment",
                f"t.ends_at < {CUTOFF} and t.client_id <> :nobody"
                " and t.status in ('completed', 'cancelled', 'no-show', 'expired')",
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
)
