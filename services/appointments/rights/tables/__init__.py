"""What becomes of every table of appointments when a client is erased: one list per capability, in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate

HERS = "client_id = any(:ids)"

DIRECTORY = (
    Decision("region", Fate.NOT_HERS, "where the house is"),
    Decision("boutique", Fate.NOT_HERS, "where the house is"),
    Decision("room", Fate.NOT_HERS, "where the house is"),
    Decision("advisor", Fate.NOT_HERS, "who works there"),
    Decision("experience", Fate.NOT_HERS, "what can be booked"),
    Decision("weekly_hours", Fate.NOT_HERS, "when boutiques are open and advisors work"),
    Decision("dated_hours", Fate.NOT_HERS, "when boutiques are open and advisors work"),
)
AVAILABILITY = (
    Decision(
        "occupation",
        Fate.DELETED,
        "when she was taken; the advisor's and the room's rows of past visits stay",
        hers="resource_id = any(:ids)",
    ),
    Decision("client_owner", Fate.DELETED, "whose client she was", hers=HERS),
    Decision("client_alias", Fate.DELETED, "which ids were she", hers=f"{HERS} or canonical_id = any(:ids)"),
    Decision("client_merge", Fate.DELETED, "which ids were she", hers=f"{HERS} or merged_client_id = any(:ids)"),
)
BOOKINGS = (
    Decision(
        "appointment",
        Fate.UNLINKED,
        "visits to come are cancelled first; past ones stay for the boutique's figures, without her and her wish",
        hers=HERS,
        sets="client_id = :nobody, piece_code = null, version = version + 1",
    ),
)

REASSIGNED = (Decision("reassignment", Fate.DELETED, "what became of her visits when her advisor changed", hers=HERS),)

VISITS = (
    Decision(
        "visit",
        Fate.UNLINKED,
        "somebody entered: it stays counted, without her, her city and how often she comes",
        hers=HERS,
        sets="client_id = null, home_city = null, visits_this_month = null, version = version + 1",
    ),
    Decision("door_day", Fate.NOT_HERS, "how many turns were given out"),
    Decision("visit_tally", Fate.NOT_HERS, "numbers entered by hand"),
    Decision(
        "sale",
        Fate.UNLINKED,
        "that something was sold, where and when: it stays in the boutique's figures, without her",
        hers=HERS,
        sets="client_id = null",
    ),
    Decision("no_show_fit", Fate.NOT_HERS, "numbers of a model, of nobody"),
)

DECISIONS = (*VISITS, *DIRECTORY, *AVAILABILITY, *REASSIGNED, *BOOKINGS, *PLUMBING)
