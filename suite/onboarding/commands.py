"""The command, as it is called."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Kind = Literal["clients", "consents", "notes", "purchases"]


def onboard(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="The old file: CSV or .xlsx.")
    ] = None,
    *,
    kind: Annotated[Kind | None, typer.Option("--kind", help="What its lines are.")] = None,
    column: Annotated[list[str] | None, typer.Option("--column", help="field=column, as often as needed.")] = None,
    value: Annotated[list[str] | None, typer.Option("--set", help="What holds for every line: pos=old-crm.")] = None,
    zone: Annotated[str, typer.Option("--zone", help="The time zone of the old system.")] = "Asia/Shanghai",
    sheet: Annotated[str | None, typer.Option("--sheet", help="The sheet of a workbook; the first by default.")] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="utf-8, utf-16, gb18030 or big5.")] = None,
    header_line: Annotated[int | None, typer.Option("--header-line", help="The row with the column names.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    go_on: Annotated[str | None, typer.Option("--go-on", help="Go on with an import that was paused or left.")] = None,
    cancel: Annotated[str | None, typer.Option("--cancel", help="Give an import up and delete its file.")] = None,
    undo: Annotated[str | None, typer.Option("--undo", help="Take back what an import wrote, by its id.")] = None,
) -> None:
    """Bring a house's old clients, consents, notes or purchases in: look at them first, reconcile, take back."""
    from suite.house import any_staff
    from suite.onboarding import asking

    with any_staff() as door:
        if undo is not None:
            asking.take_back(door, undo)
        elif cancel is not None:
            asking.give_up(door, cancel)
        elif go_on is not None:
            asking.run(door, go_on, file)
        elif file is None or kind is None:
            raise typer.BadParameter("name the file and its --kind; or --go-on, --cancel or --undo with an import's id")
        else:
            columns, values = tuple(column or ()), tuple(value or ())
            said = asking.Said(kind, columns, values, zone, sheet, encoding, header_line, asks=not yes)
            asking.bring(door, file, said)
