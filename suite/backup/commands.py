"""The commands `maison backup`, `maison restore` and `maison keys export`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from infra.settings import load
from suite.launcher.settings import LauncherSettings

keys = typer.Typer(no_args_is_help=True, help="The keys that open what is sealed; a backup never holds them.")


def backup(
    *,
    to: Annotated[Path | None, typer.Option("--to", help="The folder for backups; beside the data folder.")] = None,
) -> None:
    """Copy all databases at one instant into a new folder. Nothing is stopped; the keys are not in it."""
    from suite.backup import backup as maker
    from suite.launcher import machine, screen

    settings = load(LauncherSettings)
    chosen = to.expanduser().resolve() if to else maker.beside(settings)
    with screen.Bars() as bars:
        made = maker.backup(settings, chosen, bars.show)
    size = f"{made.bytes / machine.MEGA:.1f} MB of {made.manifest.unpacked_bytes / machine.MEGA:.1f} MB"
    screen.done(f"backed up and verified in {made.manifest.seconds:g} s ({size}): {made.folder}")
    if os.stat(chosen).st_dev == os.stat(settings.data).st_dev:  # noqa: PTH116 - of two paths alike
        screen.warn("it lies on the same disk as the data: copy it to another machine")
    screen.say("Names stand in it in clear: keep it where few can read it.")
    screen.say("The keys are not in it. `maison keys export FILE` writes them apart; without them it opens nothing.")


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `maison backup` has made.")],
    *,
    key_file: Annotated[
        Path | None, typer.Option("--keys", help="The file of `maison keys export`, where the keys are gone too.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put the databases of a backup in the place of the present ones. The suite must be down."""
    from suite.backup import manifest
    from suite.backup import restore as act
    from suite.launcher import lock, screen

    settings = load(LauncherSettings)
    told = manifest.read(folder)
    lock.require_free(settings.data)
    screen.say(f"The backup is of {told.made_at:%Y-%m-%d %H:%M:%S} UTC, Maison {told.maison}.")
    if not yes:
        typer.confirm(f"Replace the databases in {settings.data} by it? What came later is put aside.", abort=True)
    with screen.Bars() as bars:
        done = act.restore(settings, folder.expanduser().resolve(), bars.show, keys=key_file)
    for one in done.damage:
        screen.warn(f"{one}; `maison log verify` says more")
    if not done.damage:
        screen.done("the log, the outboxes and the followers agree")
    if done.buried_again:
        screen.warn(f"erased since the backup, and hidden again: {done.buried_again}")
    screen.done(f"restored in {done.seconds:g} s to {told.made_at:%Y-%m-%d %H:%M:%S} UTC; `maison up` starts it")
    if done.replaced is not None:
        screen.say(f"The replaced databases are kept: {done.replaced}. Delete them once you are content.")
    screen.say("Everybody signs in anew. Accounts closed and rights taken since the backup must be closed again.")


@keys.command()
def export(file: Annotated[Path, typer.Argument(help="A new file, not beside the backups.")]) -> None:
    """Write all keys and secrets into one file that only you can read. Whoever has it and a backup reads everything."""
    from suite.backup import keyfile
    from suite.launcher import screen

    target = file.expanduser().resolve()
    count = keyfile.export(load(LauncherSettings), target)
    screen.done(f"{count} key files, the secrets and the tombstones are in {target}")
    screen.say("Keep it apart from the backups: a safe, a secret manager, a disk that is not here.")
