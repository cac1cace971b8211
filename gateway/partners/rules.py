"""Keys of partner systems and the signatures of tills: how they are made, and what is refused."""

import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from infra.refusal import Kind, Refusal

WINDOW = timedelta(seconds=300)  # how far a till's clock may be off
NONCES_KEPT = timedelta(seconds=600)  # both ends of the window: no signature outlives the memory of its nonce

SECRET = "maison_live_"  # noqa: S105 - what secrets start with, so that scanners find them
SIGNING = "maison_sign_"

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM = 43  # characters of 62 kinds: 256 bits
_CHECK = 6
_NONCE = re.compile(r"^[A-Za-z0-9_-]{16,64}$")
_SIGNATURE = re.compile(r"^v1=[0-9a-f]{64}$")
_CLIENT_ID = re.compile(r"^([a-z0-9][a-z0-9-]{0,31})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$")


class InvalidClient(Refusal):
    """Unknown client_id, wrong secret, or a partner that is closed; `error` is RFC 6749's word for it."""

    kind = Kind.UNAUTHENTICATED
    slug = "invalid-client"
    en = "client_id or client_secret is not right."
    zh = "client_id 或 client_secret 不正确。"

    def __init__(self) -> None:
        super().__init__(error="invalid_client")


class UnsupportedGrant(Refusal):
    """Only client_credentials is offered here."""

    kind = Kind.INVALID
    slug = "unsupported-grant-type"
    en = "Only grant_type client_credentials is offered."
    zh = "仅支持 client_credentials 授权方式。"

    def __init__(self) -> None:
        super().__init__(error="unsupported_grant_type")


class SignatureInvalid(Refusal):
    """A till's write whose signature is missing, wrong, too old, or was seen before: which of them is not said."""

    kind = Kind.UNAUTHENTICATED
    slug = "signature-invalid"
    en = "The request's signature is missing, wrong, too old or already used. Sign it anew and check the till's clock."
    zh = "请求签名缺失、错误、过期或已使用，请重新签名并检查收银机时钟。"


class TooManyKeys(Refusal):
    """Two keys can live at a time: the old one and the one that replaces it."""

    kind = Kind.CONFLICT
    slug = "too-many-keys"
    en = "Two keys are in use already. Close one first."
    zh = "已有两个有效密钥，请先停用其中一个。"


def signature(secret: str, *, method: str, target: str, body: bytes, timestamp: str, nonce: str) -> str:
    """The value of `Maison-Signature`.

    HMAC-SHA256, keyed with the signing secret as it was handed out, over five lines joined by a line feed: the method
    in capitals; `target`, the path and, if there is one, `?` and the query, as they stand in the request; the SHA-256
    of the body's bytes in small hex; `timestamp`, seconds since 1970; the nonce.
    """
    signed = "\n".join([method, target, hashlib.sha256(body).hexdigest(), timestamp, nonce])
    return "v1=" + hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def require_in_time(timestamp: str, *, now: datetime) -> None:
    """Raise SignatureInvalid for a timestamp that is none, or more than 300 seconds away."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= len("99999999999")):
        raise SignatureInvalid
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise SignatureInvalid


def require_form(*, nonce: str, given: str) -> None:
    """Raise SignatureInvalid for a nonce or a signature that cannot be one."""
    if not _NONCE.match(nonce) or not _SIGNATURE.match(given):
        raise SignatureInvalid


def require_one_of(given: str, expected: Iterable[str]) -> None:
    """Raise SignatureInvalid unless it is one of these; a comparison takes the same time wherever they differ."""
    if not any(hmac.compare_digest(given.encode(), one.encode()) for one in expected):
        raise SignatureInvalid


def is_secret(text: str, prefix: str) -> bool:
    """Could this be one of ours? Saves the look-up of what was mistyped."""
    if not text.startswith(prefix) or len(text) != len(prefix) + RANDOM + _CHECK:
        return False
    random, check = text[len(prefix) : -_CHECK], text[-_CHECK:]
    return check == checksum(random)


def digest(secret: str) -> bytes:
    """What is stored of a secret. 256 random bits need no slow hash: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def read_client_id(text: str) -> tuple[str, str] | None:
    """The brand and the partner's id in a client_id; None for what cannot be one."""
    match = _CLIENT_ID.match(text)
    return (match[1], match[2]) if match else None


def checksum(random: str) -> str:
    """Six characters of the CRC32, by which a scanner tells a key from chance."""
    number, digits = zlib.crc32(random.encode("utf-8", "replace")), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
