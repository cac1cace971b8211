"""`python -m bench [PART]... [--full] [--json FILE]`; `--help` names the parts."""

import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from bench import (
    availability,
    figures,
    handover,
    loyalty,
    machine,
    messages,
    noshow,
    onboarding,
    purchases,
    segments,
    start,
    tasks,
    touchpoints,
)
from bench.booking import measure as booking
from bench.clients import measure as clients
from bench.duplicates import measure as duplicates
from bench.figures import Figure
from bench.gateway import measure as gateway
from bench.log import measure as log

PARTS: dict[str, Callable[..., Iterable[Figure]]] = {
    "gateway": gateway.measure,
    "log": log.measure,
    "booking": booking.measure,
    "availability": availability.measure,
    "clients": clients.measure,
    "duplicates": duplicates.measure,
    "purchases": purchases.measure,
    "onboarding": onboarding.measure,
    "loyalty": loyalty.measure,
    "touchpoints": touchpoints.measure,
    "segments": segments.measure,
    "tasks": tasks.measure,
    "messages": messages.measure,
    "handover": handover.measure,
    "noshow": noshow.measure,
    "start": start.measure,
}


def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"{', '.join(PARTS)}; all of them by default.")] = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="The long ones.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Keep the figures in this file.")] = None,
) -> None:
    """Measure, print one table, and exit with 0 unless something broke. How fast is fast enough, nobody is told."""
    found: list[Figure] = []
    # Ended from outside, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        machine.require()
        for part in parts or PARTS:
            began = time.monotonic()
            for figure in PARTS[part](full=full):
                found.append(figure)
                sys.stderr.write(f"{figure.what}: {figure.measured:.4g} {figure.unit}\n")
            sys.stderr.write(f"{part}: {time.monotonic() - began:.0f} s\n")
    except (machine.Unfit, machine.Broken) as broken:
        sys.stderr.write(f"{broken}\n")
        raise typer.Exit(1) from None
    finally:
        figures.table(found)
        if json is not None:
            figures.keep(found, json)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
