"""Whose stock a till may set."""

from collections.abc import Set as AbstractSet
from uuid import UUID

from infra.refusal import Kind, Refusal


class StockElsewhere(Refusal):
    """The till belongs to other boutiques."""

    kind = Kind.FORBIDDEN
    slug = "stock-elsewhere"
    en = "This till may set the stock of its own boutiques only, so nothing was changed. Send the others from theirs."
    zh = "此收银系统只能更新所属精品店的库存，本次未作任何更改；其他精品店请由其自己的系统提交。"


def check_own(boutique_ids: AbstractSet[UUID], *, own: AbstractSet[UUID]) -> None:
    """Raise StockElsewhere unless all of these are the till's own; a till without any is the whole brand's."""
    if own and not boutique_ids <= own:
        raise StockElsewhere
