"""The kinds of contact a client's timeline knows."""

from enum import StrEnum


class Contact(StrEnum):
    """What happened between her and the house."""

    PURCHASE = "purchase"
    VISIT_BOOKED = "visit-booked"
    VISIT_MOVED = "visit-moved"
    VISIT_CANCELLED = "visit-cancelled"
    ARRIVED = "arrived"
    VISIT_COMPLETED = "visit-completed"
    NO_SHOW = "no-show"
    SURVEY_DUE = "survey-due"
    ANSWER = "answer"
    WORK_ORDER_OPENED = "work-order-opened"
    WORK_ORDER_CLOSED = "work-order-closed"
    LOOP_CLOSED = "loop-closed"
    MESSAGE_SENT = "message-sent"
