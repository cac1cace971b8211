"""What becomes of every table of recommend when a client is erased: one list per capability, in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate

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
