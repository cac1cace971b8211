"""What profile tells a client who wants a copy of her data, and why the rest is left out.

Who of the house wrote or did something is left out everywhere: that is about them. So is who else she is related to,
beyond what was written down of her: a copy holds nobody else's data.
"""

from services.profile.rights.tables.copied import asked, contacts, loyalty, purchases, record

COPIED = (*record.COPIED, *purchases.COPIED, *contacts.COPIED, *loyalty.COPIED, *asked.COPIED)
LEFT_OUT = {
    "cash_flag": "what is reported to the authorities, which the law on money laundering forbids to tell (PIPL, 18)",
    "client_alias": "which records are she: the merges say it",
    "never_merge": "who she is not: that is about the other one",
    "campaign_member": "who was in a list and fell to whose lot: what was meant for you stands among your tasks",
    "task_move": "which of the house's people handed what was to be done for you to whom",
    "duplicate": "a guess that she might be somebody else, who may be another client: until decided it is about both",
    "wecom_contact": "digests of who is in whose contacts in WeCom: you see it in your own WeCom",
    "points_account": "what her points come to: the points say it",
    "duplicate_search": "that she is to be compared: nothing is known by it",
}
