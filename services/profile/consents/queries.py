"""Reading consents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.consents import rules
from services.profile.consents.rules import Decision, Purpose, Sensitive
from services.profile.identities import queries as identities

_DECISIONS = text(
    "select consent_id, purpose, notice_version, channel, given_at, replaced_at, withdrawn_at, evidence,"
    " by_guardian from consent"
    " where brand_id = :brand and client_id = any(:ids)"
)
_LAST_WORDS = text(
    """
    with member as (
        select id as member_id, id as client_id from unnest(cast(:ids as uuid[])) as id
        union all
        select client_id, canonical_id from client_alias where brand_id = :brand and canonical_id = any(:ids)
    ), word as (
        -- As rules.latest: her last word over all records that are she.
        select distinct on (member.client_id) member.client_id, consent.withdrawn_at
        from member join consent on consent.brand_id = :brand and consent.client_id = member.member_id
        where consent.purpose = :purpose and consent.replaced_at is null
        order by member.client_id, coalesce(consent.withdrawn_at, consent.given_at) desc, consent.consent_id desc
    )
    select client_id, withdrawn_at is null as granted from word
    """
)
_RESTRICTED = text(
    "select coalesce(a.canonical_id, r.client_id) from restriction r"
    " left join client_alias a on a.brand_id = r.brand_id and a.client_id = r.client_id"
    " where r.brand_id = :brand and (r.client_id = any(:ids) or a.canonical_id = any(:ids))"
)
_ITEMS = text(
    "select item_id, kind, value, device, noted_by, noted_at from sensitive_item"
    " where brand_id = :brand and client_id = any(:ids) and kind = any(:kinds) order by item_id desc"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One sensitive thing known of her; `device` is what measured it."""

    item_id: UUID
    kind: Sensitive
    value: str
    device: str | None
    noted_by: str
    noted_at: datetime


async def decisions(tx: AsyncSession, client_id: UUID) -> list[Decision]:
    """Everything this client ever decided, over all records that are she."""
    ids = await identities.family(tx, client_id)
    rows = await tx.execute(_DECISIONS, {"brand": tx.info["brand_id"], "ids": ids})
    return [
        Decision(
            row.consent_id,
            Purpose(row.purpose),
            row.notice_version,
            row.channel,
            row.given_at,
            row.replaced_at,
            row.withdrawn_at,
            keyring(tx).open("consent", "evidence", row.consent_id, row.evidence) if row.evidence else None,
            row.by_guardian,
        )
        for row in rows
    ]


async def granted(tx: AsyncSession, client_id: UUID, purpose: str) -> bool:
    """Whether we may, for this purpose, right now."""
    return rules.stands(rules.latest(await decisions(tx, client_id), Purpose(purpose)))


async def profiling_off(tx: AsyncSession, client_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these surviving records said no to being reckoned up, by their last word (PIPL, article 24)."""
    return await who_refuse(tx, client_ids, Purpose.PERSONALISATION)


async def who_allow(tx: AsyncSession, client_ids: Sequence[UUID], purpose: Purpose) -> set[UUID]:
    """Which of these surviving records allow a purpose right now, in one statement however many."""
    words = await _last_words(tx, client_ids, purpose)
    return {client_id for client_id, granted in words.items() if granted}


async def who_refuse(tx: AsyncSession, client_ids: Sequence[UUID], purpose: Purpose) -> set[UUID]:
    """Which of these surviving records said no to a purpose, by their last word; who never said anything is not in."""
    words = await _last_words(tx, client_ids, purpose)
    return {client_id for client_id, granted in words.items() if not granted}


async def _last_words(tx: AsyncSession, client_ids: Sequence[UUID], purpose: Purpose) -> dict[UUID, bool]:
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "purpose": purpose.value}
    return {row.client_id: row.granted for row in await tx.execute(_LAST_WORDS, asked)}


async def items(tx: AsyncSession, client_id: UUID) -> list[Item]:
    """The sensitive things that she allows to be seen right now, over all records that are she; the latest first."""
    words = await decisions(tx, client_id)
    allowed = [kind for kind in Sensitive if rules.stands(rules.latest(words, rules.purpose_of(kind)))]
    ring, ids = keyring(tx), await identities.family(tx, client_id)
    rows = await tx.execute(_ITEMS, {"brand": tx.info["brand_id"], "ids": ids, "kinds": allowed})
    return [
        Item(
            row.item_id,
            Sensitive(row.kind),
            ring.open("sensitive_item", "value", row.item_id, row.value),
            row.device,
            row.noted_by,
            row.noted_at,
        )
        for row in rows
    ]


async def restricted(tx: AsyncSession, client_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these surviving records may not be used: their data was restricted, or that of one merged into them."""
    rows = await tx.execute(_RESTRICTED, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return set(rows.scalars())
