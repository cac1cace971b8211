"""The commands of `maison log`."""

from typing import Annotated

import typer

from infra.settings import load
from suite.launcher.settings import LauncherSettings

log = typer.Typer(no_args_is_help=True, help="The event log: how it stands, and what to do when it does not.")

EX_WRONG = 1
Service = Annotated[str | None, typer.Argument(help="One service; all of them by default.")]


def _end(*, well: bool) -> None:
    if not well:
        raise typer.Exit(EX_WRONG)


@log.command()
def status() -> None:
    """Show how far every service is; exit with 0 only when nothing is wrong."""
    from suite.eventlog import acts

    _end(well=acts.status(load(LauncherSettings)))


@log.command()
def parked(name: Service = None) -> None:
    """Show the facts that a service could not take, and why; exit with 0 only when there are none."""
    from suite.eventlog import acts

    _end(well=acts.parked(load(LauncherSettings), name))


@log.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids as `maison log parked` shows them.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is parked.")] = False,
) -> None:
    """Try parked facts again, each with those that wait behind it."""
    from suite.eventlog import acts

    if not ids and not everything:
        raise typer.BadParameter("name an id, or say --all")
    _end(well=acts.retry(load(LauncherSettings), ids or [], everything=everything))


@log.command()
def replay(name: Annotated[str, typer.Argument(help="The service whose projections are filled anew.")]) -> None:
    """Fill a service's copies of others' facts anew from the whole log. Readers notice nothing."""
    from suite.eventlog import acts

    _end(well=acts.replay(load(LauncherSettings), name))


@log.command()
def refill(name: Service = None) -> None:
    """Give a log that has lost facts what the outboxes still keep. Safe to repeat."""
    from suite.eventlog import acts

    _end(well=acts.refill(load(LauncherSettings), name))


@log.command()
def verify(name: Service = None) -> None:
    """Look at every fact of the log; exit with 0 only when all is as it was written."""
    from suite.eventlog import acts

    _end(well=acts.verify(load(LauncherSettings), name))
