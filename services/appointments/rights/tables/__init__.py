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

OCCASIONS = (
    Decision("occasion", Fate.NOT_HERS, "what the house invites to"),
    Decision("occasion_session", Fate.NOT_HERS, "when and where, and how many seats"),
    Decision("session_reserve", Fate.NOT_HERS, "seats that are kept for a segment"),
    Decision("occasion_policy", Fate.NOT_HERS, "how often a brand invites"),
    Decision("guest_message", Fate.KEPT, "which message was about which invitation or offer: ids alone"),
    Decision(
        "occasion_invitation",
        Fate.UNLINKED,
        "what is to come is taken back first; the rest stays in an occasion's figures, without her",
        hers=HERS,
        sets="client_id = :nobody, reason = null, version = version + 1",
    ),
)
WAITLIST = (
    Decision("waitlist_policy", Fate.NOT_HERS, "whom a brand asks first"),
    Decision("waitlist_offer", Fate.DELETED, "which times were kept for her", hers=HERS),
    Decision("waitlist_entry", Fate.DELETED, "what she waited for", hers=HERS),
)
TOLD = (
    Decision("notice", Fate.DELETED, "what she was told of her visits", hers=HERS),
    Decision("reminder_policy", Fate.NOT_HERS, "when the brand reminds"),
    Decision("arrangement", Fate.DELETED, "what was laid out for her visits", hers=HERS),
    Decision("calendar_feed", Fate.NOT_HERS, "who reads whose calendar: of clients there is nothing in it"),
)
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

DECISIONS = (
    *VISITS,
    *DIRECTORY,
    *AVAILABILITY,
    *REASSIGNED,
    *WAITLIST,
    *TOLD,
    *BOOKINGS,
    *OCCASIONS,
    *PLUMBING,
)
