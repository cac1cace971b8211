"""Inner tokens: only exactly right ones are believed."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra import keys
from infra.app import UndeclaredRouteError, router
from infra.identity import TYPE, Caller, Role, Signer, Verifier
from infra.ids import new_id
from infra.refusal import Unauthenticated
from tests.asking import until

ADVISOR = Caller("lin", Role.ADVISOR, "lumiere", advisor_id=new_id(), boutique_ids=frozenset({new_id(), new_id()}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.create(tmp_path)
    return tmp_path


def verifier(folder: Path) -> Verifier:
    return Verifier("profile", folder / keys.JWKS)


def gateway(folder: Path) -> Signer:
    return Signer.load(folder / "gateway.json")


def test_a_caller_survives_the_way_through_a_token(folder: Path) -> None:
    token = gateway(folder).sign(ADVISOR, audience="profile")
    assert verifier(folder).verify(token) == ADVISOR


def test_a_token_for_another_service_is_refused(folder: Path) -> None:
    with pytest.raises(Unauthenticated):
        verifier(folder).verify(gateway(folder).sign(ADVISOR, audience="feedback"))


def test_an_operator_is_nothing_but_the_operator_and_nobody_else_is(folder: Path) -> None:
    operator = Signer.load(folder / "operator.json")
    own = Caller("operator", Role.OPERATOR, "house")
    assert verifier(folder).verify(operator.sign(own, audience="profile")) == own
    for signer in (gateway(folder), Signer.load(folder / "feedback.json")):
        for pretended in (own, replace(own, subject=signer.issuer)):
            with pytest.raises(Unauthenticated):
                verifier(folder).verify(signer.sign(pretended, audience="profile"))
    for pretended in (ADVISOR, replace(own, role=Role.SERVICE), replace(own, subject="profile")):
        with pytest.raises(Unauthenticated):
            verifier(folder).verify(operator.sign(pretended, audience="profile"))


def test_an_expired_token_is_refused(folder: Path) -> None:
    token = gateway(folder).sign(ADVISOR, audience="profile", now=datetime.now(UTC) - timedelta(minutes=11))
    with pytest.raises(Unauthenticated):
        verifier(folder).verify(token)


def test_a_service_speaks_for_itself_only(folder: Path) -> None:
    feedback = Signer.load(folder / "feedback.json")
    own = Caller("feedback", Role.SERVICE, "lumiere")
    assert verifier(folder).verify(feedback.sign(own, audience="profile")) == own
    for pretended in (ADVISOR, replace(own, subject="recommend"), replace(own, role=Role.HEADQUARTERS)):
        with pytest.raises(Unauthenticated):
            verifier(folder).verify(feedback.sign(pretended, audience="profile"))


def test_forged_tokens_are_refused(folder: Path) -> None:
    signer = gateway(folder)
    public = signer.key.public_key().public_bytes_raw()
    claims = jwt.decode(signer.sign(ADVISOR, audience="profile"), options={"verify_signature": False})
    header = {"typ": TYPE, "kid": signer.kid}
    stranger = Ed25519PrivateKey.generate()
    none = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({**header, "alg": "none"}, claims)
    )
    forged = [
        none + ".",
        jwt.encode(claims, public, algorithm="HS256", headers=header),
        jwt.encode(claims, stranger, algorithm="EdDSA", headers=header),
        jwt.encode(claims, stranger, algorithm="EdDSA", headers={**header, "kid": "unknown"}),
        jwt.encode(claims, signer.key, algorithm="EdDSA", headers={**header, "typ": "JWT"}),
        jwt.encode({**claims, "iss": "profile"}, signer.key, algorithm="EdDSA", headers=header),
        jwt.encode({**claims, "role": "emperor"}, signer.key, algorithm="EdDSA", headers=header),
        jwt.encode({**claims, "client_id": "x"}, signer.key, algorithm="EdDSA", headers=header),
        jwt.encode({**claims, "exp": None}, signer.key, algorithm="EdDSA", headers=header),
        jwt.encode({key: claims[key] for key in claims if key != "exp"}, signer.key, algorithm="EdDSA", headers=header),
        "",
        "a.b.c",
        "\x00",
    ]
    for token in forged:
        with pytest.raises(Unauthenticated):
            verifier(folder).verify(token)


def test_a_new_key_in_the_file_is_believed_without_a_restart(folder: Path) -> None:
    waiting = verifier(folder)
    for file in folder.glob("gateway.json"):
        file.unlink()
    keys.create(folder)
    assert waiting.verify(gateway(folder).sign(ADVISOR, audience="profile")) == ADVISOR


async def test_a_withdrawn_key_is_refused_without_a_restart(folder: Path) -> None:
    waiting = verifier(folder)
    (folder / "stolen.json").write_text((folder / "gateway.json").read_text())
    stolen = Signer.load(folder / "stolen.json")
    assert waiting.verify(stolen.sign(ADVISOR, audience="profile")) == ADVISOR
    (folder / "gateway.json").unlink()
    keys.create(folder)

    async def refused() -> bool:
        try:
            waiting.verify(stolen.sign(ADVISOR, audience="profile"))
        except Unauthenticated:
            return True
        return False

    await until(refused)


def test_no_token_opens_every_brand(folder: Path) -> None:
    with pytest.raises(Unauthenticated):
        verifier(folder).verify(gateway(folder).sign(replace(ADVISOR, brand_id="*"), audience="profile"))


def test_a_route_without_a_permission_stops_the_start() -> None:
    async def undeclared() -> None: ...

    with pytest.raises(UndeclaredRouteError):
        router().get("/x")(undeclared)
