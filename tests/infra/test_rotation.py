"""New keys while everything runs: who signs with what, who believes it, and until when."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import keys
from infra.crypto import Keyring
from infra.files import Watched, write_whole
from infra.identity import LIFETIME, Caller, Role, Signer, Verifier
from infra.keys import AHEAD, AT_ONCE, JWKS, OVERLAP, Kind, RotationUnderWay, rotate
from infra.refusal import Unauthenticated
from infra.rings import Ring
from tests.asking import until

NOW = datetime(2026, 5, 20, 6, 0, tzinfo=UTC)
PRIVACY = Caller("wen", Role.PRIVACY, "lumiere")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.create(tmp_path)
    return tmp_path


def began(kind: Kind = Kind.SIGNING) -> datetime:
    """When to rotate for the new key to be used from now on."""
    return datetime.now(UTC) - AHEAD[kind]


def ring(folder: Path, kind: Kind, service: str = "gateway") -> Ring:
    return Ring.read(json.loads((folder / f"{service}.json").read_text())[kind.value])


def kids(folder: Path) -> set[str]:
    """The keys that are published inside."""
    return {key["kid"] for key in json.loads((folder / JWKS).read_text())["keys"]}


def believes(verifier: Verifier, token: str) -> bool:
    try:
        return verifier.verify(token) == PRIVACY
    except Unauthenticated:
        return False


@given(st.sets(st.integers(0, 60)), st.integers(0, 5))
def test_whatever_a_key_signs_is_believed_as_long_as_it_lives(rotations: set[int], ahead: int) -> None:
    ring, minute, signed = Ring({"first": b""}), timedelta(minutes=1), dict[datetime, str]()
    for passed in range(90):
        now = NOW + passed * minute
        if passed in rotations and not ring.is_turning(now):
            ring = ring.turned(f"{passed}", b"", now=now, begins_at=now + ahead * minute, overlap=OVERLAP)
        signed[now] = ring.current(now)
        assert all(kid in ring.believed(now) for at, kid in signed.items() if now - at <= LIFETIME)


def test_a_ring_survives_being_written_and_one_from_before_rotation_is_read(folder: Path) -> None:
    rotate(folder, now=NOW)
    one = ring(folder, Kind.OUTER)
    assert Ring.read(json.loads(json.dumps(one.written()))) == one
    assert Ring.read({"kid": "old", "private": "AAAA"}) == Ring({"old": b"\0\0\0"})
    assert Ring.read({"current": 1, "keys": {"1": "AAAA"}}) == Ring({"1": b"\0\0\0"})


def test_nothing_of_a_key_is_said_when_its_holder_is_printed(folder: Path) -> None:
    keyring = Keyring.load(folder / "profile.json")
    assert repr(keyring) == "Keyring(current=1)"
    assert "keys" not in repr(ring(folder, Kind.SIGNING))


def test_a_new_signing_key_is_known_to_all_before_anybody_signs_with_it(folder: Path) -> None:
    signer, verifier = Signer.load(folder / "gateway.json"), Verifier("profile", folder / JWKS)
    old, before = signer.kid, kids(folder)
    told = rotate(folder, now=datetime.now(UTC), kinds=[Kind.SIGNING])
    assert len(kids(folder)) == 2 * len(before)
    assert {one.service for one in told} == set(keys.ISSUERS)
    again = Signer.load(folder / "gateway.json")
    assert again.kid == signer.kid == old
    assert believes(verifier, again.sign(PRIVACY, audience="profile"))


async def test_running_processes_change_keys_without_a_restart(folder: Path) -> None:
    signer, verifier = Signer.load(folder / "gateway.json"), Verifier("profile", folder / JWKS)
    early, old = signer.sign(PRIVACY, audience="profile"), signer.kid
    rotate(folder, now=began(), kinds=[Kind.SIGNING])

    async def changed() -> bool:
        return signer.kid != old

    await until(changed, seconds=3)
    assert believes(verifier, signer.sign(PRIVACY, audience="profile"))
    assert believes(verifier, early)  # what was signed before lives as long as it was promised


async def test_an_old_key_ends_at_the_promised_moment_by_itself(folder: Path) -> None:
    (folder / "copy.json").write_text((folder / "gateway.json").read_text())
    old, verifier = Signer.load(folder / "copy.json"), Verifier("profile", folder / JWKS)
    [ends_at] = {
        one.ends_at for one in rotate(folder, now=began() - OVERLAP + timedelta(seconds=2), kinds=[Kind.SIGNING])
    }
    assert ends_at is not None

    async def refused() -> bool:
        return not believes(verifier, old.sign(PRIVACY, audience="profile"))

    assert not await refused()
    await until(refused, seconds=5)
    assert timedelta(0) <= datetime.now(UTC) - ends_at < timedelta(seconds=1)
    # The next rotation leaves it out.
    kid = old.kid
    rotate(folder, now=datetime.now(UTC), kinds=[Kind.SIGNING])
    assert kid not in kids(folder)
    assert kid not in ring(folder, Kind.SIGNING).keys


async def test_a_stolen_key_ends_in_five_seconds_and_nobody_signs_with_it_any_more(folder: Path) -> None:
    (folder / "copy.json").write_text((folder / "gateway.json").read_text())
    stolen, verifier = Signer.load(folder / "copy.json"), Verifier("profile", folder / JWKS)
    signer, began_at = Signer.load(folder / "gateway.json"), datetime.now(UTC)
    rotate(folder, now=began_at, kinds=[Kind.SIGNING], at_once=True)

    async def refused() -> bool:
        assert believes(verifier, signer.sign(PRIVACY, audience="profile"))  # all the while
        return not believes(verifier, stolen.sign(PRIVACY, audience="profile"))

    await until(refused, seconds=8)
    assert datetime.now(UTC) - began_at < AT_ONCE + timedelta(seconds=1)


def test_a_second_rotation_waits_for_the_first_unless_a_key_was_stolen(folder: Path) -> None:
    now = datetime.now(UTC)
    rotate(folder, now=now)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    with pytest.raises(RotationUnderWay):
        rotate(folder, now=now + timedelta(minutes=1))
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    rotate(folder, now=now + timedelta(minutes=1), at_once=True)
    at = now + timedelta(minutes=2)
    for kind in (Kind.SIGNING, Kind.OUTER):
        assert list(ring(folder, kind).believed(at)) == [ring(folder, kind).current(at)]
    rotate(folder, now=now + timedelta(minutes=3))


def test_two_who_rotate_at_once_take_turns(folder: Path) -> None:
    now = datetime.now(UTC)

    def attempt(_: int) -> bool:
        try:
            rotate(folder, now=now)
        except RotationUnderWay:
            return False
        return True

    with ThreadPoolExecutor(8) as together:
        assert sum(together.map(attempt, range(8))) == 1
    assert len(ring(folder, Kind.FIELDS, "profile").keys) == 2


def test_what_an_old_version_sealed_stays_readable_and_is_found_by_the_same_index(folder: Path) -> None:
    keyring = Keyring.load(folder / "profile.json")
    sealed, blind = keyring.seal("identity", "value", 7, "13800138000"), keyring.blind("phone", "13800138000")
    for version in (2, 3):
        rotate(folder, now=datetime.now(UTC), kinds=[Kind.FIELDS], at_once=True)
        again = Keyring.load(folder / "profile.json")
        assert again.current == version
        assert again.open("identity", "value", 7, sealed) == "13800138000"
        assert again.blind("phone", "13800138000") == blind
        assert again.seal("identity", "value", 7, "text")[1:3] == version.to_bytes(2, "big")


def test_a_version_another_process_uses_already_is_looked_for_before_a_seal_is_called_broken(folder: Path) -> None:
    here = Keyring.load(folder / "profile.json")
    rotate(folder, now=began(Kind.FIELDS), kinds=[Kind.FIELDS])
    sealed = Keyring.load(folder / "profile.json").seal("identity", "value", 7, "text")
    assert sealed[1:3] == b"\x00\x02"
    assert here.open("identity", "value", 7, sealed) == "text"


def test_field_keys_turned_again_before_they_are_used_seal_on_and_none_of_them_is_lost(folder: Path) -> None:
    keyring, now = Keyring.load(folder / "profile.json"), datetime.now(UTC)
    early = Keyring.load(folder / "profile.json")
    rotate(folder, now=now, kinds=[Kind.FIELDS])
    early.follow(at_once=True)
    assert sorted(early.keys) == [1, 2]
    rotate(folder, now=now, kinds=[Kind.FIELDS], at_once=True)
    for running in (keyring, early):
        running.follow(at_once=True)
        assert running.seal("identity", "value", 7, "text")[1:3] == b"\x00\x03"
    # A machine whose clock is ahead may have sealed with the second already.
    assert sorted(keyring.keys) == sorted(early.keys) == [1, 2, 3]


def test_a_keyring_takes_over_every_ring_that_its_file_says_also_one_of_as_many_keys(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"

    def say(*versions: str) -> None:
        ring = Ring({version: bytes(32) for version in versions})
        write_whole(file, json.dumps({"index": "AAAA", "fields": ring.written()}))

    say("1", "2")
    keyring = Keyring.load(file)
    say("1", "3")
    keyring.follow(at_once=True)
    assert keyring.seal("identity", "value", 7, "text")[1:3] == b"\x00\x03"


def test_key_files_stay_private_when_they_are_rotated(folder: Path) -> None:
    rotate(folder, now=NOW)
    for name in keys.ISSUERS:
        assert (folder / f"{name}.json").stat().st_mode & 0o077 == 0


async def test_a_file_that_cannot_be_read_leaves_what_was_known(tmp_path: Path) -> None:
    file = tmp_path / "number"
    file.write_text("1")
    watched = Watched(file, int)
    write_whole(file, "two")
    assert watched.look() == 1
    file.unlink()
    assert watched.look() == 1
    write_whole(file, "3")
    assert watched.look() == 3
