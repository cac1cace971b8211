"""What the tests of tasks and campaigns start from."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from infra.identity import Role
from services.profile.tasks.actions import rounds
from tests.asking import Clock, tell
from tests.profile.relationship import as_role
from tests.running import Running

NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)  # a Monday, eleven o'clock in Shanghai
TODAY = date(2026, 3, 2)
BOUGHT = "profile.purchase-recorded.v1"


async def sold(
    profile: Running,
    client_id: UUID,
    *,
    purchase_id: UUID | None = None,
    boutique_id: UUID | None = None,
    at: str = "2026-03-02T02:00:00Z",
    quantities: tuple[int, ...] = (1,),
    event_id: UUID | None = None,
) -> UUID:
    """Tell that she bought something (or brought it back); the receipt's id."""
    purchase_id = purchase_id or uuid4()
    fact = {
        "purchase_id": str(purchase_id),
        "client_id": str(client_id),
        "boutique_id": str(boutique_id) if boutique_id else None,
        "purchased_at": at,
        "currency": "CNY",
        "net_minor": sum(quantities) * 100,
        "line_count": len(quantities),
        "lines": [{"piece_code": "RING-1", "quantity": one, "net_minor": one * 100} for one in quantities],
    }
    await tell(profile, BOUGHT, fact, about=f"purchase:{purchase_id}", event_id=event_id)
    return purchase_id


async def kept(profile: Running, client_id: UUID | None = None) -> list[dict[str, Any]]:
    """Every task, or hers, as it stands; what is due first first."""
    return await profile.rows(
        "select * from task where $1::uuid is null or client_id = $1 order by due_on, kind, task_id", client_id
    )


async def there(profile: Running, client_id: UUID) -> dict[str, tuple[str, str]]:
    """Her tasks: status and day due, by kind."""
    return {row["kind"]: (row["status"], str(row["due_on"])) for row in await kept(profile, client_id)}


async def by_hand(profile: Running, client_id: UUID, *, due_on: str = "2026-03-04", **more: Any) -> UUID:
    """A task that headquarters opened for whoever owns her."""
    form = {"client_id": str(client_id), "due_on": due_on, "words": "她的表带换好了", **more}
    made = await as_role(profile).post("/v1/tasks", json=form, headers={"Idempotency-Key": str(uuid4())})
    assert made.status_code == httpx.codes.CREATED, made.text
    return UUID(made.json()["task_id"])


async def settled(profile: Running, task_id: UUID, outcome: str, **more: Any) -> dict[str, Any]:
    """Say what came of it, as headquarters."""
    headers = {"Idempotency-Key": str(uuid4())}
    said = await as_role(profile).post(
        f"/v1/tasks/{task_id}/outcome", json={"outcome": outcome} | more, headers=headers
    )
    assert said.status_code == httpx.codes.OK, said.text
    body: dict[str, Any] = said.json()
    return body


async def rounded(profile: Running, clock: Clock) -> None:
    """Let the day's round come to its end."""
    while await rounds.go_round(profile.kit.database, now=clock()):
        pass


def advisor_of(profile: Running, advisor_id: UUID, boutique_id: UUID) -> httpx.AsyncClient:
    """An advisor at her boutique."""
    return as_role(profile, Role.ADVISOR, advisor_id=advisor_id, boutique_ids=frozenset({boutique_id}), subject="ad")


def manager_of(profile: Running, *boutique_ids: UUID) -> httpx.AsyncClient:
    """The manager of some boutiques."""
    return as_role(profile, Role.MANAGER, boutique_ids=frozenset(boutique_ids), subject="ma")
