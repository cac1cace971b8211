"""Passwords and secrets made on the first start and kept in the data folder."""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from infra.files import write_whole
from infra.provision import LOGINS

_FILE = "secrets.json"


def _password() -> str:
    return secrets.token_urlsafe(24)


# 43 characters of base64: WeChat's EncodingAESKey is a 32-byte key without its padding sign.
def _aes_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


_MADE_BY: dict[str, Callable[[], str]] = {
    "postgres": _password,
    **dict.fromkeys(LOGINS, _password),
    "first_password": _password,
    "wechat_secret": lambda: secrets.token_hex(16),
    "sms_secret_key": lambda: secrets.token_hex(16),
    "wecom_secret": lambda: secrets.token_hex(16),
    "wechat_push_token": lambda: secrets.token_hex(16),
    "wechat_push_aes_key": _aes_key,
    "wecom_push_token": lambda: secrets.token_hex(16),
    "wecom_push_aes_key": _aes_key,
}


def kept(data: Path) -> dict[str, str]:
    """All secrets by name; what is missing is made and written (mode 0600) before it is handed out."""
    path = data / _FILE
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in _MADE_BY.items() if name not in known}
    if missing:
        known |= missing
        write_whole(path, json.dumps(known, indent=1))
    return known
