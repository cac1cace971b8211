"""How well the chance that a visit does not take place is told, on 110,527 appointments of clinics in Vitória, 2016.

The file is not part of this repository. Where it lies, NOSHOW_DATA says. Visits before 1 June train and calibrate;
those from that day on, which nothing was fitted to, judge.
"""

import csv
import io
import os
import sys
import zipfile
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from bench.figures import Figure
from services.appointments.reports.models.training import Measures, Numbers, Part, judged, train
from services.appointments.reports.rules.showing import Case, features

FILE = "KaggleV2-May-2016.csv.zip"
FIRST_JUDGED, FIRST_CALIBRATING = date(2016, 6, 1), date(2016, 5, 25)
GOAL, TOO_GOOD = 0.72, 0.75  # above it something is known that nobody could have known
ADULT = 18


@dataclass(frozen=True)
class Booked:
    """One appointment as the file has it."""

    patient: str
    made_at: datetime
    on: date
    age: int
    reminded: bool
    missed: bool


def measure(*, full: bool) -> Iterator[Figure]:
    """Lead time alone, what a boutique knows, and with what only the clinics knew; `full` changes nothing."""
    del full
    path = _file()
    if path is None:
        sys.stderr.write("noshow: skipped, NOSHOW_DATA does not name the folder of its file\n")
        return
    booked = _rows(path)
    missed = np.array([float(one.missed) for one in booked])
    known = np.array([features(case) for case in _cases(booked)])
    clinic = np.column_stack([known, [[*_of_age(one.age), float(one.reminded)] for one in booked]])
    days = [one.on for one in booked]
    calibrating, judging = bisect_left(days, FIRST_CALIBRATING), bisect_left(days, FIRST_JUDGED)
    alone = float(roc_auc_score(missed[judging:], known[judging:, 0]))
    yield Figure(f"no-shows: AUC of lead time alone, {len(days) - judging:,} visits from 1 June on", alone, "")
    plain = _judged(known, missed, calibrating, judging)
    yield _figure("no-shows: AUC by what a boutique knows", plain, alone)
    whole = _judged(clinic, missed, calibrating, judging)
    yield _figure("no-shows: AUC by that, age and reminders", whole, alone, goal=True)
    yield Figure("no-shows: Brier score, the same", whole.brier, "", "of the mere share", whole.guessing)
    for number, tenth in enumerate(whole.deciles, start=1):
        what = f"no-shows: tenth {number} by chance, {tenth.visits:,} visits: foretold %"
        yield Figure(what, 100 * tenth.foretold, "%", "came", 100 * tenth.came)


def _file() -> Path | None:
    named = os.environ.get("NOSHOW_DATA")
    return Path(named) / FILE if named and (Path(named) / FILE).exists() else None


def _rows(path: Path) -> list[Booked]:
    """The appointments by their day. What was booked after its day or by somebody unborn is a slip of the pen."""
    with zipfile.ZipFile(path) as packed:
        name = next(one for one in packed.namelist() if one.endswith(".csv") and not one.startswith("__"))
        with packed.open(name) as raw:
            lines = list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8-sig")))
    found = [
        Booked(
            row["PatientId"],
            datetime.fromisoformat(row["ScheduledDay"]),
            datetime.fromisoformat(row["AppointmentDay"]).date(),
            int(row["Age"]),
            row["SMS_received"] == "1",
            row["No-show"] == "Yes",
        )
        for row in lines
    ]
    return sorted(
        (one for one in found if one.made_at.date() <= one.on and one.age >= 0),
        key=lambda one: (one.on, one.made_at, one.patient),
    )


def _cases(booked: Sequence[Booked]) -> Iterator[Case]:
    """What was known of each the evening before its day: of the same patient, on earlier days. The hour is not told."""
    past: dict[str, list[Booked]] = defaultdict(list)
    same: dict[tuple[str, date], int] = defaultdict(int)
    waiting: list[Booked] = []
    for one in booked:
        if waiting and waiting[0].on != one.on:
            for earlier in waiting:
                past[earlier.patient].append(earlier)
            waiting = []
        waiting.append(one)
        before = past[one.patient]
        yield Case(
            lead_days=float((one.on - one.made_at.date()).days),
            weekday=one.on.isoweekday(),
            hour=15.0,
            visits=len(before),
            no_shows=sum(earlier.missed for earlier in before),
            others=same[one.patient, one.on],
            accompanied=False,
        )
        same[one.patient, one.on] += 1


def _of_age(age: int) -> tuple[float, ...]:
    return float(age), age**2 / 1e2, age**3 / 1e4, float(age == 0), float(age >= ADULT)


def _judged(table: Numbers, missed: Numbers, calibrating: int, judging: int) -> Measures:
    model = train(
        Part(table[:calibrating], missed[:calibrating]),
        Part(table[calibrating:judging], missed[calibrating:judging]),
    )
    if model is None:
        raise RuntimeError("the file is not whole")
    return judged(model.chances(table[judging:]), missed[judging:])


def _figure(what: str, found: Measures, alone: float, *, goal: bool = False) -> Figure:
    return Figure(
        what,
        found.auc,
        "",
        "lead time alone",
        alone,
        ratio=found.auc / alone,
        goal=f"{GOAL} to {TOO_GOOD}" if goal else "",
        reached=GOAL <= found.auc < TOO_GOOD if goal else None,
    )
