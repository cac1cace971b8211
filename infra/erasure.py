"""What becomes of the rows about somebody who is erased: one decision per table, carried out in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.ids import NOBODY


class Fate(StrEnum):
    """What is done to a table's rows about her."""

    DELETED = "deleted"
    UNLINKED = "unlinked"  # they stay, without her and without words
    KEPT = "kept"  # they hold ids or keyed digests alone, and are needed as they are
    NOT_HERS = "not-hers"  # nothing in this table is about any of those who can be erased


@dataclass(frozen=True)
class Decision:
    """One table's. `hers` is the condition of her rows, `sets` what stands in those that stay, both in SQL.

    They may name `:ids` and `:subjects` (her ids, as uuids and as callers), `:now`, `:nobody`, `:pseudonym` (hers in
    this erasing, and kept nowhere else), and what the service adds.
    """

    table: str
    fate: Fate
    why: str
    hers: str = ""
    sets: str = ""


class Erased(BaseModel):
    """What was done to one table: how many rows of hers met with which fate."""

    model_config = ConfigDict(frozen=True)

    table: str
    fate: Fate
    rows: int


# The tables that every database has.
PLUMBING = (
    Decision(
        "idempotency_key", Fate.DELETED, "answers to what she asked herself, sealed", hers="subject = any(:subjects)"
    ),
    Decision("outbox", Fate.KEPT, "facts on their way: ids alone, gone after fourteen days"),
    Decision("outbox_sequence", Fate.KEPT, "the next number of each aggregate: ids alone"),
    Decision("parked_fact", Fate.KEPT, "ids alone; one about her is let go without effect"),
    Decision("tombstone", Fate.KEPT, "what keeps her away: her ids alone"),
    Decision("relay_state", Fate.NOT_HERS, "how far the relay has numbered"),
    Decision("lease", Fate.NOT_HERS, "which instance works"),
    Decision("follower_cursor", Fate.NOT_HERS, "how far the follower has read"),
    Decision("follower_source", Fate.NOT_HERS, "how far it has read of each source"),
    Decision("wechat_token", Fate.NOT_HERS, "of the house's own account"),
    Decision("reconciliation", Fate.NOT_HERS, "numbers"),
    Decision("restoration", Fate.NOT_HERS, "when this copy was restored"),
    Decision("retention_period", Fate.NOT_HERS, "how long the brand keeps what"),
    Decision("retention_run", Fate.NOT_HERS, "what was removed when: counts"),
)
# The tables of the log's own database: facts tell ids and nothing personal, so that nothing there is ever rewritten.
LOG = (
    Decision("fact", Fate.KEPT, "ids alone, for ever"),
    Decision("log_head", Fate.NOT_HERS, "how long the log is"),
    Decision("log_source", Fate.NOT_HERS, "how far each source has come"),
    Decision("log_partition", Fate.NOT_HERS, "which part of the log lies where"),
)


async def carry_out(
    tx: AsyncSession, decisions: Sequence[Decision], client_ids: Sequence[UUID], *, now: datetime, **more: object
) -> list[Erased]:
    """Delete and unlink the rows of these ids, in the order of the decisions; safe to repeat."""
    bound: Mapping[str, object] = {
        "brand": tx.info["brand_id"],
        "ids": list(client_ids),
        "subjects": [str(one) for one in client_ids],
        "now": now,
        "nobody": NOBODY,
        "pseudonym": uuid4(),
        **more,
    }
    done = []
    for one in decisions:
        if (said := _statement(one)) is not None:
            result = await tx.execute(text(said), dict(bound))
            done.append(Erased(table=one.table, fate=one.fate, rows=getattr(result, "rowcount", 0)))
    return done


def _statement(one: Decision) -> str | None:
    hers = f"where brand_id = :brand and ({one.hers})"
    match one.fate:
        case Fate.DELETED:
            return f"delete from {one.table} {hers}"  # noqa: S608 - our own words
        case Fate.UNLINKED:
            return f"update {one.table} set {one.sets} {hers}"  # noqa: S608 - our own words
        case _:
            return None
