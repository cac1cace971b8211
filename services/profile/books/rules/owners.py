"""Who may give a client to whom."""

from collections.abc import Set as AbstractSet
from uuid import UUID

from infra.refusal import Kind, Refusal


class AdvisorNotThere(Refusal):
    """A client goes to an advisor at the boutique where the advisor works, or she would be nobody's."""

    kind = Kind.INVALID
    slug = "advisor-not-there"
    en = "This advisor does not work at that boutique. Choose one who does."
    zh = "该顾问不在此精品店任职，请选择该店的顾问。"


def may_assign(boutique_id: UUID, current: UUID | None, *, own: AbstractSet[UUID]) -> bool:
    """A manager gives her advisors clients whom nobody else's boutique has: `current` is the owner's boutique."""
    return boutique_id in own and (current is None or current in own)


def check_advisor(boutique_id: UUID, works_at: UUID | None, *, by_service: bool) -> None:
    """Raise AdvisorNotThere unless the advisor works there; `works_at` None means that nobody has told us of her.

    A service may be ahead of the fact that she joined; a person chooses from those who are there.
    """
    if works_at != boutique_id and not (by_service and works_at is None):
        raise AdvisorNotThere


class NobodysClient(Refusal):
    """Where there is no owner, nobody can stand in for one."""

    kind = Kind.CONFLICT
    slug = "nobodys-client"
    en = "This client is in nobody's book. Give her to an advisor first."
    zh = "该客户尚无专属顾问，请先为其指定顾问。"


class DeputyOver(Refusal):
    """Somebody was to stand in until a moment that has passed, or before she begins."""

    kind = Kind.INVALID
    slug = "deputy-over"
    en = "This would end before it begins, or has ended already. Give a later end (`until_at`)."
    zh = "代理结束时间早于开始时间或已过，请填写更晚的结束时间(until_at)。"
