"""What becomes of every table of profile when a client is erased: one list per capability, carried out in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate

HERS = "client_id = any(:ids)"

PURCHASES = (
    Decision("boutique", Fate.NOT_HERS, "which boutique is behind a store code"),
    Decision(
        "purchase_line",
        Fate.UNLINKED,
        "kept by law for the accounts, without what somebody wrote beside the piece",
        hers=f"purchase_id in (select purchase_id from purchase where brand_id = :brand and {HERS})",  # noqa: S608
        sets="description = null",
    ),
    Decision(
        "purchase",
        Fate.UNLINKED,
        "kept by law for the accounts; nobody's, and no till or client can claim it",
        hers=HERS,
        sets="client_id = :nobody",
    ),
)
TOUCHPOINTS = (Decision("touchpoint", Fate.DELETED, "her timeline", hers=HERS),)
SEGMENTS = (
    Decision("segment_policy", Fate.NOT_HERS, "the brand's thresholds"),
    Decision("currency_rate", Fate.NOT_HERS, "the brand's rates"),
    Decision("client_segment", Fate.DELETED, "what she was reckoned to be", hers=HERS),
)
BOOKS = (
    Decision("client_owner", Fate.DELETED, "whose client she was", hers=HERS),
    Decision("advisor", Fate.NOT_HERS, "who works where"),
)
MESSAGES = (
    Decision(
        "message_credit",
        Fate.DELETED,
        "sends she granted, by a digest of her openid",
        hers="openid_blind = any(:blinds)",
    ),
    Decision(
        "wechat_event",
        Fate.DELETED,
        "whether messages reached her; other events are digests that lead to nobody",
        hers=f"message_ref in (select channel_ref from message where brand_id = :brand and {HERS})",  # noqa: S608
    ),
    Decision("message", Fate.DELETED, "what was written to her", hers=HERS),
)
PRIVACY = (
    Decision("presence", Fate.DELETED, "when she is in a boutique", hers=HERS),
    Decision(
        "access_log",
        Fate.UNLINKED,
        "who looked and why is kept, under a pseudonym that leads to nobody",
        hers=HERS,
        sets="client_id = :pseudonym, grant_id = null",
    ),
    Decision("access_grant", Fate.DELETED, "reasons that may name her", hers=HERS),
)
CONSENTS = (
    Decision(
        "consent",
        Fate.UNLINKED,
        "proof of what was allowed and when: purpose, notice and times, without her",
        hers=HERS,
        sets="client_id = :nobody, actor = '', withdrawn_by = null,"
        " withdrawn_at = case when replaced_at is null then coalesce(withdrawn_at, :now) end",
    ),
    Decision("restriction", Fate.DELETED, "that her data was not to be used", hers=HERS),
)
IDENTITIES = (
    Decision("identity", Fate.DELETED, "how she was known", hers=HERS),
    Decision("erased_identity", Fate.KEPT, "keyed digests, so that no import or till brings her back"),
    Decision("client_merge", Fate.DELETED, "which records were she", hers=f"{HERS} or merged_client_id = any(:ids)"),
    Decision("client_alias", Fate.DELETED, "which records were she", hers=f"{HERS} or canonical_id = any(:ids)"),
)
CLIENTS = (Decision("client", Fate.DELETED, "her names", hers=HERS),)
RIGHTS = (
    Decision(
        "data_request",
        Fate.UNLINKED,
        "proof that she asked and was answered: ids and times, without the words of a refusal",
        hers=HERS,
        sets="reason = null",
    ),
    Decision("erasure_receipt", Fate.KEPT, "the certificate: counts alone"),
)

# From what hangs on others to what they hang on.
DECISIONS = (
    *PURCHASES,
    *TOUCHPOINTS,
    *SEGMENTS,
    *BOOKS,
    *MESSAGES,
    *PRIVACY,
    *CONSENTS,
    *IDENTITIES,
    *CLIENTS,
    *RIGHTS,
    *PLUMBING,
)
