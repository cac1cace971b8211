"""What it costs to take in what other systems saw of clients."""

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from bench.figures import ROUNDS, Figure
from bench.ground import laid, served
from bench.machine import Broken
from infra.identity import Caller, Role, Signer
from suite.launcher import ports

BRAND = "lumiere"
CLIENTS = 1_000
TOGETHER = 500  # contacts in one batch
BATCHES = 10  # of one round
ENOUGH = 5_000  # contacts a second
KINDS = ("menu-click", "post-interaction", "messaging", "qr-scan", "page-view")


def measure(*, full: bool) -> Iterator[Figure]:
    """Contacts a second into one process, then the same ones again, which must change nothing."""
    rounds = 3 * ROUNDS if full else ROUNDS
    with laid("maison_log", "maison_profile") as ground:
        variables = ground.variables("profile", ports.free())
        signer = Signer.load(ground.keys / "gateway.json")
        with (
            served("services.profile.app:build", variables, ground.folder / "profile.log") as (_, url),
            httpx.Client(base_url=url, timeout=60, trust_env=False) as http,
        ):
            token = signer.sign(Caller("hq", Role.HEADQUARTERS, BRAND), audience="profile")
            http.headers["Authorization"] = f"Bearer {token}"
            people = _people(http)
            new, again = [], []
            for number in range(rounds + 1):
                batches = [_batch(people, number * BATCHES + one) for one in range(BATCHES)]
                first, second = _sent(http, batches, "created"), _sent(http, batches, "repeated")
                if number:  # the first round warms up
                    new.append(first)
                    again.append(second)
    rate = statistics.median(new)
    yield Figure(
        f"touchpoints: taken in by one process, over HTTP, in batches of {TOGETHER}",
        rate,
        "contacts/s",
        "the same ones again",
        statistics.median(again),
        statistics.median(one / other for one, other in zip(new, again, strict=True)),
        f">= {ENOUGH:,}/s",
        rate >= ENOUGH,
    )


def _people(http: httpx.Client) -> list[str]:
    found: list[str] = []
    for first in range(0, CLIENTS, TOGETHER):
        form = [{"external_ref": f"M-{first + number}", "display_name": "李若怡"} for number in range(TOGETHER)]
        answer = http.post("/v1/clients/batch", json={"clients": form}, headers={"Idempotency-Key": str(uuid4())})
        if not answer.is_success:
            raise Broken(f"clients could not be registered: {answer.text}")
        found += [item["client_id"] for item in answer.json()["items"]]
    return found


def _batch(people: list[str], number: int) -> list[dict[str, Any]]:
    """A batch, named half by client and half by member number, a minute apart."""
    since = datetime.now(UTC) - timedelta(days=30)
    return [
        {
            "system": "wechat",
            "ref": f"{number}-{one}",
            "kind": KINDS[one % len(KINDS)],
            "person": {"kind": "member", "value": f"M-{one}"} if one % 2 else {"client_id": people[-one]},
            "occurred_at": (since + timedelta(minutes=one)).isoformat(),
        }
        for one in range(TOGETHER)
    ]


def _sent(http: httpx.Client, batches: list[list[dict[str, Any]]], wanted: str) -> float:
    """Contacts a second; raises Broken unless this became of every one."""
    began = time.perf_counter()
    for batch in batches:
        answer = http.post("/v1/touchpoints/batch", json={"touchpoints": batch})
        if answer.status_code != httpx.codes.MULTI_STATUS or answer.json()[wanted] != TOGETHER:
            raise Broken(f"not every contact was {wanted}: {answer.text[:500]}")
    return TOGETHER * BATCHES / (time.perf_counter() - began)
