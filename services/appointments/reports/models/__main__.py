"""`python -m services.appointments.reports.models`: rows of numbers in, a fit out, both as JSON.

One row is one line, the oldest visit first: 1 where it did not take place, 0 where it did, and its features.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from services.appointments.reports.models.training import judged, parts, train


def fitted(rows: list[list[float]]) -> dict[str, Any]:
    """What becomes of these rows: `unusable` says why there is no model, and is null where there is one."""
    told: dict[str, Any] = {"appointments": len(rows), "measures": {}, "parameters": {}}
    if not rows:
        return told | {"unusable": "too-few"}
    earlier, calibration, judgement = parts(rows)
    model = train(earlier, calibration)
    if model is None or not judgement.suffices:
        return told | {"unusable": "too-few"}
    measures = judged(model.chances(judgement.features), judgement.missed)
    # Chances that the last visits do not bear out are worse than the mere share.
    believed = model.slope > 0 and measures.brier < measures.guessing
    told |= {"measures": asdict(measures), "parameters": asdict(model)}
    return told | {"unusable": None if believed else "no-better-than-guessing"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fitted([json.loads(line) for line in sys.stdin])))
