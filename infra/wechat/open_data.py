"""What a session_key proves: signatures over it, and the older encrypted open data."""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from infra.wechat.errors import OpenDataForged


def session_signature(session_key: str, body: str = "") -> str:
    """HMAC-SHA256 over `body` in lower-case hex; the key is the session_key's text as received, not decoded."""
    return hmac.new(session_key.encode(), body.encode(), hashlib.sha256).hexdigest()


def is_genuine(raw_data: str, session_key: str, signature: str) -> bool:
    """Whether `signature` (sha1 of rawData and session_key) belongs to this plain open data."""
    expected = hashlib.sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def open_data(
    session_key: str,
    iv: str,
    encrypted: str,
    *,
    appid: str,
    now: datetime,
    max_age: timedelta = timedelta(minutes=10),
) -> dict[str, object]:
    """Decrypt encryptedData (AES-128-CBC, PKCS#7, all three in base64) and check its watermark.

    Raises OpenDataForged for another session's data, another app's, or data older than `max_age`.
    """
    try:
        cipher = Cipher(AES(base64.b64decode(session_key)), CBC(base64.b64decode(iv))).decryptor()
        padded = cipher.update(base64.b64decode(encrypted)) + cipher.finalize()
        unpadder = PKCS7(128).unpadder()
        fields = json.loads(unpadder.update(padded) + unpadder.finalize())
        watermark = fields["watermark"]
        age = now.timestamp() - int(watermark["timestamp"])
    except (ValueError, binascii.Error, KeyError, TypeError):
        raise OpenDataForged from None
    if watermark.get("appid") != appid or abs(age) > max_age.total_seconds():
        raise OpenDataForged
    return dict(fields)
