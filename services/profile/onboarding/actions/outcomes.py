"""What became of one line."""

from dataclasses import dataclass, field

from services.profile.onboarding.actions.effects import Effect
from services.profile.onboarding.actions.said import Refused, Worth
from services.profile.onboarding.rules.reasons import LeftOut
from services.profile.onboarding.rules.tally import Fate, Sum, Tally

_WHERE = {Fate.CREATED: Sum.RECORDED, Fate.REFUSED: Sum.REFUSED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line: its fate, why it was refused, what it wrote, and what it comes to."""

    number: int
    fate: Fate
    reason: str | None = None
    effects: tuple[Effect, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    worth: Worth | None = None
    ordinal: int | None = None  # of a receipt's line that the file does not number


@dataclass(slots=True)
class Outcomes:
    """What became of the lines of a chunk."""

    by_number: dict[int, Outcome] = field(default_factory=dict)

    def put(self, outcome: Outcome) -> None:
        """A line's end."""
        self.by_number[outcome.number] = outcome

    def refuse(self, number: int, why: str, *, worth: Worth | None = None, ordinal: int | None = None) -> None:
        """A line that is not taken."""
        self.put(Outcome(number, Fate.REFUSED, str(why), worth=worth, ordinal=ordinal))

    def refused(self, one: Refused) -> None:
        """A line that could not be read."""
        self.refuse(one.number, one.code, worth=one.worth)

    def count(self, tally: Tally) -> None:
        """Count them all."""
        for one in self.by_number.values():
            tally.count(one.fate, one.reason)
            tally.left_out.update(str(left) for left in one.left_out)
            if one.worth is not None:
                where = _WHERE.get(one.fate, Sum.KNOWN)
                tally.add(one.worth.currency, one.worth.year, one.worth.minor, where)

    @property
    def effects(self) -> list[Effect]:
        """Everything that was written."""
        return [effect for one in self.by_number.values() for effect in one.effects]
