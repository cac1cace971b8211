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
    Decision("break_time", Fate.NOT_HERS, "when boutiques and advisors pause"),
    Decision("leave", Fate.NOT_HERS, "when advisors are away"),
    Decision("closure", Fate.NOT_HERS, "when boutiques are closed"),
)
AVAILABILITY = (
    Decision(
        "occupation",
        Fate.DELETED,
        "when she was taken; the advisor's and the room's rows of past visits stay",
        hers="resource_id = any(:ids)",
    ),
    Decision("client_owner", Fate.DELETED, "whose client she was", hers=HERS),
    Decision("client_segment", Fate.DELETED, "which segment she was in", hers=HERS),
    Decision("experience_guest", Fate.DELETED, "what was open to her by invitation", hers=HERS),
    Decision("client_deputy", Fate.DELETED, "who stood in for her advisor", hers=HERS),
    Decision("book_deputy", Fate.NOT_HERS, "who stands in for an advisor"),
    Decision("client_alias", Fate.DELETED, "which ids were she", hers=f"{HERS} or canonical_id = any(:ids)"),
    Decision("client_merge", Fate.DELETED, "which ids were she", hers=f"{HERS} or merged_client_id = any(:ids)"),
)
BOOKINGS = (
    Decision(
        "appointment",
        Fate.UNLINKED,
        "visits to come are cancelled first; past ones stay for the boutique's figures, without her and her wish",
        hers=HERS,
        sets="client_id = :nobody, piece_code = null, language = null, occasion = null, requests = null,"
        " configuration = null, answers = null, link = null, refusal_reason = null, override_reason = null,"
        " version = version + 1",
    ),
    Decision("booking_policy", Fate.NOT_HERS, "how a brand lets its clients book"),
    Decision("disruption", Fate.NOT_HERS, "when an advisor was away or a boutique closed"),
)

REASSIGNED = (
    Decision("reassignment", Fate.DELETED, "what became of her visits when her advisor changed", hers=HERS),
    Decision("proposal", Fate.DELETED, "which other times the house proposed to her", hers=HERS),
    Decision("disrupted_visit", Fate.DELETED, "what became of her visits when an advisor was away", hers=HERS),
)

DECISIONS = (*DIRECTORY, *AVAILABILITY, *REASSIGNED, *BOOKINGS, *PLUMBING)
