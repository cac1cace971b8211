"""What a person sees while the suite works: steps, a progress bar, tables. Plain lines where there is no terminal."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from suite.launcher.obstacles import Obstacle

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line."""
    _print(escape(text))


def done(text: str) -> None:
    """One line about something that has worked."""
    _print(f"[green]✓[/] {escape(text)}")


def warn(text: str) -> None:
    """One line about something a person should know."""
    _print(f"[yellow]![/] {escape(text)}")


def _print(line: str, on: Console = console) -> None:
    # The screen may be a log on a full disk, or gone: that must not stop what it tells about.
    with contextlib.suppress(OSError):
        on.print(line)


def refuse(obstacle: Obstacle) -> None:
    """What stands in the way, and what to do next."""
    _print(f"[red]✗[/] {escape(obstacle.what)}", errors)
    _print(f"  → {escape(obstacle.advice)}", errors)


@contextmanager
def step(text: str) -> Iterator[None]:
    """A spinner while something happens, a tick when it has."""
    if console.is_terminal:
        with console.status(escape(text)):
            yield
    else:
        yield
    done(text)


class Bars:
    """Progress of several things at once: a bar each, or a line at every tenth where there is no terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, int] = {}
        self._tenths: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Show them."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave them as they are."""
        self._progress.stop()

    def show(self, name: str, count: int, total: int) -> None:
        """`count` of `total` of this thing are done."""
        if console.is_terminal:
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(escape(name), total=total)
            self._progress.update(self._progress.task_ids[self._tasks[name]], completed=count, total=total)
            return
        tenth = 10 * count // total if total else 10
        if tenth != self._tenths.get(name):
            self._tenths[name] = tenth
            say(f"{name}: {count} of {total}")


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under headings."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        # A password that is cut off is worth nothing: only the last column gives way.
        wanted = max(len(text) for text in (heading, *(row[place] for row in rows)))
        made.add_column(heading, min_width=wanted if place < len(headings) - 1 else None, overflow="fold")
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    console.print(made)
