"""The suite's way in: the gateway's API over HTTP, signed in as a person, a till or a partner."""

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from suite.launcher.obstacles import Obstacle

_PATIENCE = 30.0  # seconds a caller bears with a gateway that asks to come back later


class Refused(Obstacle):
    """The gateway said no: the status, the problem's type, and its sentence."""

    def __init__(self, status: int, kind: str, sentence: str, body: Any) -> None:
        super().__init__(f"{status} {kind}: {sentence}", "`maison logs` shows what the services wrote about it.")
        self.status = status
        self.kind = kind
        self.body = body


class Away(Obstacle):
    """Nobody answers at the gateway, or what was asked got no answer and may not be asked twice."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"nobody answers at {address}", "`maison status` shows what is up; `make up` starts the suite."
        )


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
    entrance: tuple[str, dict[str, str]] | None = None  # how it signed in, and does again when its token runs out
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
        form = {"username": username, "password": password, "brand": brand}
        return cls(address, entrance=("/v1/auth/staff", form)).enter()

    @classmethod
    def pos(cls, address: str, till: Till) -> "Door":
        """Sign in a till."""
        form = {"client_id": till.client_id, "client_secret": till.client_secret}
        entrance = ("/v1/auth/token", {"grant_type": "client_credentials", **form})
        return cls(address, till=till, entrance=entrance).enter()

    def enter(self) -> Self:
        """Sign in by its entrance; lets go of the connections when that fails."""
        try:
            self._renew()
        except Obstacle:
            self.close()
            raise
        return self

    def _take(self, tokens: Any) -> None:
        self.token = tokens["access_token"]
        self.refresh_token = tokens.get("refresh_token")

    def _renew(self) -> None:
        self.token = None
        # Rather than with a refresh token: a refresh whose answer was lost has used its token up.
        if self.entrance is not None:
            self._take(self.call("POST", *self.entrance))
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

        503 and 429 are tried again after Retry-After, for half a minute. A lost connection does not say whether the
        request was done, so only what can be asked twice is: a GET, and what carries an Idempotency-Key.
        """
        content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        give_up, renewed = time.monotonic() + _PATIENCE, False
        while True:
            try:
                answer = self._send(method, path, content, key, headers or {})
            except httpx.TransportError:
                if (method != "GET" and key is None) or time.monotonic() > give_up:
                    raise Away(self.address) from None
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
