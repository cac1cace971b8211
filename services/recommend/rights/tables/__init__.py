"""What becomes of every table of recommend when a client is erased: one list per capability, in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate
from infra.retention.periods import CUTOFF, Period, Sweep

HERS = "client_id = any(:ids)"

CATALOGUE = (Decision("piece", Fate.NOT_HERS, "what the house sells"),)
STOCK = (Decision("stock", Fate.NOT_HERS, "what boutiques have"),)
TASTE = (
    Decision("consent", Fate.DELETED, "whether we might choose for her", hers=HERS),
    Decision("restriction", Fate.DELETED, "that her data was not to be used", hers=HERS),
    Decision("bought", Fate.DELETED, "what she has; nobody learns from it any more", hers=HERS),
    Decision("visit", Fate.DELETED, "when she comes", hers=HERS),
    Decision("client_alias", Fate.DELETED, "which ids were she", hers=f"{HERS} or canonical_id = any(:ids)"),
    Decision("client_merge", Fate.DELETED, "which ids were she", hers=f"{HERS} or merged_client_id = any(:ids)"),
)
ASSORTMENTS = (
    Decision(
        "assortment_piece",
        Fate.DELETED,
        "what was chosen for her, and why",
        hers=f"assortment_id in (select assortment_id from assortment where brand_id = :brand and {HERS} for update)",  # noqa: S608
    ),
    Decision("assortment", Fate.DELETED, "that something was chosen for her", hers=HERS),
)

DECISIONS = (*CATALOGUE, *STOCK, *TASTE, *ASSORTMENTS, *PLUMBING)

# How long recommend keeps what, and what then becomes of it; docs/privacy.md says it for people.
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
