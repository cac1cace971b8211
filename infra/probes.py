"""What whoever runs the suite asks a process: whether it runs, whether it can serve, and its metrics."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from infra.eventlog import status as log_status
from infra.eventlog.gauges import measure
from infra.identity import public
from infra.refusal import Unavailable
from infra.telemetry import metrics


async def look(kit: Any) -> None:
    """Read the gauges that a query must answer."""
    await measure(kit.database, kit.log, kit.service, follows=bool(kit.reactions))


def routes(made: APIRouter) -> APIRouter:
    """Put them onto a router of the app."""

    @made.get("/healthz")
    @public
    async def healthz() -> dict[str, str]:
        """The process runs."""
        return {"status": "ok"}

    @made.get("/readyz")
    @public
    async def readyz(request: Request) -> dict[str, str | int | float | None]:
        """The process can serve: its database answers, is migrated, and keeps what it is told.

        How the log is (see infra.eventlog.status) is told, but does not make it unready: requests can be served, and
        the outbox keeps their facts.
        """
        kit = request.app.state.kit
        async with kit.database.engine.connect() as connection:
            fsync = (await connection.execute(text("show fsync"))).scalar_one()
            await connection.execute(text("select 1 from outbox limit 1"))
        if fsync != "on" and kit.settings.environment != "test":
            refusal = "PostgreSQL runs with fsync=off: an acknowledged write could be lost. Turn it on."
            raise Unavailable(refusal)
        return {"status": "ready", **await log_status.readiness(kit.database, kit.log, kit.service)}

    @made.get("/metrics")
    @public
    async def shown(request: Request) -> Response:
        """The metrics of this process, as Prometheus reads them."""
        await look(request.app.state.kit)
        return Response(await asyncio.to_thread(metrics.page), media_type=metrics.MEDIA_TYPE)

    return made
