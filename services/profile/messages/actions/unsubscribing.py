"""The link in an e-mail that takes her off with one click (RFC 8058): whose it is, nobody can read in it."""

import base64
import hmac
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import Keyring, keyring
from infra.identity import BRAND
from infra.refusal import NotFound
from infra.settings import Settings
from services.profile.messages.actions import channels
from services.profile.messages.actions.claims import Letter
from services.profile.messages.rules import Channel, Purpose

_SIZE = 16  # bytes of the proof
_WHOSE = text("select client_id, purpose from message where brand_id = :brand and message_id = :message_id")
PATH = "/u"


def address(ring: Keyring, settings: Settings, letter: Letter) -> str:
    """Where one click takes her off the purpose of this letter."""
    return f"{settings.public_url}{PATH}/{token(ring, letter.brand_id, letter.message_id)}"


def token(ring: Keyring, brand_id: str, message_id: UUID) -> str:
    """brand.message.proof, the last two in base64."""
    proof = ring.blind("message.unsubscribe", f"{brand_id}\n{message_id}")[:_SIZE]
    return f"{brand_id}.{_written(message_id.bytes)}.{_written(proof)}"


def brand_of(value: str) -> str:
    """The brand a token names; raises NotFound."""
    brand_id, dot, _ = value.partition(".")
    if not dot or BRAND.fullmatch(brand_id) is None:
        raise NotFound
    return brand_id


async def withdraw(tx: AsyncSession, value: str, *, now: datetime) -> None:
    """She wants no more e-mail for the purpose of that message. Safe to repeat; raises NotFound for a made-up token."""
    try:
        brand_id, message, proof = value.split(".")
        message_id = UUID(bytes=_read(message))
        given = _read(proof)
    except ValueError:
        raise NotFound from None
    real = keyring(tx).blind("message.unsubscribe", f"{brand_id}\n{message_id}")[:_SIZE]
    if not hmac.compare_digest(real, given):
        raise NotFound
    row = (await tx.execute(_WHOSE, {"brand": tx.info["brand_id"], "message_id": message_id})).one_or_none()
    if row is None:
        raise NotFound
    purpose = Purpose(row.purpose)
    await channels.say(tx, row.client_id, [(Channel.EMAIL, purpose, True)], source="e-mail", now=now)


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(text_: str) -> bytes:
    return base64.urlsafe_b64decode(text_ + "=" * (-len(text_) % 4))
