"""What becomes of every table of profile when a client is erased: one list per capability, carried out in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate
from infra.retention.periods import CUTOFF, Period, Sweep

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
    Decision("segment_policy", Fate.NOT_HERS, "the brand's thresholds"),
    Decision("currency_rate", Fate.NOT_HERS, "the brand's rates"),
    Decision("client_segment", Fate.DELETED, "what she was reckoned to be", hers=HERS),
)
BOOKS = (
    Decision("client_owner", Fate.DELETED, "whose client she was", hers=f"{HERS} or inherited_from = any(:ids)"),
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
    *BOOKS,
    *MESSAGES,
    *PRIVACY,
    *CONSENTS,
    *IDENTITIES,
    *CLIENTS,
    *RIGHTS,
    *ONBOARDING,
    *REGISTERS,
    *PLUMBING,
)

# Nothing of a client, by any record that is she, since the moment before which it would be over.
_KNOWN_AS = (
    "coalesce((select canonical_id from client_alias a where a.brand_id = t.brand_id and a.client_id = t.client_id),"
    " t.client_id)"
)
_QUIET = " and ".join(
    f"not exists (select from {table} r where r.brand_id = t.brand_id and r.occurred_at >= {CUTOFF}"  # noqa: S608
    f" and (r.client_id = {_KNOWN_AS} or r.client_id in (select b.client_id from client_alias b"
    f" where b.brand_id = t.brand_id and b.canonical_id = {_KNOWN_AS})))"
    for table in ("touchpoint", "reported_contact")
)
_YEARS = 3 * 365 + 1  # days of three years

# How long profile keeps what, and what then becomes of it; docs/privacy.md says it for people.
PERIODS = (
    Period(
        "contacts",
        _YEARS,
        180,
        10 * 365,
        "timeline, reported contacts and closed wishes of clients of whom nothing was heard for that long (PIPL 19)",
        (
            Sweep("wish", f"t.closed_at < {CUTOFF} and {_QUIET}", key=("wish_id",)),
            # The contacts of other systems first: the timeline says who is quiet.
            Sweep("reported_contact", f"t.occurred_at < {CUTOFF} and {_QUIET}", key=("contact_id",)),
            Sweep("touchpoint", f"t.occurred_at < {CUTOFF} and {_QUIET}", key=("touchpoint_id",)),
        ),
    ),
    Period(
        "messages",
        730,
        30,
        _YEARS,
        "what was written to clients, and whether it arrived (PIPL 19)",
        (
            Sweep(
                "message",
                f"coalesce(t.settled_at, t.asked_at) < {CUTOFF} and t.status not in ('queued', 'sending')",
                key=("message_id",),
            ),
            Sweep("wechat_event", f"t.occurred_at < {CUTOFF}", key=("event_id",)),
        ),
    ),
    Period(
        "access-log",
        _YEARS,
        _YEARS,
        10 * 365,
        "who looked and why: a record of processing, three years at least (PIPL 56)",
        (
            Sweep("access_log", f"t.seen_at < {CUTOFF}", key=("entry_id",)),
            Sweep("access_grant", f"t.until_at < {CUTOFF}", key=("grant_id",)),
        ),
    ),
    Period(
        "presence",
        90,
        2,
        365,
        "that she was in a boutique: opens her to its people, and is needed no longer (PIPL 19)",
        (Sweep("presence", f"t.until_at < {CUTOFF}", key=("appointment_id",)),),
    ),
    Period(
        "claim-attempts",
        1,
        1,
        30,
        "who tried to claim a receipt, by a digest",
        (Sweep("claim_attempt", f"t.began_at < {CUTOFF}", key=("who",)),),
    ),
    Period(
        "ended-consents",
        _YEARS,
        _YEARS,
        10 * 365,
        "consents replaced by newer ones, and the evidence of withdrawn ones; a last no itself is kept (PIPL 56, 69)",
        (
            Sweep("consent", f"t.replaced_at < {CUTOFF}", key=("consent_id",)),
            Sweep(
                "consent",
                f"t.withdrawn_at < {CUTOFF} and t.evidence is not null",
                key=("consent_id",),
                sets="evidence = null",
            ),
        ),
    ),
    Period(
        "couriers",
        180,
        30,
        _YEARS,
        "links, couriers and tracking numbers of remote sales that are over (PIPL 19)",
        (
            Sweep(
                "remote_sale",
                f"t.changed_at < {CUTOFF} and t.status in ('received', 'cancelled', 'returned')"
                " and (t.link is not null or t.courier is not null or t.tracking is not null)",
                key=("remote_sale_id",),
                sets="link = null, courier = null, tracking = null",
            ),
        ),
    ),
    Period(
        "data-requests",
        _YEARS,
        _YEARS,
        10 * 365,
        "what clients asked for, and the certificates of erasings (PIPL 50, 56)",
        (
            Sweep("erasure_receipt", f"t.erased_at < {CUTOFF}", key=("request_id", "service")),
            Sweep("data_request", f"coalesce(t.done_at, t.refused_at) < {CUTOFF}", key=("request_id",)),
        ),
    ),
    Period(
        "registers",
        _YEARS,
        _YEARS,
        10 * 365,
        "entries of the registers that were closed, and exports abroad: three years at least (PIPL 56)",
        (
            Sweep(
                "register_entry",
                "exists (select from register_entry e where e.brand_id = t.brand_id and e.entry_id = t.entry_id"
                f" and e.ended_on < cast({CUTOFF} as date))",
                key=("entry_id", "version"),
            ),
            Sweep("exported_person", f"t.handed_on < cast({CUTOFF} as date)", key=("export_id", "person")),
            Sweep(
                "exported_in_year",
                f"make_date(t.year, 12, 31) < cast({CUTOFF} as date)",
                key=("year", "person"),
            ),
            Sweep("export_abroad", f"coalesce(t.handed_at, t.asked_at) < {CUTOFF}", key=("export_id",)),
        ),
    ),
)
