"""Who may give a client to whom."""

from collections.abc import Set as AbstractSet
from uuid import UUID


def may_assign(boutique_id: UUID, current: UUID | None, *, own: AbstractSet[UUID]) -> bool:
    """A manager gives her advisors clients whom nobody else's boutique has: `current` is the owner's boutique."""
    return boutique_id in own and (current is None or current in own)
