"""Partners: let in, given keys, their tokens and signatures checked, and shut out."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.actions import sessions
from gateway.identity.actions.exchange import Exchange
from gateway.identity.actions.sweeping import sweep
from gateway.identity.models.tokens import LIFETIME
from gateway.identity.queries import brand, session
from gateway.partners import queries, rules
from gateway.partners.models import new_secret
from gateway.partners.rules import InvalidClient, SignatureInvalid, TooManyKeys
from gateway.partners.schemas import KeyView, PartnerForm, TokenView
from gateway.partners.tables import Partner, PartnerKey, PosNonce
from infra.app import Kit
from infra.crypto import keyring
from infra.database import Database
from infra.eventlog.hint import pause
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound

LIVE_KEYS = 2
SWEEP = 60.0  # seconds between removals of old nonces


async def let_in(tx: AsyncSession, form: PartnerForm, *, now: datetime) -> tuple[Partner, KeyView]:
    """Make a partner with its first key."""
    partner = Partner(
        brand_id=brand(tx),
        partner_id=new_id(),
        name=form.name,
        role=form.role,
        boutique_ids=sorted(set(form.boutique_ids)),
        created_at=now,
    )
    tx.add(partner)
    sessions.open_for_partner(tx, partner.partner_id, role=form.role, now=now)
    return partner, _new_key(tx, partner, now=now)


async def give_key(tx: AsyncSession, partner_id: UUID, *, now: datetime) -> KeyView:
    """A second key, to replace the first without an interruption; raises NotFound or TooManyKeys."""
    partner = await queries.partner(tx, partner_id, lock=True)
    if partner is None or partner.closed_at is not None:
        raise NotFound
    if len(await queries.live_keys(tx, partner_id)) >= LIVE_KEYS:
        raise TooManyKeys
    return _new_key(tx, partner, now=now)


async def close_key(tx: AsyncSession, partner_id: UUID, key_id: str, *, now: datetime) -> None:
    """Take a key out of use; tokens it was exchanged for live on for their ten minutes. Raises NotFound."""
    await queries.partner(tx, partner_id, lock=True)
    key = await queries.live_key(tx, partner_id, key_id)
    if key is None:
        raise NotFound
    key.closed_at = now


async def shut_out(tx: AsyncSession, exchange: Exchange, partner_id: UUID, *, now: datetime) -> Partner:
    """Close a partner: its keys and its tokens end at once. Raises NotFound."""
    partner = await queries.partner(tx, partner_id, lock=True)
    if partner is None:
        raise NotFound
    partner.closed_at = partner.closed_at or now
    for key in await queries.live_keys(tx, partner_id):
        key.closed_at = now
    standing = await session(tx, partner_id, lock=True)
    if standing is not None:
        sessions.end(exchange, standing, because="partner-closed", now=now)
    return partner


async def give_token(
    database: Database, exchange: Exchange, *, client_id: str, client_secret: str, now: datetime
) -> TokenView:
    """Exchange a partner's id and secret for an access token; raises InvalidClient."""
    read = rules.read_client_id(client_id)
    if read is None or not rules.is_secret(client_secret, rules.SECRET):
        raise InvalidClient
    brand_id, partner_id = read[0], UUID(read[1])
    given = rules.digest(client_secret)
    async with database.transaction(brand_id) as tx:
        partner = await queries.partner(tx, partner_id)
        keys = await queries.live_keys(tx, partner_id)
    matching = [key for key in keys if secrets.compare_digest(key.secret_hash, given)]
    if partner is None or partner.closed_at is not None or not matching:
        raise InvalidClient
    caller = Caller(str(partner_id), Role(partner.role), brand_id, boutique_ids=frozenset(partner.boutique_ids))
    return TokenView(
        access_token=exchange.keys.sign(caller, session_id=partner_id, now=now),
        expires_in=int(LIFETIME.total_seconds()),
    )


class Signatures:
    """Checks the writes of tills."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self, *, caller: Caller, method: str, target: str, headers: Mapping[bytes, bytes], body: bytes, now: datetime
    ) -> None:
        """Raise SignatureInvalid unless this till signed exactly this request, just now, for the first time."""
        key, timestamp, nonce, given = (
            headers.get(name, b"").decode("latin-1")
            for name in (b"maison-key", b"maison-timestamp", b"maison-nonce", b"maison-signature")
        )
        rules.require_in_time(timestamp, now=now)
        rules.require_form(nonce=nonce, given=given)
        if key != f"{caller.brand_id}.{caller.subject}":
            raise SignatureInvalid
        async with self._database.transaction(caller.brand_id) as tx:
            # Two secrets live while one replaces the other; either will do.
            expected = [
                rules.signature(secret, method=method, target=target, body=body, timestamp=timestamp, nonce=nonce)
                for secret in await _signing_secrets(tx, UUID(caller.subject))
            ]
            rules.require_one_of(given, expected)
            # After the signature is known to be right: nobody else can fill this table.
            row = {"brand_id": caller.brand_id, "partner_id": UUID(caller.subject), "nonce": nonce, "seen_at": now}
            adding = insert(PosNonce).values(row).on_conflict_do_nothing()
            if await tx.scalar(adding.returning(PosNonce.nonce)) is None:
                raise SignatureInvalid


async def forget_nonces(kit: Kit, stop: asyncio.Event) -> None:
    """Remove the nonces that no signature inside the window can repeat."""
    while not stop.is_set():
        await sweep(kit, stop, PosNonce, PosNonce.seen_at < kit.clock() - rules.NONCES_KEPT)
        await pause(stop, SWEEP)


async def _signing_secrets(tx: AsyncSession, partner_id: UUID) -> list[str]:
    return [
        keyring(tx).open("partner_key", "signing_secret", key.key_id, key.signing_secret)
        for key in await queries.live_keys(tx, partner_id)
        if key.signing_secret is not None
    ]


def client_id(partner: Partner) -> str:
    """What a partner calls itself at the token endpoint: the brand and its id."""
    return f"{partner.brand_id}.{partner.partner_id}"


def _new_key(tx: AsyncSession, partner: Partner, *, now: datetime) -> KeyView:
    key_id, secret = f"mk_{secrets.token_hex(8)}", new_secret(rules.SECRET)
    signing = new_secret(rules.SIGNING) if partner.role == Role.POS else None
    sealed = keyring(tx).seal("partner_key", "signing_secret", key_id, signing) if signing is not None else None
    tx.add(
        PartnerKey(
            brand_id=partner.brand_id,
            key_id=key_id,
            partner_id=partner.partner_id,
            secret_hash=rules.digest(secret),
            secret_start=secret[: len(rules.SECRET) + 8],
            signing_secret=sealed,
            created_at=now,
        )
    )
    return KeyView(key_id=key_id, client_id=client_id(partner), client_secret=secret, signing_secret=signing)
