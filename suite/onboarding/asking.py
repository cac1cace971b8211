"""What the command does: it sends the file, asks what it cannot tell, shows the first lines, and reconciles."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import typer

from suite.door import Door
from suite.launcher import screen
from suite.launcher.obstacles import Obstacle
from suite.onboarding import bringing
from suite.onboarding.bringing import Columns

LOOK_AT = 10  # lines of the preview
ROUNDS = 8  # of questions, before the command gives up
# Values for every line that it may ask for, and how.
CONSTANTS = {
    "pos": "the old system's name (a code without blanks)",
    "currency": "the currency of all amounts, such as CNY",
    "store": "the store code of all lines",
    "channel": "boutique, e-shop, overseas, remote or legacy",
    "purpose": "the purpose of all consents, such as marketing",
    "notice_version": "the notice version of all consents",
    "evidence": "where the proof of all consents lies",
}


class MappingUnfit(Obstacle):
    """What was said of the columns does not fit the file."""


@dataclass(frozen=True)
class Said:
    """What was said about a file on the command line; `asks` is false where nobody is there to answer."""

    kind: str
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    zone: str = "Asia/Shanghai"
    sheet: str | None = None
    encoding: str | None = None
    header_line: int | None = None
    asks: bool = True


def bring(door: Door, file: Path, said: Said) -> None:
    """Bring one file in."""
    with screen.Bars() as bars:
        import_id = bringing.send(door, file, said.kind, bars.show)
        how = {"sheet": said.sheet, "encoding": said.encoding, "header_line": said.header_line}
        found = bringing.read(door, import_id, bars.show, **how)["found"]
    told = f"sheet {found['sheet']}" if found["sheet"] else f"encoding {found['encoding']}"
    screen.done(f"{file.name} is read ({told}, columns named in row {found['header_line']}); import {import_id}")
    named = _columns(said.columns)
    taken = {column for wanted in named.values() for column in wanted}
    chosen = {name: [one for one in wanted if one not in taken] for name, wanted in found["suggestion"].items()}
    mapping = Columns(
        {name: wanted for name, wanted in {**chosen, **named}.items() if wanted}, _pairs(said.values), said.zone
    )
    settle(door, import_id, mapping, found["columns"], asks=said.asks)
    look(door, import_id)
    if said.asks and not typer.confirm("Import all of it?"):
        screen.say(f"Nothing was written. Go on later: maison onboard {file} --go-on {import_id}")
        screen.say(f"Or have the file deleted at once: maison onboard --cancel {import_id}")
        return
    bringing.step(door, import_id, "start")
    run(door, import_id, file)


def _pairs(told: Iterable[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in told]
    if any(not said for _, said, _ in pairs):
        raise typer.BadParameter("write name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _columns(told: Iterable[str]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for one in told:
        [(name, wanted)] = _pairs([one]).items()
        chosen.setdefault(name, []).append(wanted)
    return chosen


def settle(door: Door, import_id: str, mapping: Columns, columns: list[str], *, asks: bool) -> None:
    """Find a mapping that the house takes, asking for what it misses; raises MappingUnfit."""
    for _ in range(ROUNDS):
        rows = [[name, ", ".join(wanted)] for name, wanted in mapping.columns.items()]
        screen.table("Columns", ("says", "column"), rows)
        faults = bringing.put_mapping(door, import_id, mapping)
        if not faults:
            return
        said = "; ".join(f"{fault['field']}: {fault['why']}" for fault in faults)
        if not asks or any(fault["field"] in {"columns", "constants"} for fault in faults):
            raise MappingUnfit(said, "Say it with --column field=column and --set name=value.")
        screen.warn(said)
        for fault in faults:
            _ask(fault["field"], fault["why"], mapping, columns)
    raise MappingUnfit("the columns and the file do not come together", "docs/onboarding.md shows a whole example.")


def _ask(name: str, why: str, mapping: Columns, columns: list[str]) -> None:
    if name in CONSTANTS and why == "missing":
        mapping.constants[name] = str(typer.prompt(f"{name}: {CONSTANTS[name]}"))
        return
    screen.say(f"The file's columns: {', '.join(columns)}")
    wanted = str(typer.prompt(f"Which column says {name}? (- for none)", default="-"))
    if wanted == "-":
        mapping.columns.pop(name, None)
    else:
        mapping.columns[name] = [wanted]


def look(door: Door, import_id: str) -> None:
    """The first lines as the house reads them."""
    seen = door.call("POST", f"/v1/imports/{import_id}/preview", {"lines": LOOK_AT})
    rows = []
    for line in seen["items"]:
        said = ", ".join(f"{name} {value}" for name, value in line["understood"].items())
        without = f"; left out: {', '.join(line['left_out'])}" if line["left_out"] else ""
        rows.append([str(line["line"]), line["fate"], (line["reason"] or said) + without])
    screen.table(f"The first {len(rows)} lines", ("line", "", ""), rows)


def run(door: Door, import_id: str, file: Path | None) -> None:
    """Wait until it has ended, and say what became of every line."""
    if door.get(f"/v1/imports/{import_id}")["status"] in {"read", "paused"}:
        bringing.step(door, import_id, "start")
    try:
        with screen.Bars() as bars:
            ended = bringing.wait(door, import_id, lambda _, count, total: bars.show("lines", count, total))
    except KeyboardInterrupt:
        paused = bringing.step(door, import_id, "pause")
        screen.warn(f"{paused['status']}; go on: maison onboard {file or 'FILE'} --go-on {import_id}")
        raise typer.Exit(1) from None
    if ended["status"] == "paused":
        raise Obstacle(f"the import stopped: {ended['fault'] or 'somebody paused it'}", f"--go-on {import_id}")
    show(door, import_id)
    if ended["counts"]["refused"]:
        screen.warn(f"the refused lines, to be mended: {bringing.rejects(door, import_id, file or Path(import_id))}")
    screen.say(f"Take it back until {ended['expires_at'][:10]}: maison onboard --undo {import_id}")


def give_up(door: Door, import_id: str) -> None:
    """Stop for good; the house deletes the file."""
    counts = bringing.step(door, import_id, "cancel")["counts"]
    screen.done("the import is cancelled, its file deleted")
    if counts["created"] + counts["amended"]:
        screen.say(f"What it wrote stays; take it back: maison onboard --undo {import_id}")


def take_back(door: Door, import_id: str) -> None:
    """Undo, and say what stays."""
    bringing.step(door, import_id, "undo")
    with screen.step("taken back"):
        bringing.wait(door, import_id, lambda *_: None)
    for sentence in bringing.taken_back(door.get(f"/v1/imports/{import_id}/report")):
        screen.say(sentence)


def show(door: Door, import_id: str) -> None:
    """The reconciliation."""
    for sentence in bringing.reconciled(door.get(f"/v1/imports/{import_id}/report")):
        screen.say(sentence)
