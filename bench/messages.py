"""Permission decisions: how many a minute one process makes, over HTTP, with every fact of the ledger looked up."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import httpx

from bench.figures import ROUNDS, Figure
from bench.ground import laid, served
from bench.machine import Broken
from infra.identity import Caller, Role, Signer
from suite.launcher import ports

BRAND = "lumiere"
CLIENTS, FULL_CLIENTS = 10_000, 100_000
TOGETHER, AT_ONCE = 500, 1_000  # clients in one registration, decisions in one request
GOAL = 100_000  # decisions a minute
SENT = 3  # messages that each of them had lately

_CONSENTED = """
insert into consent (brand_id, consent_id, client_id, purpose, notice_version, channel, given_at, actor)
select $1, gen_random_uuid(), id, 'marketing', '1', 'boutique', $3, 'bench' from unnest($2::uuid[]) as id
"""
_SENT = """
insert into message (brand_id, message_id, client_id, purpose, template, requested_by, status, channel, asked_at,
    settled_at)
select $1, gen_random_uuid(), id, 'marketing', 'thank-you', 'bench', 'sent', 'sms', at, at
from unnest($2::uuid[]) as id, unnest($3::timestamptz[]) as at
"""
_DECLINED = """
insert into channel_word (brand_id, client_id, channel, purpose, is_declined, source, said_at)
select $1, id, 'email', 'marketing', true, 'bench', $3 from unnest($2::uuid[]) as id
"""


def measure(*, full: bool) -> Iterator[Figure]:
    """Decide about clients with a phone, a consent, three messages lately and a channel they do not want."""
    count = FULL_CLIENTS if full else CLIENTS
    with laid("maison_log", "maison_profile") as ground:
        variables = ground.variables("profile", ports.free()) | {
            "MAISON_SMS_SECRET_ID": "bench",
            "MAISON_SMS_APP_ID": "1",
        }
        signer = Signer.load(ground.keys / "gateway.json")
        with (
            served("services.profile.app:build", variables, ground.folder / "profile.log") as (_, url),
            httpx.Client(base_url=url, timeout=60, trust_env=False) as http,
        ):
            token = signer.sign(Caller("hq", Role.HEADQUARTERS, BRAND), audience="profile")
            http.headers["Authorization"] = f"Bearer {token}"
            people = _people(http, count)
            asyncio.run(_lived(ground.urls["maison_profile"], people))
            rates = [_decided(http, people) for _ in range(ROUNDS)]
    rate = sorted(rates)[len(rates) // 2]
    yield Figure(
        f"messages: permission decisions of one process, {count:,} clients, four channels each",
        rate,
        "decisions/min",
        goal=f">= {GOAL:,}/min",
        reached=rate >= GOAL,
    )


def _people(http: httpx.Client, count: int) -> list[str]:
    found: list[str] = []
    for first in range(0, count, TOGETHER):
        form = [
            {"external_ref": f"M-{number}", "display_name": "李若怡", "phone": f"+86139{number:08d}"}
            for number in range(first, first + TOGETHER)
        ]
        answer = http.post("/v1/clients/batch", json={"clients": form}, headers={"Idempotency-Key": str(uuid4())})
        if not answer.is_success:
            raise Broken(f"clients could not be registered: {answer.text}")
        found += [item["client_id"] for item in answer.json()["items"]]
    return found


async def _lived(url: str, people: list[str]) -> None:
    """What a year leaves behind, written past the service: it is not what is measured."""
    now, ids = datetime.now(UTC), [UUID(one) for one in people]
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        await connection.execute(_CONSENTED, BRAND, ids, now)
        await connection.execute(_SENT, BRAND, ids, [now - timedelta(days=3 + one) for one in range(SENT)])
        await connection.execute(_DECLINED, BRAND, ids, now)
        await connection.execute("analyze")
    finally:
        await connection.close()


def _decided(http: httpx.Client, people: list[str]) -> float:
    """Decide about all of them once; how many a minute."""
    began = time.perf_counter()
    for first in range(0, len(people), AT_ONCE):
        form = {"client_ids": people[first : first + AT_ONCE], "purpose": "marketing"}
        answer = http.post("/v1/permissions/batch", json=form)
        items = answer.json().get("items", [])
        if len(items) != len(form["client_ids"]) or any(one["reason"] == "no-consent" for one in items):
            raise Broken(f"the decisions are not what they should be: {answer.text[:200]}")
    return len(people) / (time.perf_counter() - began) * 60
