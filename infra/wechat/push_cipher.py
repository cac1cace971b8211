"""The signatures and the encryption of pushes (message push, "safe mode")."""

import base64
import binascii
import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from infra.wechat.errors import PushForged

RANDOM = 16  # bytes before the length
LENGTH = 4  # bytes, big-endian, before the message
# PKCS#7 over 32-byte blocks, though AES works on 16: ordinary unpadders refuse half of the messages.
BLOCK = 32
KEY_TEXT = 43  # characters of an EncodingAESKey


def sign(*parts: str) -> str:
    """sha1 in hex over the sorted parts: token, timestamp, nonce, and in safe mode the Encrypt text."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


class PushCipher:
    """AES-256-CBC under an EncodingAESKey, with the account's id at the end of every message."""

    def __init__(self, encoding_aes_key: str, appid: str) -> None:
        if len(encoding_aes_key) != KEY_TEXT:
            msg = f"an EncodingAESKey has {KEY_TEXT} characters"
            raise ValueError(msg)
        key = base64.b64decode(encoding_aes_key + "=")
        self._cipher = Cipher(AES(key), CBC(key[:16]))
        self._appid = appid.encode()

    def encrypt(self, message: str, *, random: bytes | None = None) -> str:
        """The Encrypt text of a message; `random` is 16 bytes, fresh ones unless given."""
        text = message.encode()
        plain = (random or secrets.token_bytes(RANDOM)) + len(text).to_bytes(LENGTH, "big") + text + self._appid
        pad = BLOCK - len(plain) % BLOCK
        cipher = self._cipher.encryptor()
        return base64.b64encode(cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()).decode()

    def decrypt(self, encrypted: str) -> str:
        """The message in an Encrypt text; raises PushForged unless it is whole and meant for our account."""
        try:
            cipher = self._cipher.decryptor()
            padded = cipher.update(base64.b64decode(encrypted, validate=True)) + cipher.finalize()
        except (ValueError, binascii.Error):
            raise PushForged from None
        pad = padded[-1] if padded else 0
        if not 1 <= pad <= BLOCK or len(padded) < RANDOM + LENGTH + pad:
            raise PushForged
        plain = padded[RANDOM:-pad]
        end = LENGTH + int.from_bytes(plain[:LENGTH], "big")
        if plain[end:] != self._appid:
            raise PushForged
        try:
            return plain[LENGTH:end].decode()
        except UnicodeDecodeError:
            raise PushForged from None
