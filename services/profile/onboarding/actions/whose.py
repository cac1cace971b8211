"""Who a line is about, among the clients the house knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.clients import queries as clients
from services.profile.clients.models.names import fold
from services.profile.clients.queries import Client
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.identities.queries import Holder, Known
from services.profile.onboarding.actions.lines import Named, Whom
from services.profile.onboarding.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What the house knows of everybody whom some lines name."""

    held: Mapping[Known, Holder]
    shared: frozenset[Known]
    records: Mapping[UUID, Client]
    restricted: frozenset[UUID]

    def find(self, whom: Whom) -> UUID | Reason | None:
        """The surviving record of whom a line is about; None where nobody is known by any of the numbers.

        A card's or a till's number says who she is. A phone does with the name beside it, or where she has shown that
        it is hers and the line gives no name: numbers pass from one person to the next.
        """
        held = {known: self.held[known] for known in whom.known if known in self.held}
        if any(one.is_erased for one in held.values()):
            return Reason.CLIENT_ERASED
        found = {one.canonical_id for one in held.values()}
        if len(found) > 1:
            return Reason.IDENTITIES_OF_TWO
        if not found:
            return Reason.PHONE_SHARED if whom.known and self.shared.issuperset(whom.known) else None
        [client_id] = found
        if all(known.kind == "phone" for known in held) and not self._is_hers(client_id, held, whom.name):
            return Reason.PHONE_OF_ANOTHER
        return Reason.RESTRICTED if client_id in self.restricted else client_id

    def _is_hers(self, client_id: UUID, held: Mapping[Known, Holder], name: Named | None) -> bool:
        record = self.records.get(client_id)
        confirmed = any(one.confirmed_at is not None for one in held.values())
        if record is None or name is None:
            return confirmed
        return agree(name.display, record.display_name, also_surname=confirmed)


def agree(one: str, other: str, *, also_surname: bool) -> bool:
    """Whether two names may be one person's; with `also_surname` 王 is also 王芳."""
    one, other = fold(one), fold(other)
    return one == other or (also_surname and bool(one and other) and (one.startswith(other) or other.startswith(one)))


async def known(tx: AsyncSession, whom: Sequence[Whom]) -> Acquaintance:
    """What the house knows of them; none of them is erased before this transaction ends. A few statements."""
    asked = list(dict.fromkeys(one for each in whom for one in each.known))
    held = await identities.holders(tx, asked)
    ids = sorted({one.canonical_id for one in held.values() if not one.is_erased})
    spared = await clients.spared(tx, ids) if ids else set()
    held = {
        one: holder if holder.is_erased or holder.canonical_id in spared else _erased(holder)
        for one, holder in held.items()
    }
    free = [one for one in asked if one not in held and one.kind == "phone"]
    return Acquaintance(
        held,
        frozenset(await identities.shared(tx, free)),
        await clients.by_id(tx, ids) if ids else {},
        frozenset(await consents.restricted(tx, ids)) if ids else frozenset(),
    )


def _erased(holder: Holder) -> Holder:
    return Holder(holder.client_id, holder.canonical_id, holder.confirmed_at, is_erased=True)
