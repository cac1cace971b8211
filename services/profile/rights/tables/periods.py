"""How long profile keeps what, and what then becomes of it; docs/privacy.md says it for people."""

from infra.retention.periods import CUTOFF, Period, Sweep

# Nothing of a client, by any record that is she, since the moment before which it would be over.
_KNOWN_AS = (
    "coalesce((select canonical_id from client_alias a where a.brand_id = t.brand_id and a.client_id = t.client_id),"
    " t.client_id)"
)
# Said as the latest of hers, which is looked up row by row through the index, and never by reading all there are.
_RECORDS = (
    "array(select b.client_id from client_alias b where b.brand_id = t.brand_id"  # noqa: S608 - our own words
    f" and b.canonical_id = {_KNOWN_AS} union all select {_KNOWN_AS})"
)
_QUIET = " and ".join(
    f"coalesce((select max(r.occurred_at) from {table} r where r.brand_id = t.brand_id"  # noqa: S608 - our own words
    f" and r.client_id = any({_RECORDS})) < {CUTOFF}, true)"
    for table in ("touchpoint", "reported_contact")
)
_YEARS = 3 * 365 + 1  # days of three years

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
        "tasks",
        730,
        90,
        10 * 365,
        "what advisors had to do for clients, campaigns included, and what came of it (PIPL 19)",
        (
            Sweep(
                "campaign_member",
                "exists (select from campaign k where k.brand_id = t.brand_id and k.campaign_id = t.campaign_id"
                f" and k.ended_at < {CUTOFF})",
                key=("campaign_id", "client_id"),
            ),
            Sweep("campaign", f"t.ended_at < {CUTOFF}", key=("campaign_id",)),
            Sweep("task_outcome", f"t.given_at < {CUTOFF}", key=("outcome_id",)),
            Sweep(
                "task_move",
                "exists (select from task k where k.brand_id = t.brand_id and k.task_id = t.task_id"
                f" and k.closed_at < {CUTOFF})",
                key=("handover_id", "task_id"),
            ),
            Sweep("task", f"t.closed_at < {CUTOFF}", key=("task_id",)),
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
                f"coalesce(t.settled_at, t.asked_at) < {CUTOFF}"
                " and t.status not in ('draft', 'queued', 'sending', 'awaiting-advisor')",
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
        "handovers",
        730,
        90,
        10 * 365,
        "who was handed over to whom, and what was to be said (PIPL 19)",
        (
            Sweep(
                "handover_client",
                "exists (select from handover h where h.brand_id = t.brand_id and h.handover_id = t.handover_id"
                f" and h.ended_at < {CUTOFF})",
                key=("handover_id", "client_id"),
            ),
            Sweep("handover", f"t.ended_at < {CUTOFF}", key=("handover_id",)),
        ),
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
        "loyalty",
        _YEARS,
        180,
        10 * 365,
        "cards that ended, waiting that came to its end, privileges handed over or withdrawn (PIPL 19)",
        (
            Sweep("card", f"t.ended_at < {CUTOFF}", key=("card_id",)),
            Sweep(
                "card_wait",
                f"coalesce(t.offer_until, t.joined_at) < {CUTOFF} and t.status not in ('waiting', 'offered')",
                key=("wait_id",),
            ),
            Sweep(
                "privilege_grant",
                f"coalesce(t.handed_over_at, t.granted_at, t.listed_at) < {CUTOFF}"
                " and t.status in ('handed-over', 'withdrawn')",
                key=("grant_id",),
            ),
        ),
    ),
    Period(
        "list-snapshots",
        365,
        7,
        _YEARS,
        "who was in a list when it was frozen (PIPL 19)",
        (
            Sweep(
                "list_member",
                "(select s.frozen_at from saved_list s where s.brand_id = t.brand_id"  # noqa: S608 - our own words
                f" and s.list_id = t.list_id) < {CUTOFF}",
                key=("list_id", "client_id"),
            ),
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
