"""Notes of an old system: each once, by a keyed digest of what it says about whom."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import new_id
from services.profile.onboarding.actions import whose
from services.profile.onboarding.actions.effects import Effect
from services.profile.onboarding.actions.outcomes import Outcome, Outcomes
from services.profile.onboarding.actions.said import NoteLine
from services.profile.onboarding.rules.reasons import Reason
from services.profile.onboarding.rules.tally import Fate

_WRITE = """
insert into note (brand_id, note_id, client_id, author, is_private, words, written_at, origin)
select $1, item.note_id, item.client_id, $2, false, item.words, item.written_at, item.origin
from unnest($3::uuid[], $4::uuid[], $5::bytea[], $6::timestamptz[], $7::bytea[])
    as item (note_id, client_id, words, written_at, origin)
order by item.origin
on conflict (brand_id, origin) where origin is not null do nothing
returning note_id
"""


async def bring(tx: AsyncSession, lines: Sequence[NoteLine], *, actor: str, now: datetime) -> Outcomes:
    """Write these notes; each is seen by whoever may see the client in full. One statement."""
    done, ring = Outcomes(), keyring(tx)
    house = await whose.known(tx, [line.whom for line in lines])
    rows: list[tuple[NoteLine, UUID, UUID, bytes]] = []
    for line in lines:
        found = house.find(line.whom)
        if found.why is not None or found.client_id is None:
            done.refuse(line.number, found.why or Reason.CLIENT_UNKNOWN)
            continue
        # By the number in the file, not by her record: merged with another, she keeps her notes once.
        who = line.whom.known[0]
        said = "\n".join((who.kind, who.system, who.value, str(line.written_at or ""), line.words))
        rows.append((line, new_id(), found.client_id, ring.blind("note.origin", said)))
    if not rows:
        return done
    connection = await tx.connection()
    written = await connection.exec_driver_sql(
        _WRITE,
        (
            tx.info["brand_id"],
            actor,
            [note_id for _, note_id, _, _ in rows],
            [client_id for _, _, client_id, _ in rows],
            [ring.seal("note", "words", note_id, line.words) for line, note_id, _, _ in rows],
            [line.written_at or now for line, _, _, _ in rows],
            [origin for _, _, _, origin in rows],
        ),
    )
    new = {row.note_id for row in written}
    for line, note_id, _, _ in rows:
        if note_id in new:
            done.put(Outcome(line.number, Fate.CREATED, effects=(Effect(line.number, "note", note_id),)))
        else:
            done.put(Outcome(line.number, Fate.UNCHANGED))
    return done
