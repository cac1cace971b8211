"""Rivals for the last cards of a tier, and counting a list in a house full of clients."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from bench.figures import ROUNDS, Figure
from bench.ground import Ground, laid, served
from bench.machine import Broken, Process
from infra.identity import Caller, Role, Signer
from infra.ids import new_id
from suite.launcher import ports

BRAND = "lumiere"
RIVALS, CARDS, RUSHES = 100, 10, 50
CREATED, CONFLICT = 201, 409
COUNTED, FULL_COUNTED = 300_000, 1_000_000  # clients
_CROWD = (Path(__file__).parent / "clients" / "crowd.sql").read_text()
# Every second client has bought once or several times, has a segment and allows marketing; a tenth was in a boutique.
_LIVES = (
    """
    insert into purchase (brand_id, purchase_id, client_id, pos, receipt, store_code, purchased_at, currency, net_minor,
        line_count, recorded_at)
    select $1, uuidv7(), client_id, 'till', client_id::text || n, 'SH-1', now() - random() * interval '1000 days',
        'CNY', (random() * 10000000)::bigint, 1, now()
    from client, generate_series(1, 3) n where brand_id = $1 and random() < 0.5
    """,
    """
    insert into purchase_line (brand_id, purchase_id, line, piece_code, quantity, unit_minor, net_minor, category)
    select $1, purchase_id, 1, 'P-' || (random() * 100)::int, 1, net_minor, net_minor,
        (array['ring', 'bag', 'watch', 'scarf'])[1 + floor(random() * 4)::int]
    from purchase where brand_id = $1
    """,
    """
    insert into client_segment (brand_id, client_id, segment, as_of)
    select $1, client_id, (array['vic', 'core', 'potential', 'occasional'])[1 + floor(random() * 4)::int],
        current_date
    from client where brand_id = $1 and random() < 0.5
    """,
    """
    insert into consent (brand_id, consent_id, client_id, purpose, notice_version, channel, given_at, actor,
        withdrawn_at)
    select $1, uuidv7(), client_id, 'marketing', '1', 'mini-program', now(), '', case when random() < 0.1 then now() end
    from client where brand_id = $1 and random() < 0.5
    """,
    """
    insert into touchpoint (brand_id, touchpoint_id, event_id, client_id, kind, occurred_at, subject_id)
    select $1, id, id, client_id, 'arrived', now() - random() * interval '1000 days', id
    from (select uuidv7() as id, client_id from client where brand_id = $1 and random() < 0.1) visit
    """,
)
_OWN = """
insert into client_owner (brand_id, client_id, advisor_id, boutique_id, assigned_at)
select $1, client_id, $2, $3, now() from client where brand_id = $1 order by client_id limit 50
"""
LISTS: dict[str, dict[str, Any]] = {
    "everybody": {},
    "VIC and core who have not come for half a year": {"segments": ["vic", "core"], "not_visited_since": "2026-05-01"},
    "who bought a ring or a watch this year": {"bought_categories": ["ring", "watch"], "bought_from": "2026-01-01"},
    "who spent USD 5,000 in a year": {
        "spent_at_least": 500_000,
        "spent_from": "2025-11-01",
        "spent_to": "2026-10-31",
        "consents": ["marketing"],
    },
}


def measure(*, full: bool) -> Iterator[Figure]:
    """Rivals over two processes; then counts by headquarters and by an advisor with a book of fifty."""
    yield from _cards()
    yield from _counts(FULL_COUNTED if full else COUNTED)


def _cards() -> Iterator[Figure]:
    with laid("maison_log", "maison_profile") as ground, ExitStack() as stack:
        urls = [stack.enter_context(_profile(ground, number))[1] for number in range(2)]
        seconds, rounds, issued = asyncio.run(_rush(ground, urls))
        facts = asyncio.run(_announced(ground.urls["maison_profile"]))
    if wrong := [counted for counted in rounds if counted != {CREATED: CARDS, CONFLICT: RIVALS - CARDS}]:
        raise Broken(
            f"{RIVALS} rivals for {CARDS} cards were answered {dict(wrong[0])}, {len(wrong)} of {RUSHES} times"
        )
    if issued != [CARDS] * RUSHES or facts != CARDS * RUSHES:
        raise Broken(f"{sum(issued)} cards are out and {facts} were announced where {CARDS * RUSHES} should be")
    yield Figure(
        f"loyalty: rounds of {RIVALS} rivals for the last {CARDS} cards, {CARDS} issued",
        float(len(rounds)),
        "rounds",
        f"{facts} announced, no answer besides {CREATED} and {CONFLICT}",
        goal=f"all {RUSHES}",
        reached=True,
    )
    yield Figure("loyalty: until all rivals of a round are answered", statistics.median(seconds) * 1000, "ms")


async def _rush(ground: Ground, urls: Sequence[str]) -> tuple[list[float], list[Counter[int]], list[int]]:
    seconds, rounds, issued = [], [], []
    # Every rival has a connection of his own: none meets one that the service is just closing after a rest.
    limits = httpx.Limits(max_connections=2 * RIVALS, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False, headers=_token(ground)) as http:
        people = [await _made(http, f"{urls[0]}/v1/clients", {"display_name": f"R {n}"}) for n in range(RIVALS)]
        for rush in range(RUSHES):
            tier = await _made(http, f"{urls[0]}/v1/cards/tiers", {"name": f"T {rush}", "rank": 1, "cap": CARDS})
            asked = [
                http.post(
                    f"{urls[number % len(urls)]}/v1/cards",
                    json={"client_id": one["client_id"], "tier_id": tier["tier_id"]},
                    headers=_once(),
                )
                for number, one in enumerate(people)
            ]
            began = time.perf_counter()
            answers = await asyncio.gather(*asked)
            seconds.append(time.perf_counter() - began)
            rounds.append(Counter(answer.status_code for answer in answers))
            seen = await http.get(f"{urls[1]}/v1/cards/tiers/{tier['tier_id']}")
            issued.append(seen.json()["issued"])
    return seconds, rounds, issued


def _counts(clients: int) -> Iterator[Figure]:
    with laid("maison_log", "maison_profile") as ground:
        advisor_id, boutique_id = new_id(), new_id()
        asyncio.run(_furnished(ground.urls["maison_profile"], clients, advisor_id, boutique_id))
        by = Caller("advisor", Role.ADVISOR, BRAND, advisor_id=advisor_id, boutique_ids=frozenset({boutique_id}))
        with _profile(ground, 0) as (_, url), httpx.Client(base_url=url, timeout=60, trust_env=False) as http:
            for what, criteria in LISTS.items():
                every, own = [], []
                for _ in range(ROUNDS):
                    every.append(_count(http, criteria, _token(ground)))
                    own.append(_count(http, criteria, _token(ground, by)))
                yield Figure(
                    f"lists: to count {what}, {clients:,} clients",
                    statistics.median(every),
                    "ms",
                    "of an advisor's book of fifty",
                    statistics.median(own),
                )


def _count(http: httpx.Client, criteria: dict[str, Any], token: dict[str, str]) -> float:
    began = time.perf_counter()
    answer = http.post("/v1/lists/count", json={"criteria": criteria}, headers=token)
    taken = (time.perf_counter() - began) * 1000
    if not answer.is_success:
        raise Broken(f"a count was answered {answer.status_code}: {answer.text}")
    return taken


async def _furnished(url: str, clients: int, advisor_id: UUID, boutique_id: UUID) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        await connection.execute("set statement_timeout = 0")
        await connection.execute(_CROWD, BRAND, clients)
        for statement in _LIVES:
            await connection.execute(statement, BRAND)
        await connection.execute(_OWN, BRAND, advisor_id, boutique_id)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def _announced(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        asked = "select count(*) from outbox where type = 'profile.card-issued.v1'"
        return int(await connection.fetchval(asked))
    finally:
        await connection.close()


async def _made(http: httpx.AsyncClient, url: str, form: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(url, json=form, headers=_once())
    if answer.status_code != CREATED:
        raise Broken(f"{url} was answered {answer.status_code}: {answer.text}")
    body: dict[str, Any] = answer.json()
    return body


def _once() -> dict[str, str]:
    return {"Idempotency-Key": str(new_id())}


def _token(ground: Ground, by: Caller | None = None) -> dict[str, str]:
    by = by or Caller("headquarters", Role.HEADQUARTERS, BRAND)
    token = Signer.load(ground.keys / "gateway.json").sign(by, audience="profile")
    return {"Authorization": f"Bearer {token}"}


def _profile(ground: Ground, number: int) -> AbstractContextManager[tuple[Process, str]]:
    log = ground.folder / f"profile-{number}.log"
    return served("services.profile.app:build", ground.variables("profile", ports.free()), log)
