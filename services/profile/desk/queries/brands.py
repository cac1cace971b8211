"""Which client of one brand is the same person as one of another, by what she has proven in both."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.identities import rules

# What WeChat or she herself has shown to be hers, a number within the year: a till's word and an advisor's do not reach
# beyond their brand. The blind index of a value is the same in every brand.
_PROVEN = (
    "standing = 'held' and (kind = 'unionid' or kind = 'phone' and confirmed_at > :since)"
    " and (source in ('wechat', 'answered') or confirmed_at > added_at)"
)
_PROVEN_OF = text(f"select kind, blind from identity where brand_id = :brand and client_id = any(:ids) and {_PROVEN}")  # noqa: S608
_PROVEN_BY = text(
    "select distinct kind, coalesce(a.canonical_id, i.client_id) as client_id from identity i"  # noqa: S608
    " left join client_alias a on a.brand_id = i.brand_id and a.client_id = i.client_id"
    f" where i.brand_id = :brand and i.blind = any(:blinds) and {_PROVEN}"
)
# The names of the brands and nothing else, from one to the next through the key.
_BRANDS = text(
    "with recursive brand (brand_id) as (select min(brand_id) from client union all"
    " select (select min(client.brand_id) from client where client.brand_id > brand.brand_id) from brand"
    " where brand.brand_id is not null) select brand_id from brand where brand_id is not null"
)


async def brands(tx: AsyncSession) -> Sequence[str]:
    """The names of all brands; for a transaction that sees every brand."""
    return (await tx.execute(_BRANDS)).scalars().all()


async def proven(tx: AsyncSession, client_id: UUID, *, now: datetime) -> rules.Proven:
    """What proves in another brand that she is who she is here."""
    asked = {"ids": await identities.family(tx, client_id), "since": now - rules.TRUSTED_FOR}
    rows = (await tx.execute(_PROVEN_OF, asked | {"brand": tx.info["brand_id"]})).all()
    return rules.Proven(
        unionids=frozenset(bytes(row.blind) for row in rows if row.kind == "unionid"),
        phones=frozenset(bytes(row.blind) for row in rows if row.kind == "phone"),
    )


async def same_person(tx: AsyncSession, proof: rules.Proven, *, now: datetime) -> UUID | None:
    """The one client of this brand who has proven the same; None where nobody has, several have, or one may not be."""
    asked = {"blinds": sorted(proof.unionids | proof.phones), "since": now - rules.TRUSTED_FOR}
    rows = (await tx.execute(_PROVEN_BY, asked | {"brand": tx.info["brand_id"]})).all()
    found = rules.one_of({row.client_id for row in rows if row.kind == "unionid"}, {row.client_id for row in rows})
    if found is None or not rules.may_be_one(proof, await proven(tx, found, now=now)):
        return None
    return found
