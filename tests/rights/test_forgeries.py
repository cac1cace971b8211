"""Only exactly right tokens are believed, inside and outside: the same corpus at both doors."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.identity.models.tokens import AUDIENCE, OuterKeys
from gateway.identity.models.tokens import TYPE as OUTER
from infra import keys
from infra.identity import LEEWAY, LIFETIME, Role, Signer, Verifier
from infra.identity import TYPE as INNER
from infra.ids import new_id
from infra.refusal import Unauthenticated
from tests.rights.forging import Forge

ISSUER = "https://maison.test"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.create(tmp_path)
    return tmp_path


def claims(issuer: str, audience: str, **more: object) -> dict[str, object]:
    now = int(time.time())
    ids = {"client_id": str(new_id()), "boutique_ids": [str(new_id())]}
    who = {"iss": issuer, "aud": audience, "sub": "lin", "role": "privacy", "brand": "lumiere", **ids}
    return {**who, "iat": now, "exp": now + int(LIFETIME.total_seconds()), **more}


def inner(folder: Path) -> tuple[Forge, Verifier]:
    signer = Signer.load(folder / "gateway.json")
    forge = Forge(INNER, signer.kid, signer.key, claims("gateway", "profile"))
    return forge, Verifier("profile", folder / keys.JWKS)


def outer(folder: Path) -> tuple[Forge, OuterKeys]:
    held = OuterKeys.load(folder / "gateway.json", issuer=ISSUER)
    said = claims(ISSUER, AUDIENCE, sid=str(new_id()))
    return Forge(OUTER, held.current, held.keys[held.current], said), held


def is_believed_inside(verifier: Verifier, token: str) -> bool:
    try:
        return verifier.verify(token).role is Role.PRIVACY
    except Unauthenticated:
        return False


def is_believed_outside(held: OuterKeys, token: str, *, now: datetime | None = None) -> bool:
    try:
        return held.read(token, now=now or datetime.now(UTC)).caller.role is Role.PRIVACY
    except Unauthenticated:
        return False


def test_no_forgery_is_believed_inside(folder: Path) -> None:
    forge, verifier = inner(folder)
    assert is_believed_inside(verifier, forge.token())
    believed = [name for name, token in forge.forgeries() if is_believed_inside(verifier, token)]
    assert believed == []


def test_no_forgery_is_believed_outside(folder: Path) -> None:
    forge, held = outer(folder)
    assert is_believed_outside(held, forge.token())
    believed = [name for name, token in forge.forgeries() if is_believed_outside(held, token)]
    # Without a session there is nothing that could be ended.
    assert believed == []
    for sid in (None, "", "x", 1):
        assert not is_believed_outside(held, forge.claiming(sid=sid)), sid


def test_a_token_of_one_door_is_none_at_the_other(folder: Path) -> None:
    forge, held = outer(folder)
    inside, verifier = inner(folder)
    assert not is_believed_inside(verifier, forge.token())
    assert not is_believed_outside(held, inside.token())
    # Not even with the other's type, issuer and audience, for the keys are not the same.
    dressed = Forge(INNER, forge.kid, forge.key, inside.claims)
    assert not is_believed_inside(verifier, dressed.token())
    dressed = Forge(OUTER, inside.kid, inside.key, forge.claims)
    assert not is_believed_outside(held, dressed.token())


def test_only_the_gateway_vouches_for_somebody_else(folder: Path) -> None:
    _, verifier = inner(folder)
    for issuer in (name for name in keys.ISSUERS if name != "gateway"):
        signer = Signer.load(folder / f"{issuer}.json")
        for iss in (issuer, "gateway"):
            forge = Forge(INNER, signer.kid, signer.key, claims(iss, "profile"))
            assert not is_believed_inside(verifier, forge.token()), (issuer, iss)
            for role in Role:
                pretended = forge.claiming(role=role.value, sub="somebody")
                with pytest.raises(Unauthenticated):
                    verifier.verify(pretended)


def test_an_expired_token_lives_as_long_inside_as_clocks_may_differ_and_no_longer(folder: Path) -> None:
    forge, verifier = inner(folder)
    now, leeway, life = int(time.time()), int(LEEWAY.total_seconds()), int(LIFETIME.total_seconds())
    for ago, is_good in ((leeway - 2, True), (leeway + 1, False)):
        assert is_believed_inside(verifier, forge.claiming(iat=now - ago - life, exp=now - ago)) is is_good
    for ahead, is_good in ((leeway - 2, True), (leeway + 3, False)):
        assert is_believed_inside(verifier, forge.claiming(iat=now + ahead, exp=now + ahead + life)) is is_good
        assert is_believed_inside(verifier, forge.claiming(nbf=now + ahead)) is is_good


def test_an_expired_token_is_none_outside_to_the_second(folder: Path) -> None:
    forge, held = outer(folder)
    expires_at = datetime.fromtimestamp(int(json.loads(json.dumps(forge.claims["exp"]))), UTC)
    assert is_believed_outside(held, forge.token(), now=expires_at - timedelta(seconds=1))
    assert not is_believed_outside(held, forge.token(), now=expires_at)
