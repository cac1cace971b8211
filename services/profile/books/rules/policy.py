"""How many clients an advisor can bear, and which of them count."""

from dataclasses import dataclass

from infra.refusal import Kind, Refusal

# A client with a development path counts as those of this name do.
DEVELOPMENT = "development"


class LimitsOutOfOrder(Refusal):
    """A book is full before it may hold no more, or at that moment."""

    kind = Kind.INVALID
    slug = "book-limits-out-of-order"
    en = "The soft limit of a book may not be above the hard one."
    zh = "客户簿的建议上限不得高于最大上限。"


class BookFull(Refusal):
    """The advisor has as many counted clients as a book may hold."""

    kind = Kind.CONFLICT
    slug = "book-full"
    en = "This book would hold more counted clients than the limit (`hard`). Choose another advisor or raise the limit."
    zh = "该客户簿计入的客户数将超过上限(hard)，请选择其他顾问或调整上限。"


@dataclass(frozen=True, slots=True)
class Policy:
    """`soft` is how many counted clients fill a book, `hard` how many it may hold.

    Counted are clients of the segments in `counted` and, where it holds `development`, those with a development path.
    """

    soft: int = 30
    hard: int = 50
    counted: frozenset[str] = frozenset({"vic", "core", DEVELOPMENT})
    first_contact_days: int = 3  # working days until the new advisor speaks to a client handed over

    def check(self) -> None:
        """Raise LimitsOutOfOrder."""
        if self.soft > self.hard:
            raise LimitsOutOfOrder

    def check_room(self, counted: int) -> None:
        """Raise BookFull when a book of so many counted clients is more than it may hold."""
        if counted > self.hard:
            raise BookFull(hard=self.hard)


@dataclass(frozen=True, slots=True)
class Load:
    """How many clients an advisor has, and how many of them count."""

    clients: int = 0
    counted: int = 0
