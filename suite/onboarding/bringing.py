"""One old file on its way in, over the API: sent, read, mapped, looked at, started, waited for, taken back."""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suite.door import Door, Refused
from suite.launcher.obstacles import Obstacle

PART = 2 * 1024 * 1024  # bytes, as the API takes them
EVERY = 0.5  # seconds between two looks
UNFIT = "import-mapping-unfit"
RESTING = frozenset({"read", "unreadable", "paused", "finished", "cancelled", "undone"})

Watch = Callable[[str, int, int], None]  # what is done, how much of it, of how much


class FileUnfit(Obstacle):
    """The house cannot read the file."""


# What to do about a file that cannot be read, by the fault that the house names.
ADVICE: Mapping[str, str] = {
    "old-or-locked-workbook": "Save it as .xlsx without a password, or as CSV.",
    "workbook-too-large": "Save the sheet as CSV: a workbook may have 64 MiB.",
    "unpacks-too-large": "Save the sheet as CSV: it holds too much text for a workbook.",
    "not-a-table": "Save it as CSV (UTF-8 or GB18030) or as .xlsx.",
    "not-the-file": "It changed while it was sent, or a part was lost: send it again.",
    "no-header": "Say where the column names stand: --header-line.",
    "no-such-sheet": "Name one of its sheets: --sheet.",
    "too-many-columns": "Leave out columns that are not needed: 200 at most.",
    "no-lines": "There is nothing below the column names. Say where they stand: --header-line.",
}


@dataclass
class Columns:
    """Which columns say what, and what holds for every line."""

    columns: dict[str, list[str]]
    constants: dict[str, str] = field(default_factory=dict)
    zone: str = "Asia/Shanghai"


def send(door: Door, file: Path, kind: str, watch: Watch) -> str:
    """Announce the file and send it part by part; answers the import's id."""
    digest, size = hashlib.sha256(), file.stat().st_size
    with file.open("rb") as content:
        for block in iter(lambda: content.read(1 << 20), b""):
            digest.update(block)
    form = {"kind": kind, "size_bytes": size, "sha256": digest.hexdigest()}
    made = door.post("/v1/imports", form)
    with file.open("rb") as content:
        for number in range(made["part_count"]):
            part = {"content": base64.b64encode(content.read(PART)).decode()}
            door.put(f"/v1/imports/{made['import_id']}/parts/{number}", part)
            watch("sent", number + 1, made["part_count"])
    return str(made["import_id"])


def read(door: Door, import_id: str, watch: Watch, **how: Any) -> dict[str, Any]:
    """Have it read; raises FileUnfit, which says what to do."""
    door.call(
        "POST", f"/v1/imports/{import_id}/read", {name: value for name, value in how.items() if value is not None}
    )
    found = wait(door, import_id, watch)
    if found["status"] == "unreadable":
        raise FileUnfit(f"the house cannot read the file: {found['fault']}", ADVICE.get(found["fault"], "See its log."))
    return found


def put_mapping(door: Door, import_id: str, mapping: Columns) -> list[dict[str, str]]:
    """Say which column means what; answers what is wrong with that, nothing if it was taken."""
    form = {"columns": mapping.columns, "constants": mapping.constants, "zone": mapping.zone}
    try:
        door.put(f"/v1/imports/{import_id}/mapping", form, **{"If-Match": "*"})
    except Refused as refused:
        if not refused.kind.endswith(UNFIT):
            raise
        faults: list[dict[str, str]] = refused.body["faults"]
        return faults
    return []


def step(door: Door, import_id: str, name: str) -> dict[str, Any]:
    """Start, pause, cancel or undo."""
    found: dict[str, Any] = door.call("POST", f"/v1/imports/{import_id}/{name}")
    return found


def wait(door: Door, import_id: str, watch: Watch) -> dict[str, Any]:
    """The import, once nobody works on it any more."""
    while True:
        found: dict[str, Any] = door.get(f"/v1/imports/{import_id}")
        counts, total = found["counts"], found["line_count"]
        watch(found["status"], counts["lines_read"] if found["status"] != "reading" else 0, total)
        if found["status"] in RESTING:
            return found
        time.sleep(EVERY)


def reconciled(report: Mapping[str, Any]) -> list[str]:
    """The report in sentences that add up."""
    counts = report["counts"]
    kept = ("created", "amended", "matched", "unchanged", "refused")
    parts = " + ".join(f"{counts[name]:,} {name}" for name in kept)
    said = [f"{counts['lines_read']:,} lines read = {parts}"]
    said += [f"refused {count:,}: {why}" for why, count in _most(report["refusals"])]
    said += [f"left out {count:,}: {why}" for why, count in _most(report["left_out"])]
    for one in report["sums"]:
        amounts = ("file", "recorded", "known", "refused")
        file, recorded, known, refused = (one[f"{name}_minor"] for name in amounts)
        said.append(
            f"{one['currency']} {one['year']}, in minor units: {file:,} in the file = {recorded:,} recorded"
            f" + {known:,} there before + {refused:,} refused"
        )
    for one in report["written"]:
        why = f": {one['stays']}" if one["stays"] else ""
        said.append(f"{'stays' if why else 'wrote'} {one['rows']:,} {one['kind']}{why}")
    return said


def taken_back(report: Mapping[str, Any]) -> list[str]:
    """What an undo came to, in sentences."""
    said = [
        f"stays: {one['rows']:,} {one['kind']}, {one['stays']} (GET /v1/imports/{{id}}/staying names them)"
        if one["stays"]
        else f"taken back: {one['rows']:,} {one['kind']}"
        for one in report["written"]
    ]
    return said or ["there was nothing to take back"]


def _most(counts: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def rejects(door: Door, import_id: str, beside: Path) -> Path:
    """Keep the reject file beside the file, readable by its owner only."""
    path = beside.with_name(f"{beside.stem}.rejects.csv")
    text: str = door.get(f"/v1/imports/{import_id}/rejects")
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8", newline="")
    return path
