"""Everything that looks like a token and is none, made from a real one's claims and the key that signs real ones."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Sign = Callable[[bytes], bytes]

# What an attacker with our public key (it is published) may take for a shared secret.
PUBLIC_AS_SECRET = {
    "raw": (Encoding.Raw, PublicFormat.Raw),
    "PEM": (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "DER": (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "SSH": (Encoding.OpenSSH, PublicFormat.OpenSSH),
}


@dataclass(frozen=True)
class Forge:
    """A real token's type, key and claims; times are seconds since 1970."""

    typ: str
    kid: str
    key: Ed25519PrivateKey
    claims: Mapping[str, Any]

    def token(
        self, *, sign: Sign | None = None, text: str | None = None, head: str | None = None, **header: Any
    ) -> str:
        """A token, real unless something is changed; `text` and `head` are JSON as it is to stand there."""
        named: dict[str, object] = {"alg": "EdDSA", "typ": self.typ, "kid": self.kid} | header
        named = {name: value for name, value in named.items() if value is not None}
        signed = f"{b64((head or json.dumps(named)).encode())}.{b64((text or json.dumps(self.claims)).encode())}"
        return f"{signed}.{b64((sign or self.key.sign)(signed.encode()))}"

    def claiming(self, **changed: Any) -> str:
        """A token of the right key with other claims; None leaves one out."""
        claims = {name: value for name, value in {**self.claims, **changed}.items() if value is not None}
        return self.token(text=json.dumps(claims))

    def forgeries(self) -> Iterator[tuple[str, str]]:
        """Every forgery, by name."""
        yield from self._of_algorithms()
        yield from self._of_signatures()
        yield from self._of_headers()
        yield from self._of_doubles()
        yield from self._of_claims()
        yield from self._of_shapes()

    def _of_algorithms(self) -> Iterator[tuple[str, str]]:
        for none in ("none", "None", "NONE", "nOnE"):
            yield f"alg {none}", self.token(alg=none, sign=lambda _: b"")
            yield f"alg {none} with a real signature", self.token(alg=none)
        for name, form in PUBLIC_AS_SECRET.items():
            secret = self.key.public_key().public_bytes(*form)
            for alg, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
                yield f"{alg} keyed with the {name} public key", self.token(alg=alg, sign=_hmac(secret, digest))
        yield "HS256 keyed with nothing", self.token(alg="HS256", sign=_hmac(b"", hashlib.sha256))
        others: tuple[object, ...] = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA ", "eddsa", "", None, 1, ["EdDSA"])
        for other in others:
            yield f"alg {other!r}", self.token(alg=other)

    def _of_signatures(self) -> Iterator[tuple[str, str]]:
        stranger = Ed25519PrivateKey.generate()
        yield "a stranger's key under our name", self.token(sign=stranger.sign)
        yield "no signature", self.token(sign=lambda _: b"")
        yield "a signature of zeros", self.token(sign=lambda _: bytes(64))
        yield "half a signature", self.token(sign=lambda signed: self.key.sign(signed)[:32])
        yield "a longer signature", self.token(sign=lambda signed: self.key.sign(signed) + b"\0")
        yield "a signature of something else", self.token(sign=lambda signed: self.key.sign(signed + b" "))
        yield "Ed448", self.token(sign=ed448.Ed448PrivateKey.generate().sign)
        yield "P-256", self.token(alg="ES256", sign=_p256)
        yield "P-256 called EdDSA", self.token(sign=_p256)
        header, _, signature = self.token().split(".")
        yield "another payload", ".".join((header, self.claiming(role="group").split(".")[1], signature))
        yield "another header", ".".join((self.token(cty="JWT").split(".")[0], *self.token().split(".")[1:]))

    def _of_headers(self) -> Iterator[tuple[str, str]]:
        stranger = Ed25519PrivateKey.generate()
        x = b64(stranger.public_key().public_bytes_raw())
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid}
        of_stranger: Mapping[str, object] = {
            "jwk": jwk,
            "jku": "https://attacker.example/jwks.json",
            "x5u": "https://attacker.example/chain.pem",
            "x5c": [x],
        }
        for name, value in of_stranger.items():
            for kid in (self.kid, None):
                header = {"alg": "EdDSA", "typ": self.typ, name: value} | ({"kid": kid} if kid else {})
                yield f"a stranger's key in {name}, kid {kid}", self.token(sign=stranger.sign, head=json.dumps(header))
        named: tuple[object, ...] = ("nobody", "", "../../etc/passwd", "' or 1=1 --", 0, None, ["a"], {"a": 1})
        for one in named:
            yield f"kid {one!r}", self.token(kid=one)
        for typ in ("JWT", "at+jwt", "inner+jwt", "dpop+jwt", "", None, 1):
            if typ != self.typ:
                yield f"typ {typ!r}", self.token(typ=typ)
        yield "unknown crit", self.token(crit=["x"], x=1)
        yield "crit about what is not there", self.token(crit=["exp"])
        yield "an empty crit", self.token(crit=[])
        yield "an unencoded payload", self.token(crit=["b64"], b64=False)

    def _of_doubles(self) -> Iterator[tuple[str, str]]:
        claims = json.dumps(self.claims)
        for name, value in (("role", "headquarters"), ("brand", "ombre"), ("exp", 2**40), ("sub", "somebody")):
            said = f'"{name}": {json.dumps(value)}'
            yield f"{name} twice, ours last", self.token(text="{" + said + ", " + claims[1:])
            yield f"{name} twice, ours first", self.token(text=claims[:-1] + ", " + said + "}")
        for double in (f'"alg": "none", {_member("alg", "EdDSA")}', f'{_member("alg", "EdDSA")}, "alg": "none"'):
            head = "{" + double + f", {_member('typ', self.typ)}, {_member('kid', self.kid)}" + "}"
            yield f"two algorithms: {double}", self.token(head=head)
        head = (
            "{" + f'{_member("alg", "EdDSA")}, {_member("typ", self.typ)}, "kid": "x", {_member("kid", self.kid)}' + "}"
        )
        yield "two kids", self.token(head=head)

    def _of_claims(self) -> Iterator[tuple[str, str]]:
        for name in ("iss", "aud", "sub", "role", "brand", "iat", "exp"):
            yield f"no {name}", self.claiming(**{name: None})
        wrong: Mapping[str, tuple[Any, ...]] = {
            "iss": ("", "nobody", f"{self.claims['iss']}x", [self.claims["iss"]], 1),
            "aud": ("", "nobody", f"{self.claims['aud']}x", [], ["nobody"], 1),
            "role": ("", "owner", "service", "operator", "HEADQUARTERS", ["headquarters"], 1),
            "brand": ("", "*", "Lumiere", "lumiere;ombre", "../ombre", ["lumiere"], 1),
            "exp": ("tomorrow", 10**18, self.claims["exp"] + 60, -1, [2**40], True),
            "iat": ("yesterday", -1, [1], 10**18),
            "client_id": ("x", 1, ["x"]),
            "advisor_id": ("x",),
            "region_id": ("x",),
            "boutique_ids": ("x", 1, [1], ["x"]),
        }
        for name, values in wrong.items():
            for value in values:
                yield f"{name} {value!r}", self.claiming(**{name: value})

    def _of_shapes(self) -> Iterator[tuple[str, str]]:
        token = self.token()
        header, payload, signature = token.split(".")
        yield "empty", ""
        yield "dots", ".."
        yield "garbage", "garbage"
        yield "NUL", "\x00"
        yield "two parts", f"{header}.{payload}"
        yield "four parts", f"{token}.{signature}"
        yield "five parts, as encrypted tokens have", f"{token}.{signature}.{signature}"
        yield "parts in another order", f"{payload}.{header}.{signature}"
        yield "a list for claims", self.token(text="[]")
        yield "a number for claims", self.token(text="1")
        yield "no JSON for claims", self.token(text="x")
        yield "a list for a header", self.token(head="[]")
        yield "very deep", b64(b"[" * 5000) + ".e30.e30"


def b64(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _member(name: str, value: str) -> str:
    return f"{json.dumps(name)}: {json.dumps(value)}"


def _hmac(secret: bytes, digest: Any) -> Sign:
    return lambda signed: hmac.new(secret, signed, digest).digest()


def _p256(signed: bytes) -> bytes:
    numbers = decode_dss_signature(ec.generate_private_key(ec.SECP256R1()).sign(signed, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(32, "big") for number in numbers)
