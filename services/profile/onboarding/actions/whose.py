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
from services.profile.identities.rules import CONTACTS
from services.profile.onboarding.actions.said import Named, Whom
from services.profile.onboarding.rules.reasons import Reason
from services.profile.purchases.actions.receipts import UNNAMED

# A till tells her number and WeChat her openid, and neither her name (desk.rules).
NAMELESS = frozenset({UNNAMED, "微信客户"})


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a line is about: a surviving record, nobody who is known, or why that cannot be told.

    `others` are phones and e-mail addresses on the line that are another client's.
    """

    client_id: UUID | None = None
    why: Reason | None = None
    others: frozenset[Known] = frozenset()


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What the house knows of everybody whom some lines name."""

    held: Mapping[Known, Holder]
    shared: frozenset[Known]
    records: Mapping[UUID, Client]
    restricted: frozenset[UUID]

    def find(self, whom: Whom) -> Found:
        """Whom a line is about.

        A card's or a till's number says it. A phone or an e-mail address does with the name beside it, or where she has
        shown that it is hers and the line gives no name: they pass from one person to the next, and a family shares
        them.
        """
        held = {known: self.held[known] for known in whom.known if known in self.held}
        if any(one.is_erased for one in held.values()):
            return Found(why=Reason.CLIENT_ERASED)
        numbers = {one.canonical_id for known, one in held.items() if known.kind not in CONTACTS}
        contacts = {known: one for known, one in held.items() if known.kind in CONTACTS}
        hers = {one.canonical_id for one in contacts.values() if self._is_hers(one, whom.name)}
        if len(numbers | hers) > 1:
            return Found(why=Reason.IDENTITIES_OF_TWO)
        if not numbers | hers:
            return self._nobody(whom, frozenset(contacts))
        [client_id] = numbers | hers
        others = frozenset(known for known, one in contacts.items() if one.canonical_id != client_id)
        if client_id in self.restricted:
            return Found(client_id, Reason.RESTRICTED, others)
        return Found(client_id, others=others)

    def _nobody(self, whom: Whom, others: frozenset[Known]) -> Found:
        if all(known.kind in CONTACTS for known in whom.known):
            if any(known.kind == "phone" for known in others):
                return Found(why=Reason.PHONE_OF_ANOTHER)
            if others and others.issuperset(whom.known):
                return Found(why=Reason.EMAIL_OF_ANOTHER)
            if whom.known and self.shared.issuperset(whom.known):
                return Found(why=Reason.PHONE_SHARED)
        return Found(others=others)

    def _is_hers(self, holder: Holder, name: Named | None) -> bool:
        record, confirmed = self.records.get(holder.canonical_id), holder.confirmed_at is not None
        if record is None or name is None:
            return confirmed
        if record.display_name in NAMELESS:
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
    free = [one for one in asked if one not in held and one.kind in CONTACTS]
    return Acquaintance(
        held,
        frozenset(await identities.shared(tx, free)),
        await clients.by_id(tx, ids) if ids else {},
        frozenset(await consents.restricted(tx, ids)) if ids else frozenset(),
    )


def _erased(holder: Holder) -> Holder:
    return Holder(holder.client_id, holder.canonical_id, holder.confirmed_at, is_erased=True)
