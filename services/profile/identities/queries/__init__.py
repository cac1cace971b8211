"""Reading identities, and which records are one person."""

from services.profile.identities.queries.holders import (
    Holder,
    Known,
    blind,
    client_of_openid,
    holders,
    shared,
    sharing,
    tail,
    tail_of,
)
from services.profile.identities.queries.identities import (
    Identity,
    OpenId,
    identities,
    openids,
    side,
)
from services.profile.identities.queries.merges import (
    Merge,
    Pair,
    are_apart,
    merges,
    never_merged,
    standing_merge,
)
from services.profile.identities.queries.records import (
    canonical,
    canonicals,
    families,
    family,
)

__all__ = [
    "Holder",
    "Identity",
    "Known",
    "Merge",
    "OpenId",
    "Pair",
    "are_apart",
    "blind",
    "canonical",
    "canonicals",
    "client_of_openid",
    "families",
    "family",
    "holders",
    "identities",
    "merges",
    "never_merged",
    "openids",
    "shared",
    "sharing",
    "side",
    "standing_merge",
    "tail",
    "tail_of",
]
