"""What a service declares: categories, their time, what of it a brand may choose, and what is done when it is over."""

from dataclasses import dataclass

from infra.refusal import Kind, Refusal

# In a sweep's condition: the moment before which something is over, of the row's brand. `t` is the row.
CUTOFF = (
    "(cast(:now as timestamptz) - make_interval(days => coalesce((select p.days from retention_period p"
    " where p.brand_id = t.brand_id and p.category = :category), :days)))"
)


class PeriodOutOfBounds(Refusal):
    """Shorter than the law lets it be, or longer than its purpose."""

    kind = Kind.INVALID
    slug = "period-out-of-bounds"
    en = "This category has a shortest and a longest period: see `least` and `most`, in days. Choose one between them."
    zh = "该类信息有最短与最长保存期限(天)，见 least 与 most，请在其间选择。"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is over in one table: the rows that meet `over` are deleted or, with `sets`, unlinked. Both are SQL.

    `key` is the primary key behind brand_id: the table is walked along it, a few rows at a time. A table without one
    that can be walked names none, and is searched for a few rows at a time. The condition must not hold any more for
    what was unlinked. It may name `:now`, and CUTOFF.
    """

    table: str
    over: str
    key: tuple[str, ...] = ()
    sets: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """One category: kept for `days` unless a brand chooses another time between `least` and `most`, in days too."""

    category: str
    days: int
    least: int
    most: int
    why: str
    sweeps: tuple[Sweep, ...]

    def check(self, days: int) -> None:
        """Raise PeriodOutOfBounds."""
        if not self.least <= days <= self.most:
            raise PeriodOutOfBounds(least=self.least, most=self.most)
