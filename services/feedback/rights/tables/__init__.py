"""What becomes of every table of feedback when a client is erased: one list per capability, in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate

HERS = "client_id = any(:ids)"

SURVEYS = (Decision("survey", Fate.NOT_HERS, "what is asked"),)
JOURNEYS = (
    Decision("journey", Fate.NOT_HERS, "when it is asked"),
    Decision("journey_step", Fate.NOT_HERS, "when it is asked"),
)
INVITATIONS = (
    # First: an answer under way holds its invitation, and is waited for here.
    Decision(
        "invitation",
        Fate.UNLINKED,
        "how many were asked and answered stays; her link opens nothing any more",
        hers=HERS,
        sets="client_id = :nobody, token = null,"
        " status = case when status in ('scheduled', 'due', 'sent') then 'expired' else status end",
    ),
    Decision("invitation_message", Fate.KEPT, "ids of messages, and why some did not arrive"),
    Decision("boutique", Fate.NOT_HERS, "what texts call a boutique"),
    Decision("restriction", Fate.DELETED, "that she is not to be asked", hers=HERS),
    Decision("client_alias", Fate.DELETED, "which ids were she", hers=f"{HERS} or canonical_id = any(:ids)"),
    Decision("client_merge", Fate.DELETED, "which ids were she", hers=f"{HERS} or merged_client_id = any(:ids)"),
)
ANSWERS = (
    Decision(
        "answer",
        Fate.UNLINKED,
        "scores and choices stay in the figures, without her and her words",
        hers=HERS,
        sets="client_id = :nobody, words = null",
    ),
)
WORKORDERS = (
    Decision("advisor", Fate.NOT_HERS, "who works where"),
    Decision("sla_policy", Fate.NOT_HERS, "how long putting right may take"),
    Decision("work_order_step", Fate.KEPT, "what somebody of the house did, and when"),
    Decision(
        "work_order_note",
        Fate.DELETED,
        "what was written down about her",
        hers=f"work_order_id in (select work_order_id from work_order where brand_id = :brand and {HERS} for update)",  # noqa: S608
    ),
    Decision(
        "work_order",
        Fate.UNLINKED,
        "clocks and causes stay in the figures, without her and all words; an open one stays for the boutique to close",
        hers=HERS,
        sets="client_id = :nobody, words = null, resolution = null, version = version + 1",
    ),
)

DECISIONS = (*SURVEYS, *JOURNEYS, *INVITATIONS, *ANSWERS, *WORKORDERS, *PLUMBING)
