"""Everything that looks like a token and is none."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.identity.models.tokens import AUDIENCE, LIFETIME, OuterKeys
from infra.identity import Role
from infra.ids import new_id
from tests.asking import BRAND, Clock, problem
from tests.gateway.build import NOW, Gateway
from tests.gateway.conftest import Start

Forge = Callable[[Gateway], str]


def _claims(gateway: Gateway, **changed: Any) -> dict[str, Any]:
    claims = {
        "iss": gateway.exchange.keys.issuer,
        "aud": AUDIENCE,
        "sub": str(new_id()),
        "sid": str(new_id()),
        "role": "headquarters",
        "brand": BRAND,
        "iat": NOW,
        "exp": NOW + LIFETIME,
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _forged(
    gateway: Gateway, *, header: dict[str, Any] | None = None, keys: OuterKeys | None = None, **changed: Any
) -> str:
    keys = keys or gateway.exchange.keys
    headers = {"typ": "at+jwt", "kid": keys.current, **(header or {})}
    headers = {name: value for name, value in headers.items() if value is not None}
    return jwt.encode(_claims(gateway, **changed), keys.keys[keys.current], algorithm="EdDSA", headers=headers)


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _by_hand(gateway: Gateway, header: str, sign: Callable[[bytes], bytes]) -> str:
    claims = _claims(gateway, iat=int(NOW.timestamp()), exp=int((NOW + LIFETIME).timestamp()))
    signed = f"{_b64(header.encode())}.{_b64(json.dumps(claims).encode())}"
    return f"{signed}.{_b64(sign(signed.encode()))}"


def _hs256(gateway: Gateway, encoding: Encoding, form: PublicFormat) -> str:
    keys = gateway.exchange.keys
    secret = keys.keys[keys.current].public_key().public_bytes(encoding, form)
    header = json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": keys.current})
    return _by_hand(gateway, header, lambda signed: hmac.new(secret, signed, hashlib.sha256).digest())


def _none(gateway: Gateway) -> str:
    header = json.dumps({"alg": "none", "typ": "at+jwt", "kid": gateway.exchange.keys.current})
    return _by_hand(gateway, header, lambda _: b"")


def _duplicate_alg(gateway: Gateway) -> str:
    keys = gateway.exchange.keys
    header = f'{{"alg":"EdDSA","alg":"none","typ":"at+jwt","kid":"{keys.current}"}}'
    return _by_hand(gateway, header, keys.keys[keys.current].sign)


def _foreign(gateway: Gateway) -> str:
    """Signed with a stranger's key under our own kid."""
    keys = gateway.exchange.keys
    stranger = OuterKeys(keys.issuer, keys.current, {keys.current: Ed25519PrivateKey.generate()})
    return _forged(gateway, keys=stranger)


def _swapped(gateway: Gateway) -> str:
    header, _, signature = _forged(gateway).split(".")
    other = _forged(gateway, role="group").split(".")[1]
    return f"{header}.{other}.{signature}"


CORPUS: dict[str, Forge] = {
    "alg none": _none,
    "HS256 keyed with the raw public key": lambda g: _hs256(g, Encoding.Raw, PublicFormat.Raw),
    "HS256 keyed with the PEM public key": lambda g: _hs256(g, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "HS256 keyed with the DER public key": lambda g: _hs256(g, Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "HS256 keyed with the SSH public key": lambda g: _hs256(g, Encoding.OpenSSH, PublicFormat.OpenSSH),
    "two algorithms": _duplicate_alg,
    "another's key": _foreign,
    "another payload": _swapped,
    "unknown kid": lambda g: _forged(g, header={"kid": "nobody"}),
    "no kid": lambda g: _forged(g, header={"kid": None}),
    "kid is a list": lambda g: _by_hand(g, '{"alg":"EdDSA","typ":"at+jwt","kid":["a"]}', lambda _: b"x"),
    "wrong typ": lambda g: _forged(g, header={"typ": "JWT"}),
    "inner typ": lambda g: _forged(g, header={"typ": "inner+jwt"}),
    "unknown crit": lambda g: _forged(g, header={"crit": ["x"], "x": 1}),
    "wrong audience": lambda g: _forged(g, aud="profile"),
    "audience is a list with another": lambda g: _forged(g, aud=["profile", "feedback"]),
    "no audience": lambda g: _forged(g, aud=None),
    "wrong issuer": lambda g: _forged(g, iss="gateway"),
    "issuer with a tail": lambda g: _forged(g, iss=g.exchange.keys.issuer + "x"),
    "no issuer": lambda g: _forged(g, iss=None),
    "expired": lambda g: _forged(g, exp=NOW),
    "no expiry": lambda g: _forged(g, exp=None),
    "expiry is text": lambda g: _forged(g, exp="tomorrow"),
    "expiry beyond the calendar": lambda g: _forged(g, exp=10**18),
    "no session": lambda g: _forged(g, sid=None),
    "session is no id": lambda g: _forged(g, sid="x"),
    "unknown role": lambda g: _forged(g, role="owner"),
    "a service's role": lambda g: _forged(g, role="service"),
    "no brand": lambda g: _forged(g, brand=None),
    "client_id is no id": lambda g: _forged(g, client_id="x"),
    "boutique_ids is a number": lambda g: _forged(g, boutique_ids=1),
    "garbage": lambda _: "garbage",
    "dots": lambda _: "..",
    "empty": lambda _: "",
    "very long": lambda g: _forged(g, filler="x" * 10_000),
    "deep": lambda _: _b64(b"[" * 5000) + ".e30.e30",
}


async def test_no_token_of_the_corpus_opens_the_door(gateway: Start) -> None:
    running = await gateway()
    good = await running.client(_forged(running)).get("/v1/accounts")
    assert good.status_code == 200, good.text
    for name, forge in CORPUS.items():
        answer = await running.client().get("/v1/accounts", headers={"Authorization": f"Bearer {forge(running)}"})
        assert answer.status_code == 401, name
        assert problem(answer) == "unauthenticated"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_without_its_scheme_is_none(gateway: Start) -> None:
    running = await gateway()
    for scheme in ("", "Basic ", "Token ", "Bearer"):
        answer = await running.client().get("/v1/accounts", headers={"Authorization": scheme + running.token()})
        assert problem(answer) == "unauthenticated"


async def test_two_authorization_headers_are_none(gateway: Start) -> None:
    running = await gateway()
    pairs = [("Authorization", f"Bearer {running.token()}"), ("Authorization", f"Bearer {running.token()}")]
    answer = await running.client().get("/v1/accounts", headers=pairs)
    assert problem(answer) == "unauthenticated"


async def test_an_inner_token_does_not_work_outside(gateway: Start) -> None:
    running = await gateway()
    verified = running.exchange.verify(running.token(), now=NOW)
    answer = await running.client(running.exchange.inner(verified, "gateway")).get("/v1/accounts")
    assert problem(answer) == "unauthenticated"


async def test_a_token_that_was_good_is_none_ten_minutes_later(gateway: Start) -> None:
    clock = Clock(NOW)
    running = await gateway(clock=clock)
    caller = running.client(running.token())
    assert (await caller.get("/v1/accounts")).status_code == 200
    clock.now += LIFETIME - timedelta(seconds=1)
    assert (await caller.get("/v1/accounts")).status_code == 200
    clock.advance(seconds=1)
    assert problem(await caller.get("/v1/accounts")) == "unauthenticated"


async def test_every_key_is_published_and_an_old_one_still_believed(gateway: Start) -> None:
    running = await gateway()
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    keys = OuterKeys("https://maison.example", "new", {"old": old, "new": new})
    assert [one["kid"] for one in keys.jwks(now=NOW)["keys"]] == ["old", "new"]
    token = OuterKeys("https://maison.example", "old", {"old": old}).sign(
        running.exchange.verify(running.token(Role.PRIVACY), now=NOW).caller, session_id=new_id(), now=NOW
    )
    assert keys.read(token, now=NOW).caller.role is Role.PRIVACY

    answer = await running.client().get("/.well-known/jwks.json")
    published = jwt.PyJWKSet.from_dict(answer.json())
    header = jwt.get_unverified_header(running.token())
    assert header["alg"] == "EdDSA"
    claims = jwt.decode(
        running.token(Role.PRIVACY),
        published[header["kid"]].key,
        algorithms=["EdDSA"],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["role"] == "privacy"
    assert '"d"' not in answer.text
