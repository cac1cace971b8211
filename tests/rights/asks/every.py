"""How the operations are asked that every process has."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from infra.eventlog.port import Envelope
from tests.asking import BRAND
from tests.rights.asking import Ask
from tests.rights.house import House

_PARK = """
    insert into parked_fact (follower, position, source, relay_seq, brand_id, aggregate, envelope, reason, attempts)
    values ($1, 1, 'maison/nobody', $2, $3, $4, $5, '22000', 8) returning id
"""


async def parked(house: House, service: str) -> int:
    """The id of a fact that a service's follower has put aside; nothing reacts to it."""
    about = f"thing:{uuid4()}"
    envelope = Envelope(
        id=uuid4(),
        source="maison/nobody",
        type="nobody.happened.v1",
        subject=about.partition(":")[2],
        time=datetime.now(UTC),
        partitionkey=about,
        sequence="0" * 19 + "1",
        brandid=BRAND,
        data={},
    )
    [one] = (running for running in house.running if running.name == service)
    [row] = await one.rows(_PARK, service, house.number(), BRAND, about, envelope.to_json())
    found: int = row["id"]
    return found


def asks(service: str) -> Mapping[str, Ask]:
    """The asks of one service."""

    async def another(house: House) -> Mapping[str, str]:
        return {"parked_id": str(await parked(house, service))}

    told = {} if service == "profile" else {"POST /internal/copies": Ask({"client_ids": ["{client_id}"]})}
    return {"POST /internal/log/parked/{parked_id}/retry": Ask(fresh=another), **told}
