"""Taking back what an import wrote, unless it was touched since: the last first, some hundreds at a time."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from services.profile.onboarding import queries
from services.profile.onboarding.actions.undoing import clients, consents, gaps, purchases
from services.profile.onboarding.actions.undoing.written import Left, Written
from services.profile.onboarding.rules.steps import Status

FEW = 200  # things taken back in one transaction

_HERE = "where brand_id = :brand and import_id = :id"
# Names last: with a name her record gets another version, by which a birthday is known to be untouched.
_KINDS = text(
    f"select kind from import_effect {_HERE} and stays is null"  # noqa: S608
    " order by kind = 'name', effect_id desc limit 1"
)
_LAST = text(
    f"select effect_id, line, kind, row_id, part, before_id, was from import_effect {_HERE}"  # noqa: S608
    " and stays is null and kind = :kind order by effect_id desc limit :few"
)
_ALL_LINES = text(
    f"select effect_id, line, kind, row_id, part, before_id, was from import_effect {_HERE}"  # noqa: S608
    " and stays is null and row_id = any(:rows)"
)
_TAKEN = text(f"delete from import_effect {_HERE} and effect_id = any(:effects)")  # noqa: S608
_STAYS = text(f"update import_effect set stays = :why {_HERE} and effect_id = any(:effects)")  # noqa: S608
_DONE = text(
    f"update bulk_import set status = 'undone', ended_at = :now, version = version + 1 {_HERE}"  # noqa: S608
)


async def work(kit: Kit, brand_id: str, import_id: UUID) -> bool:
    """Take some of it back; answers whether there was any."""
    async with kit.database.transaction(brand_id) as tx:
        one = await queries.free(tx, import_id)
        if one is None or one.status is not Status.UNDOING:
            return False
        now, of = kit.clock(), {"brand": brand_id, "id": import_id}
        kind = (await tx.execute(_KINDS, of)).scalar_one_or_none()
        if kind is None:
            await tx.execute(_DONE, of | {"now": now})
            return True
        last = [Written(**row) for row in (await tx.execute(_LAST, of | {"kind": kind, "few": FEW})).mappings()]
        if kind == "purchase-line":
            # A receipt goes as a whole.
            rows = list({each.row_id for each in last})
            last = [Written(**row) for row in (await tx.execute(_ALL_LINES, of | {"rows": rows})).mappings()]
        stays = await _TAKES_BACK[kind](tx, import_id, last, now)
        taken = [each.effect_id for each in last if each.effect_id not in stays]
        await tx.execute(_TAKEN, of | {"effects": taken})
        for why in sorted(set(stays.values())):
            left = [effect_id for effect_id, reason in stays.items() if reason == why]
            await tx.execute(_STAYS, of | {"effects": left, "why": why.value})
    return True


_TAKES_BACK: Mapping[str, Callable[[AsyncSession, UUID, Sequence[Written], datetime], Coroutine[Any, Any, Left]]] = {
    "client": clients.clients,
    "identity": gaps.identities,
    "name": gaps.names,
    "birthday": gaps.birthdays,
    "consent": consents.consents,
    "withdrawal": consents.withdrawals,
    "note": gaps.notes,
    "purchase-line": purchases.purchases,
    "claim": purchases.claims,
}
