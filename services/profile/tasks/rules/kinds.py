"""What a task may be for."""

from enum import StrEnum


class Kind(StrEnum):
    """Why somebody is to turn to a client."""

    THANK_YOU = "thank-you"
    AFTER_SALES_CALL = "after-sales-call"
    BIRTHDAY = "birthday"
    DAY_THAT_MATTERS = "day-that-matters"
    FESTIVAL = "festival"
    LAPSE = "lapse"
    HANDOVER = "handover"
    RECOVERY = "recovery"
    CONTACT_PLAN = "contact-plan"
    CALL = "call"
    CAMPAIGN = "campaign"
    BY_HAND = "by-hand"
    ARRIVAL = "arrival"  # she has come in: whoever receives her is to know at once


# What the house owes her: of these it is counted whether they were done in time.
FOLLOW_UPS = frozenset({Kind.THANK_YOU, Kind.AFTER_SALES_CALL, Kind.HANDOVER, Kind.RECOVERY})
# What a calendar or a plan says and a day's round opens, for the clients of the books.
BY_CALENDAR = frozenset({Kind.BIRTHDAY, Kind.DAY_THAT_MATTERS, Kind.FESTIVAL, Kind.CONTACT_PLAN})
# Whoever said that she does not want one of these is left alone with it for a while.
DISPENSABLE = BY_CALENDAR | {Kind.LAPSE, Kind.CAMPAIGN}
# Two records of one person ask for one of each, whatever records they were opened for.
ONE_PER_PERSON = BY_CALENDAR | {Kind.LAPSE, Kind.CAMPAIGN, Kind.HANDOVER}
