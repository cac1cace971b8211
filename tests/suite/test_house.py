"""The demo house as it is kept on this machine."""

from pathlib import Path

import pytest

from suite.door import Till
from suite.house import FILE, Account, House, NobodyOfThatName


def test_a_house_is_read_as_it_was_kept_and_only_by_its_owner(tmp_path: Path) -> None:
    accounts = [Account("admin", "secret", "headquarters", "梅园")]
    house = House("lumiere", "http://gateway", "http://sandbox", accounts, Till("id", "secret", "signing"))
    house.keep(tmp_path)
    assert House.of(tmp_path) == house
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_somebody_the_house_does_not_know_is_an_obstacle_that_names_who_there_is() -> None:
    house = House("lumiere", "http://gateway", "http://sandbox", [Account("admin", "secret", "headquarters", "")])
    with pytest.raises(NobodyOfThatName, match="called somebody") as unknown:
        house.staff("somebody")
    assert "admin" in unknown.value.advice
