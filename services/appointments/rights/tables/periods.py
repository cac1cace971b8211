"""How long appointments keeps what, and what then becomes of it; docs/privacy.md says it for people."""

from infra.retention.periods import CUTOFF, Period, Sweep
from services.appointments.rights.tables import BOOKINGS

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
            Sweep("proposal", f"t.ended_at < {CUTOFF}", key=("proposal_id",)),
            Sweep("disrupted_visit", f"t.decided_at < {CUTOFF}", key=("disruption_id", "appointment_id")),
            Sweep(
                "appointment",
                f"t.ends_at < {CUTOFF} and t.client_id <> :nobody"
                " and t.status in ('completed', 'cancelled', 'refused', 'no-show', 'expired')",
                key=("appointment_id",),
                sets=BOOKINGS[0].sets,
            ),
        ),
    ),
)
