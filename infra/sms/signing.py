"""TC3-HMAC-SHA256, the signature of Tencent Cloud's APIs. The day in it is UTC's; the exact bytes sent are signed."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json; charset=utf-8"
SIGNED = "content-type;host"
_END = "tc3_request"


@dataclass(frozen=True)
class Secret:
    """A pair of keys of an account."""

    secret_id: str
    secret_key: str = field(repr=False)


def canonical(body: bytes, host: str, *, content_type: str = CONTENT_TYPE) -> str:
    """SHA-256 of the request in canonical form, in hex: method POST, path /, no query."""
    headers = f"content-type:{content_type}\nhost:{host}\n"
    whole = "\n".join(("POST", "/", "", headers, SIGNED, hashlib.sha256(body).hexdigest()))
    return hashlib.sha256(whole.encode()).hexdigest()


def signature(
    secret: Secret, body: bytes, *, host: str, service: str, timestamp: int, content_type: str = CONTENT_TYPE
) -> str:
    """The signature of a body sent at `timestamp` (seconds since 1970), in hex."""
    day = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
    digest = canonical(body, host, content_type=content_type)
    to_sign = "\n".join((ALGORITHM, str(timestamp), f"{day}/{service}/{_END}", digest))
    key = f"TC3{secret.secret_key}".encode()
    for part in (day, service, _END):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return hmac.digest(key, to_sign.encode(), hashlib.sha256).hex()


def authorization(secret: Secret, body: bytes, *, host: str, service: str, timestamp: int) -> str:
    """The Authorization header of a body sent at `timestamp`."""
    day = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
    signed = signature(secret, body, host=host, service=service, timestamp=timestamp)
    credential = f"{secret.secret_id}/{day}/{service}/{_END}"
    return f"{ALGORITHM} Credential={credential}, SignedHeaders={SIGNED}, Signature={signed}"
