"""How far a client's WeCom contact has come on its way to her new advisor, and when to look again."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

TAKEOVER = timedelta(hours=24)
LOOK_AGAIN = timedelta(hours=1)
# After a limit of the taker, once a day, for a fortnight: she may let others go.
LIMIT_PAUSE = timedelta(days=1)
MOST_TRIES = 14
# A submission that nobody has answered for so long was cut off: it is made again, and WeCom says that it knows it.
INTERRUPTED = timedelta(minutes=2)

CLIENT_LIMIT = 40099
# Whether a member has left, WeCom knows best: it may hear of it earlier or later than the house does.
NOT_LEFT, NO_SUCH_MEMBER = 40097, 60111
AS_GOOD_AS_SUBMITTED = frozenset({0, 40100, 40129})
# Secret, corp id, token, permission, address: the application is not let in. Nobody's contact is at fault.
NOT_LET_IN = frozenset({40001, 40013, 40014, 40091, 42001, 48002, 60020})


class Wecom(StrEnum):
    """Where it stands."""

    NONE = "none"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    LIMIT_REACHED = "limit-reached"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


UNDER_WAY = frozenset({Wecom.QUEUED, Wecom.SUBMITTING, Wecom.WAITING})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept after an answer; `wait` until the next look, None when there is nothing more to do."""

    state: Wecom
    wait: timedelta | None = None
    code: int | None = None
    is_resigned: bool | None = None  # which way to submit next, where it is another one


def submitted(errcode: int, tries: int, *, is_resigned: bool) -> Standing:
    """What a submission's code means for one client; `tries` are those before this one."""
    if errcode in AS_GOOD_AS_SUBMITTED:
        return Standing(Wecom.WAITING, LOOK_AGAIN)
    if errcode == (NOT_LEFT if is_resigned else NO_SUCH_MEMBER) and tries + 1 < MOST_TRIES:
        return Standing(Wecom.QUEUED, LOOK_AGAIN if tries else timedelta(0), errcode, not is_resigned)
    if errcode == CLIENT_LIMIT:
        return _at_the_limit(tries, errcode)
    if errcode in NOT_LET_IN and tries + 1 < MOST_TRIES:
        return Standing(Wecom.QUEUED, LIMIT_PAUSE if tries else LOOK_AGAIN, errcode)
    return Standing(Wecom.FAILED, code=errcode)


def unrecorded(tries: int) -> Standing:
    """What it means that WeCom lists no transfer between the two: it was under way to somebody else, or is no more.

    She is submitted again a day later, when whatever it was has ended.
    """
    if tries + 1 >= MOST_TRIES:
        return Standing(Wecom.FAILED)
    return Standing(Wecom.QUEUED, LIMIT_PAUSE)


def reported(status: int, tries: int) -> Standing | None:
    """What WeCom's status of a transfer means; None for one it has no record of (5)."""
    match status:
        case 1:
            return Standing(Wecom.DONE)
        case 2:
            return Standing(Wecom.WAITING, LOOK_AGAIN)
        case 3:
            return Standing(Wecom.REFUSED)
        case 4:
            return _at_the_limit(tries, None)
        case _:
            return None


def _at_the_limit(tries: int, code: int | None) -> Standing:
    if tries + 1 >= MOST_TRIES:
        return Standing(Wecom.LIMIT_REACHED, code=code)
    return Standing(Wecom.QUEUED, LIMIT_PAUSE, code)
