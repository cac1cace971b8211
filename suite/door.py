"""The suite's way in: the gateway's API over HTTP, signed in as a person, a till or a partner."""

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

_PATIENCE = 30.0  # seconds a caller bears with a gateway that asks to come back later


class Refused(Exception):
    """The gateway said no: the status, the problem's type, and its sentence."""

    def __init__(self, status: int, kind: str, sentence: str, body: Any) -> None:
        super().__init__(f"{status} {kind}: {sentence}")
        self.status = status
        self.kind = kind
        self.body = body


class Away(Exception):
    """Nobody answers at the gateway."""


@dataclass(frozen=True)
class Till:
    """The credentials of a POS system, as `POST /v1/partners` gave them."""

    client_id: str
    client_secret: str
    signing_secret: str


def signed(till: Till, method: str, path: str, body: bytes) -> dict[str, str]:
    """The headers that prove a till's write: HMAC-SHA256 over method, path with query, body digest, time and nonce."""
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    text = "\n".join([method, path, hashlib.sha256(body).hexdigest(), timestamp, nonce])
    signature = hmac.new(till.signing_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "Maison-Key": till.client_id,
        "Maison-Timestamp": timestamp,
        "Maison-Nonce": nonce,
        "Maison-Signature": f"v1={signature}",
    }


@dataclass
class Door:
    """One signed-in caller at the gateway. Tokens are renewed as they run out; a restarting house is waited for."""

    address: str
    token: str | None = None
    refresh_token: str | None = None
    till: Till | None = None
    http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.address, timeout=30, trust_env=False, headers={"Accept-Language": "en"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()

    @classmethod
    def staff(cls, address: str, username: str, password: str, *, brand: str) -> "Door":
        """Sign in a person of the house."""
        door = cls(address)
        door._take(door.call("POST", "/v1/auth/staff", {"username": username, "password": password, "brand": brand}))
        return door

    @classmethod
    def pos(cls, address: str, till: Till) -> "Door":
        """Sign in a till."""
        door = cls(address, till=till)
        door._renew()
        return door

    def _take(self, tokens: Any) -> None:
        self.token = tokens["access_token"]
        self.refresh_token = tokens.get("refresh_token")

    def _renew(self) -> None:
        self.token = None
        if self.till is not None:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.till.client_id,
                "client_secret": self.till.client_secret,
            }
            self._take(self.call("POST", "/v1/auth/token", form))
        elif self.refresh_token is not None:
            self._take(self.call("POST", "/v1/auth/refresh", {"refresh_token": self.refresh_token}))

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path; parameters that are None are left out."""
        query = httpx.QueryParams({name: str(value) for name, value in params.items() if value is not None})
        return self.call("GET", f"{path}?{query}" if query else path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Create or act, once however often it is retried."""
        return self.call("POST", path, {} if body is None else body, key=key or secrets.token_hex(16))

    def put(self, path: str, body: Any, **headers: str) -> Any:
        """Replace."""
        return self.call("PUT", path, body, headers=headers)

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """One request until it is answered; raises Refused for a no and Away when the gateway does not answer.

        503 and 429 are tried again after Retry-After, for half a minute: a POST carries its Idempotency-Key, so it
        still acts once.
        """
        content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        give_up, renewed = time.monotonic() + _PATIENCE, False
        while True:
            try:
                answer = self._send(method, path, content, key, headers or {})
            except httpx.TransportError:
                if time.monotonic() > give_up:
                    raise Away(f"nobody answers at {self.address}; is the suite up? (`maison status`)") from None
                time.sleep(0.5)
                continue
            if answer.status_code in {429, 503} and time.monotonic() < give_up:
                time.sleep(min(5.0, float(answer.headers.get("Retry-After", "1"))))
                continue
            if answer.status_code == 401 and self.token is not None and not renewed:
                renewed = True
                self._renew()
                continue
            return _read(answer)

    def _send(self, method: str, path: str, content: bytes, key: str | None, headers: dict[str, str]) -> httpx.Response:
        sent = dict(headers)
        if content:
            sent["Content-Type"] = "application/json"
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if self.till is not None and self.token is not None and method != "GET":
            sent |= signed(self.till, method, path, content)
        return self.http.request(method, path, content=content or None, headers=sent)


def _read(answer: httpx.Response) -> Any:
    kind = answer.headers.get("content-type", "")
    body = answer.json() if answer.content and "json" in kind else answer.text
    if answer.status_code < 400:
        return body
    if isinstance(body, dict):
        sentence = str(body.get("detail") or body.get("title", ""))
        if body.get("errors"):
            sentence += " " + json.dumps(body["errors"][:5])
        raise Refused(answer.status_code, str(body.get("type", "")), sentence, body)
    raise Refused(answer.status_code, "", "not a problem document", body)
