"""The `maison` command."""

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.settings import load
from suite.backup import commands as backups
from suite.eventlog.commands import log
from suite.keys.commands import rotate_keys
from suite.launcher.obstacles import Obstacle
from suite.launcher.settings import LauncherSettings
from suite.onboarding.commands import onboard

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Maison: one command for the whole suite.")
imports = typer.Typer(no_args_is_help=True, help="Bring data of other systems in.")
app.add_typer(imports, name="import")
app.add_typer(log, name="log")
backups.keys.command(name="rotate")(rotate_keys)
app.add_typer(backups.keys, name="keys")

EX_REFUSED = 1


@app.command()
def up(
    *, detach: Annotated[bool, typer.Option("--detach", help="Return when the suite is ready; it runs on.")] = False
) -> None:
    """Start everything; keep it running until Ctrl-C."""
    from suite.launcher import up as launcher

    settings = load(LauncherSettings)
    if detach:
        launcher.detach(settings)
    else:
        launcher.run(settings)


@app.command()
def down() -> None:
    """Stop the suite from another terminal."""
    from suite.launcher import screen, status

    settings = load(LauncherSettings)
    with screen.step("stopped"):
        status.down(settings)


@app.command()
def restart(
    name: Annotated[str | None, typer.Argument(help="One process; every service and the gateway by default.")] = None,
) -> None:
    """Replace the running processes by new ones, one after the other; no request is lost."""
    from suite.launcher import restart as rolling
    from suite.launcher import screen

    with screen.Bars() as bars:
        rolling.ask(load(LauncherSettings), name, lambda one, count, total: bars.show(f"new: {one}", count, total))
    screen.done(f"restarted: {name or 'every service and the gateway'}")


@app.command(name="status")
def show_status() -> None:
    """Show every process; exit with 0 only when all are ready."""
    from suite.launcher import screen, status

    phase, lines = status.look(load(LauncherSettings))
    rows = [[line.name, line.port, line.pid, line.restarts, line.condition] for line in lines]
    screen.table(f"Maison: {phase}", ("process", "port", "pid", "restarts", ""), rows)
    if phase != "ready" or not all(line.is_ready for line in lines):
        raise typer.Exit(EX_REFUSED)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="One process; all of them by default.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines of each log.")] = 40,
) -> None:
    """Show what the processes wrote."""
    from suite.launcher import logs as reader

    folder = load(LauncherSettings).logs
    for line in reader.read(folder, name, lines):
        sys.stdout.write(line + "\n")
    if follow:
        for line in reader.follow(folder, name):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


@app.command()
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop the suite and delete its data."""
    from suite.backup import manifest
    from suite.backup.backup import beside
    from suite.launcher import reset as remover
    from suite.launcher import screen

    settings = load(LauncherSettings)
    backups_at = beside(settings)
    if manifest.lie_in(backups_at):
        screen.warn(f"the backups in {backups_at} stay, but open nothing without `maison keys export`")
    if not yes:
        typer.confirm(f"Delete all data, keys and secrets in {settings.data}?", abort=True)
    with screen.step("everything is removed"):
        remover.reset(settings)
    if settings.admin_url is not None:
        screen.warn("the databases on your own PostgreSQL are left as they are")


app.command()(onboard)
app.command()(backups.backup)
app.command()(backups.restore)


@app.command()
def doctor() -> None:
    """Check the machine and the configuration, and say what to do."""
    from suite.launcher import doctor as physician
    from suite.launcher import screen

    is_well = True
    for finding in physician.examine(load(LauncherSettings)):
        if finding.is_well:
            screen.done(finding.what)
        else:
            is_well = False
            screen.refuse(Obstacle(finding.what, finding.advice))
    if not is_well:
        raise typer.Exit(EX_REFUSED)


@app.command()
def journey() -> None:
    """Walk the main journey through the running suite, step by step, over HTTP."""
    run = importlib.import_module("suite.journey.main").run
    raise typer.Exit(int(run() or 0))


@app.command()
def openapi(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when the file is out of date.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Promise it: write gateway/released.json too.")] = False,
) -> None:
    """Write gateway/openapi.json anew from what the processes say of themselves."""
    from infra.openapi import written
    from suite.launcher import openapi as document
    from suite.launcher import screen

    text = written(document.collect())
    if check and (not document.FILE.exists() or document.FILE.read_text() != text):
        raise Obstacle(f"{document.FILE.name} does not say what the services do", "`make openapi` writes it anew.")
    if not check:
        document.FILE.write_text(text)
    screen.done("gateway/openapi.json says what the services do")
    if release:
        document.release(text)
        screen.done("gateway/released.json promises it: from now on a change that takes something back fails the tests")


@imports.command()
def purchases(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The export of a POS.")],
    mapping: Annotated[Path, typer.Option("--map", exists=True, dir_okay=False, help="Which column means what.")],
) -> None:
    """Stream the purchases of a POS export through the POS API; safe to stop and repeat."""
    run = importlib.import_module("suite.importers.purchases").run
    raise typer.Exit(int(run(file, mapping) or 0))


def main() -> None:
    """Run the command; whatever stands in the way is said in two lines, without a stack trace."""
    try:
        app()
    except Obstacle as obstacle:
        from suite.launcher import screen

        screen.refuse(obstacle)
        sys.exit(EX_REFUSED)


if __name__ == "__main__":
    main()
