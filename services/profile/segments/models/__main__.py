"""`python -m services.profile.segments.models value|future`: rows of numbers in, a fit out, both as JSON.

One row is one line: of a client's history for `value` (see `rules.value.History`), for `future` the part it belongs to
(0 earlier months, 1 calibration, 2 judgement), 1 or 0 for who became a VIC, and her features.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

import numpy as np

from services.profile.segments.models import buying, future, spending
from services.profile.segments.models.buying import Numbers
from services.profile.segments.rules.value import WEEK

LEAST_CLIENTS, LEAST_REPEATERS = 500, 100
_HISTORY = 4  # numbers of one


def fitted(task: str, rows: list[list[float]]) -> dict[str, Any]:
    """What becomes of these rows: `unusable` says why there is no model, and is null where there is one."""
    return _value(rows) if task == "value" else _future(rows)


def _value(rows: list[list[float]]) -> dict[str, Any]:
    histories: Numbers = np.array(rows, dtype=np.float64).reshape(-1, _HISTORY)
    repeaters = histories[(histories[:, 0] > 0) & (histories[:, 3] > 0)]
    told = {"clients": len(histories), "measures": {"repeat_buyers": len(repeaters)}}
    if len(histories) < LEAST_CLIENTS or len(repeaters) < LEAST_REPEATERS:
        return told | {"unusable": "too-few"}
    found = buying.fit(histories[:, 0], histories[:, 1] / WEEK, histories[:, 2] / WEEK)
    worth = spending.fit(repeaters[:, 0], repeaters[:, 3])
    r, alpha, a, b = found.parameters
    p, q, v = worth.parameters
    gaps = np.quantile(repeaters[:, 1] / repeaters[:, 0], [0.5, 0.75, 0.9])
    told["measures"] = {
        "repeat_buyers": len(repeaters),
        "log_likelihood": found.log_likelihood,
        "spending_log_likelihood": worth.log_likelihood,
        # How many days lie between two purchases of half, three quarters and nine tenths of those who bought again.
        "gap_days": [round(float(gap)) for gap in gaps],
    }
    # With q at or below one, the expected value of a purchase is infinite.
    settled = found.converged and worth.converged and q > 1
    parameters = {"r": r, "alpha": alpha, "a": a, "b": b, "p": p, "q": q, "v": v}
    return told | {"unusable": None if settled else "not-converged", "parameters": parameters}


def _future(rows: list[list[float]]) -> dict[str, Any]:
    parts = [[row[1:] for row in rows if row[0] == part] for part in range(3)]
    told: dict[str, Any] = {"clients": len(parts[0]), "measures": {"rows": [len(part) for part in parts]}}
    if not all(parts):
        return told | {"unusable": "too-few"}
    tables = [np.array(part, dtype=np.float64) for part in parts]
    model = future.train(*(future.Part(table[:, 1:], table[:, 0]) for table in tables))
    if model is None:
        return told | {"unusable": "too-few"}
    numbers = asdict(model)
    for name in ("brier", "guessing", "auc", "deciles"):
        told["measures"][name] = numbers.pop(name)
    del numbers["clients"]
    # A score that its own held-back months do not bear out is worse than none.
    believed = model.slope > 0 and model.brier < model.guessing
    return told | {"unusable": None if believed else "no-better-than-guessing", "parameters": numbers}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fitted(sys.argv[1], [json.loads(line) for line in sys.stdin])))
