"""One document tried with schemathesis: every check, every phase, and what came of it counted."""

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import Interaction, ScenarioRecorder
from schemathesis.python import asgi

from tests.fuzz.checks import CHECKS, excused
from tests.fuzz.house import House
from tests.fuzz.seeds import Seeds
from tests.fuzz.steering import steer

ONCE = ("examples", "coverage")  # the same cases each time
AGAIN = ("fuzzing", "stateful")  # other cases with another seed
SHOWN = 600  # characters of an answer
ENOUGH = 20  # failures shown of one document


@dataclass
class Found:
    """One failure: what was wrong, who asked, and how to ask the same again."""

    check: str
    operation: str
    seed: int
    said: str
    again: str


@dataclass
class Tally:
    """What came of one document."""

    name: str
    cases: int = 0
    seconds: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    found: dict[tuple[str, str, str], Found] = field(default_factory=dict)
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # what kept schemathesis itself from trying

    @property
    def unreached(self) -> list[str]:
        """The operations of which no request got a yes."""
        return sorted(label for label, counts in self.statuses.items() if min(counts) >= 300)


@dataclass(frozen=True)
class Effort:
    """How hard to try: examples of each operation, which phases, and at most so many seconds and cases.

    `wrong` is whether the coverage phase enumerates what is wrong too, which is most of it.
    """

    seed: int
    examples: int
    phases: Sequence[str] = (*ONCE, *AGAIN)
    seconds: float | None = None
    cases: int | None = None
    wrong: bool = True


def furnished(house: House) -> Seeds:
    """Start the house in schemathesis' own event loop, and put into it what requests can name."""
    app: Any = house
    with asgi.get_client(app):  # starts its lifespan, which goes on until `asgi.shutdown_lifespans`
        seeds = Seeds(house)
        inside(house, seeds.furnish())
        return seeds


def inside(house: House, work: Coroutine[Any, Any, None]) -> None:
    """Do something in the loop in which the house lives."""
    asyncio.run_coroutine_threadsafe(work, house.loop).result()


def attempt(house: House, seeds: Seeds, tally: Tally, effort: Effort) -> None:
    """Try the document once through, and add to its tally."""
    schema = schemathesis.openapi.from_dict(house.documents[tally.name], config=_config(tally.name, effort))
    schema.app = house
    steer(schema, house, seeds, tally.name)

    @schema.hook
    def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
        del context
        return not excused(failure, case, response)

    began, stream = time.monotonic(), from_schema(schema).execute()
    for event in stream:
        if isinstance(event, events.ScenarioFinished):
            _count(event.recorder, tally, effort.seed)
        elif isinstance(event, events.NonFatalError):
            tally.faults.append(f"{event.label}: {event.info.format()}")
        elif isinstance(event, events.FatalError):
            raise event.exception
        if effort.cases is not None and tally.cases >= effort.cases:
            stream.stop()
    tally.seconds += time.monotonic() - began


def _config(name: str, effort: Effort) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": effort.seed,
            "base-url": f"http://{name}",
            "continue-on-failure": True,
            "checks": CHECKS,
            "cache": {"enabled": False},
            # Hypothesis' own: how much it filters, and how slow a machine is, says nothing of an API.
            "suppress-health-check": ["all"],
            "generation": {"mode": "all", "max-examples": effort.examples, "no-shrink": True, "database": "none"},
            "phases": {
                **{phase: {"enabled": phase in effort.phases} for phase in (*ONCE, *AGAIN)},
                "coverage": {
                    "enabled": "coverage" in effort.phases,
                    "generation": {"mode": "all" if effort.wrong else "positive"},
                },
            },
        }
        | ({"max-time": max(1, round(effort.seconds))} if effort.seconds else {})
    )


def _count(recorder: ScenarioRecorder, tally: Tally, seed: int) -> None:
    for case_id, interaction in recorder.interactions.items():
        tally.cases += 1
        node = recorder.cases.get(case_id)
        if interaction.response is not None and node is not None:
            label = node.value.operation.label
            tally.statuses.setdefault(label, Counter())[interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            tally.failures[check.name] += 1
            label = recorder.cases[case_id].value.operation.label
            said = str(check.failure_info.failure)
            key = (check.name, label, said[:80])
            if key not in tally.found and len(tally.found) < ENOUGH:
                asked = _asked(recorder.interactions[case_id])
                again = check.failure_info.code_sample
                tally.found[key] = Found(check.name, label, seed, f"{said}\n{asked}", again)


def _asked(interaction: Interaction) -> str:
    """Who asked, and what the answer was."""
    token = interaction.request.headers.get("Authorization", [""])[0]
    who = "nobody"
    if token.count(".") == 2:
        claims = token.split(".")[1]
        try:
            who = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["role"]
        except (ValueError, KeyError):
            who = "an invented token"
    response = interaction.response
    if response is None:
        return f"asked by {who}, not answered"
    return (
        f"asked by {who}, answered {response.status_code} {(response.content or b'')[:SHOWN].decode(errors='replace')}"
    )
