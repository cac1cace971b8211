"""How long recommend keeps what, and what then becomes of it; docs/privacy.md says it for people."""

from infra.retention.periods import CUTOFF, Period, Sweep

_NOT_TO_COME = (
    "not exists (select from visit v where v.brand_id = o.brand_id"
    " and v.appointment_id = o.appointment_id and v.is_live)"
)
_OVER = (
    "exists (select from assortment o where o.brand_id = t.brand_id and o.assortment_id = t.assortment_id"
    f" and o.prepared_at < {CUTOFF} and {_NOT_TO_COME})"
)
PERIODS = (
    Period(
        "assortments",
        365,
        30,
        3 * 365,
        "what was chosen for visits that are over, and why (PIPL 19)",
        (
            Sweep("assortment_piece", _OVER, key=("assortment_id", "piece_code")),
            Sweep("assortment", _OVER, key=("assortment_id",)),
        ),
    ),
)
