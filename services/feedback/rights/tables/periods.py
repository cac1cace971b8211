"""How long feedback keeps what, and what then becomes of it; docs/privacy.md says it for people."""

from infra.retention.periods import CUTOFF, Period, Sweep
from services.feedback.rights.tables import ANSWERS, WORKORDERS

PERIODS = (
    Period(
        "opinions",
        3 * 365 + 1,
        90,
        10 * 365,
        "invitations, answers and closed work orders: they stay in the figures, without the client and words (PIPL 19)",
        (
            Sweep(
                "invitation",
                f"t.expires_at < {CUTOFF} and t.status in ('refused', 'answered', 'expired')"
                " and t.client_id <> :nobody",
                key=("invitation_id",),
                sets="client_id = :nobody, token = null",
            ),
            Sweep(
                "answer",
                f"t.answered_at < {CUTOFF} and t.client_id <> :nobody",
                key=("answer_id",),
                sets=ANSWERS[0].sets,
            ),
            Sweep(
                "work_order_note",
                "exists (select from work_order w where w.brand_id = t.brand_id and w.work_order_id = t.work_order_id"
                f" and w.closed_at < {CUTOFF})",
                key=("work_order_id", "note_id"),
            ),
            Sweep(
                "work_order",
                f"t.closed_at < {CUTOFF} and t.client_id <> :nobody",
                key=("work_order_id",),
                sets=WORKORDERS[-1].sets,
            ),
        ),
    ),
)
