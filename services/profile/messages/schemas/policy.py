"""How much a brand sends, and when, on the wire."""

from datetime import time
from typing import Annotated

from pydantic import Field

from infra.wire import Form, View
from services.profile.messages.queries.standing import MessagePolicy
from services.profile.messages.rules.policy import Policy


class MessagePolicyForm(Form):
    """How much the brand sends: at most `budget` messages to one client in any `days`, over all senders and channels.

    From `quiet_from` to `quiet_until` on the clock of `zone` nothing leaves that she did not ask for (the same hour
    twice: none). The same words go from one sender to at most `same_words` clients a day.
    """

    budget: Annotated[int, Field(ge=0, le=1000)]
    days: Annotated[int, Field(ge=1, le=366)]
    quiet_from: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    quiet_until: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+\-/]+$")]
    same_words: Annotated[int, Field(ge=1, le=1000)]
    draft_days: Annotated[int, Field(ge=1, le=90)]

    def policy(self) -> Policy:
        """As the rules want it."""
        return Policy(
            self.budget,
            self.days,
            time.fromisoformat(self.quiet_from),
            time.fromisoformat(self.quiet_until),
            self.zone,
            self.same_words,
            self.draft_days,
        )


class MessagePolicyView(View):
    """The policy in force."""

    budget: int
    days: int
    quiet_from: str
    quiet_until: str
    zone: str
    same_words: int
    draft_days: int

    @classmethod
    def of(cls, found: MessagePolicy) -> "MessagePolicyView":
        """The view of a policy."""
        one = found.policy
        return cls(
            budget=one.budget,
            days=one.days,
            quiet_from=one.quiet_from.strftime("%H:%M"),
            quiet_until=one.quiet_until.strftime("%H:%M"),
            zone=one.zone,
            same_words=one.same_words,
            draft_days=one.draft_days,
        )
