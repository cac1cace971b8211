"""Sealed fields open only where they were sealed; blind indexes tell equal from different and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import keys
from infra.crypto import Keyring, SealBrokenError

OLD = Keyring(1, {1: b"a" * 32}, b"i" * 32)
NEW = Keyring(2, {1: b"a" * 32, 2: b"b" * 32}, b"i" * 32)


@given(st.text())
def test_what_is_sealed_opens_in_its_place(text: str) -> None:
    assert OLD.open("identity", "value", 7, OLD.seal("identity", "value", 7, text)) == text


@pytest.mark.parametrize("place", [("client", "value", 7), ("identity", "note", 7), ("identity", "value", 8)])
def test_a_ciphertext_moved_elsewhere_does_not_open(place: tuple[str, str, int]) -> None:
    sealed = OLD.seal("identity", "value", 7, "13800138000")
    with pytest.raises(SealBrokenError):
        OLD.open(*place, sealed)


def test_a_changed_or_foreign_ciphertext_does_not_open() -> None:
    sealed = OLD.seal("identity", "value", 7, "13800138000")
    for broken in (
        sealed[:-1] + bytes([sealed[-1] ^ 1]),
        b"\x02" + sealed[1:],
        sealed[:1] + b"\x00\x09" + sealed[3:],
        b"",
    ):
        with pytest.raises(SealBrokenError):
            OLD.open("identity", "value", 7, broken)


def test_a_new_key_version_seals_and_the_old_one_still_opens() -> None:
    old = OLD.seal("identity", "value", 7, "text")
    assert NEW.open("identity", "value", 7, old) == "text"
    assert NEW.seal("identity", "value", 7, "text")[1:3] == b"\x00\x02"


def test_a_blind_index_depends_on_its_purpose_and_its_key() -> None:
    assert OLD.blind("phone", "+8613800138000") == OLD.blind("phone", "+8613800138000")
    assert OLD.blind("phone", "+8613800138000") != OLD.blind("phone-tail", "+8613800138000")
    assert OLD.blind("phone", "1") != Keyring(1, {1: b"a" * 32}, b"j" * 32).blind("phone", "1")


def test_key_files_are_private_and_never_overwritten(tmp_path: Path) -> None:
    keys.create(tmp_path)
    before = (tmp_path / "profile.json").read_bytes()
    keys.create(tmp_path)
    assert (tmp_path / "profile.json").read_bytes() == before
    assert (tmp_path / "profile.json").stat().st_mode & 0o077 == 0
    assert Keyring.load(tmp_path / "profile.json").current == 1
