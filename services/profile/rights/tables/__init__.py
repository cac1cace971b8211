"""What becomes of every table of profile when a client is erased: one list per capability, carried out in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate

HERS = "client_id = any(:ids)"

# Conditions of rows that hang on others of hers.
OF_HER_RECEIPTS = f"purchase_id in (select purchase_id from purchase where brand_id = :brand and {HERS})"  # noqa: S608
PAIR = "one_id = any(:ids) or other_id = any(:ids)"
OF_HER_PIECES = f"piece_id in (select piece_id from piece_change where brand_id = :brand and {HERS})"  # noqa: S608

PIECES = (
    Decision(
        "piece_service",
        Fate.UNLINKED,
        "what was done to the piece stays with it, without what somebody wrote about it",
        hers=OF_HER_PIECES,
        sets="note = null",
    ),
    Decision("piece_change", Fate.UNLINKED, "that it was owned, without by whom", hers=HERS, sets="client_id = null"),
    Decision("owned_piece", Fate.UNLINKED, "the piece and its papers are nobody's", hers=HERS, sets="client_id = null"),
)
PURCHASES = (
    Decision("boutique", Fate.NOT_HERS, "which boutique is behind a store code"),
    Decision("purchase_share", Fate.KEPT, "an advisor's part in a receipt: ids and numbers"),
    Decision(
        "purchase_line",
        Fate.UNLINKED,
        "kept by law for the accounts, without what somebody wrote beside the piece and without for whom it was",
        hers=f"{OF_HER_RECEIPTS} or recipient_id = any(:ids)",
        sets="description = null, recipient_id = null",
    ),
    Decision(
        "purchase",
        Fate.UNLINKED,
        "kept by law for the accounts; nobody's, and no till or client can claim it",
        hers=f"{HERS} or phone_blind = any(:phones)",
        sets="client_id = :nobody, phone_blind = null, masked_phone = null, scan_ref = null",
    ),
    Decision(
        "cash_flag",
        Fate.UNLINKED,
        "kept for the authorities, under a pseudonym that leads to nobody",
        hers=HERS,
        sets="client_id = :pseudonym",
    ),
    Decision("remote_sale", Fate.DELETED, "what was kept for her, and where it was sent", hers=HERS),
    Decision("claim_attempt", Fate.KEPT, "keyed digests of who tried to claim a receipt, for an hour"),
)
TOUCHPOINTS = (
    Decision("touchpoint", Fate.DELETED, "her timeline", hers=HERS),
    Decision("reported_contact", Fate.DELETED, "what other systems saw of her, and what she was shown", hers=HERS),
    Decision("wish", Fate.DELETED, "what she would like to have", hers=HERS),
)
SEGMENTS = (
    Decision("segment_report", Fate.NOT_HERS, "shares and flows of the house: counts and sums"),
    Decision("segment_policy", Fate.NOT_HERS, "the brand's thresholds"),
    Decision("currency_rate", Fate.NOT_HERS, "the brand's rates"),
    Decision("client_segment", Fate.DELETED, "what she was reckoned to be", hers=HERS),
    Decision("segment_model", Fate.NOT_HERS, "what was fitted to all of them: parameters and measures"),
    Decision("future_vic", Fate.DELETED, "what she was foretold to be", hers=HERS),
)
LOYALTY = (
    Decision("loyalty_policy", Fate.NOT_HERS, "what earns points"),
    Decision("points_entry", Fate.DELETED, "her points, and what they were for", hers=HERS),
    Decision("points_account", Fate.DELETED, "what her points come to", hers=HERS),
    Decision("card_tier", Fate.NOT_HERS, "which cards there are, and how many"),
    Decision("card", Fate.DELETED, "her cards; their places are free", hers=HERS),
    Decision("card_wait", Fate.DELETED, "what she waited for", hers=HERS),
    Decision("privilege", Fate.NOT_HERS, "which privileges there are"),
    Decision(
        "privilege_grant",
        Fate.UNLINKED,
        "how many were granted and handed over, under a pseudonym that leads to nobody",
        hers=HERS,
        sets="client_id = :pseudonym, status = case when status = 'handed-over' then status else 'withdrawn' end",
    ),
)
LISTS = (
    Decision("saved_list", Fate.NOT_HERS, "what somebody asks for; it names nobody"),
    Decision("list_member", Fate.DELETED, "that she was in a list when it was frozen", hers=HERS),
)
BOOKS = (
    Decision("client_owner", Fate.DELETED, "whose client she was", hers=f"{HERS} or inherited_from = any(:ids)"),
    Decision("advisor", Fate.NOT_HERS, "who works where"),
    Decision("book_policy", Fate.NOT_HERS, "how many clients an advisor can bear"),
    Decision("book_deputy", Fate.NOT_HERS, "who stands in for an advisor"),
    Decision("client_deputy", Fate.DELETED, "who stood in for her advisor", hers=HERS),
    Decision("client_plan", Fate.DELETED, "what was planned with her", hers=HERS),
    Decision(
        "handover_client",
        Fate.DELETED,
        "that she went from one advisor to another, and what was to be said",
        hers=f"{HERS} or was_inherited_from = any(:ids)",
    ),
    Decision("handover", Fate.NOT_HERS, "that a book was handed over"),
    Decision(
        "wecom_contact",
        Fate.DELETED,
        "whose contact in WeCom she was, by a digest",
        hers=f"contact in (select blind from identity where brand_id = :brand and kind = 'wecom' and {HERS})",  # noqa: S608
    ),
)
TASKS = (
    Decision("task_outcome", Fate.DELETED, "what came of turning to her, and what was noted of it", hers=HERS),
    Decision(
        "task_move",
        Fate.DELETED,
        "which of her tasks a handover moved",
        hers=f"task_id in (select task_id from task where brand_id = :brand and {HERS})",  # noqa: S608
    ),
    Decision("task", Fate.DELETED, "what somebody was to do for her", hers=HERS),
    Decision("task_policy", Fate.NOT_HERS, "how the house wants its tasks"),
    Decision("task_round", Fate.NOT_HERS, "how far a day's look at the books has come"),
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
    Decision("message_recall", Fate.NOT_HERS, "WeCom's numbers of messages that are taken back there"),
    Decision("channel_word", Fate.DELETED, "which channels she does not want", hers=HERS),
    Decision("message_policy", Fate.NOT_HERS, "how much the brand sends, and when"),
)
CAMPAIGNS = (
    Decision("campaign_member", Fate.DELETED, "that she was in a campaign's list, and what became of it", hers=HERS),
    Decision("campaign", Fate.NOT_HERS, "what advisors were to turn to clients for"),
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
        sets="client_id = :nobody, actor = '', withdrawn_by = null, evidence = null,"
        " withdrawn_at = case when replaced_at is null then coalesce(withdrawn_at, :now) end",
    ),
    Decision("sensitive_item", Fate.DELETED, "measurements and other sensitive things", hers=HERS),
    Decision("restriction", Fate.DELETED, "that her data was not to be used", hers=HERS),
)
IDENTITIES = (
    Decision("identity", Fate.DELETED, "how she was known", hers=HERS),
    Decision("erased_identity", Fate.KEPT, "keyed digests, so that no import or till brings her back"),
    Decision("client_merge", Fate.DELETED, "which records were she", hers=f"{HERS} or merged_client_id = any(:ids)"),
    Decision("client_alias", Fate.DELETED, "which records were she", hers=f"{HERS} or canonical_id = any(:ids)"),
    Decision("never_merge", Fate.DELETED, "who she is not, and why", hers=PAIR),
    Decision("duplicate", Fate.DELETED, "who she might have been", hers=PAIR),
    Decision("duplicate_search", Fate.DELETED, "that she is to be compared", hers=HERS),
)
CLIENTS = (
    Decision("client_date", Fate.DELETED, "days that matter to her", hers=HERS),
    Decision("preference", Fate.DELETED, "what she likes", hers=HERS),
    Decision("note", Fate.DELETED, "what was written about her", hers=HERS),
    Decision("relation", Fate.DELETED, "who she is to whom", hers=f"{HERS} or other_client_id = any(:ids)"),
    Decision("client", Fate.DELETED, "her names and her birthday", hers=HERS),
)
RIGHTS = (
    Decision(
        "data_request",
        Fate.UNLINKED,
        "proof that she asked and was answered: ids and times, without any words",
        hers=HERS,
        sets="reason = null, corrections = null",
    ),
    Decision("erasure_receipt", Fate.KEPT, "the certificate: counts alone"),
    Decision("data_copy", Fate.KEPT, "the receipt of a copy she was given: times and counts alone"),
)

# Sealed lines of a file do not say whose they are before they are opened, one by one.
ONBOARDING = (
    Decision("bulk_import", Fate.NOT_HERS, "which files were brought, their columns and their figures"),
    Decision("import_part", Fate.KEPT, "an old file, sealed: nobody can tell whose it is; gone when its import runs"),
    Decision(
        "import_chunk",
        Fate.KEPT,
        "lines of an old file, sealed: nobody can tell whose they are; those taken are gone at once, the others within"
        " two weeks",
    ),
    Decision("import_effect", Fate.KEPT, "what an import wrote, by ids alone; gone within two weeks"),
    Decision("import_receipt", Fate.NOT_HERS, "how many lines of a receipt a running import has seen"),
)

REGISTERS = (
    Decision("register_entry", Fate.NOT_HERS, "what the house does, assessed and told; officers name nobody there"),
    Decision("export_abroad", Fate.NOT_HERS, "what went abroad: recipient, purpose and counts"),
    Decision("exported_person", Fate.KEPT, "keyed digests of who was in an export: the law counts persons"),
    Decision("exported_in_year", Fate.KEPT, "keyed digests of who went abroad in a year"),
    Decision("export_year", Fate.NOT_HERS, "how many"),
)

# From what hangs on others to what they hang on.
DECISIONS = (
    *PIECES,
    *PURCHASES,
    *TOUCHPOINTS,
    *SEGMENTS,
    *LISTS,
    *LOYALTY,
    *BOOKS,
    *TASKS,
    *MESSAGES,
    *CAMPAIGNS,
    *PRIVACY,
    *CONSENTS,
    *IDENTITIES,
    *CLIENTS,
    *RIGHTS,
    *ONBOARDING,
    *REGISTERS,
    *PLUMBING,
)
