"""The filled demo house on this machine: where its doors are and who may go through them."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.files import write_whole
from infra.settings import WebUrl, load
from suite.door import Door, Till
from suite.launcher.obstacles import Obstacle
from suite.launcher.settings import LauncherSettings

FILE = "demo-house.json"


class TillSettings(BaseSettings):
    """The till of a house of your own, as `POST /v1/partners` gave it; without it the demo house's till is used."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore", frozen=True)

    public_url: WebUrl = "http://127.0.0.1:8700"
    till_client_id: str = ""
    till_client_secret: str = ""
    till_signing_secret: str = ""


def any_till() -> Door:
    """Sign in the till of the settings, or else the demo house's; raises HouseMissing when there is neither."""
    own = load(TillSettings)
    if not own.till_client_id:
        return House.of_this_machine().till()
    return Door.pos(own.public_url, Till(own.till_client_id, own.till_client_secret, own.till_signing_secret))


class StaffSettings(BaseSettings):
    """Somebody at headquarters of a house of your own; without it the demo house's headquarters is used."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore", frozen=True)

    public_url: WebUrl = "http://127.0.0.1:8700"
    staff_username: str = ""
    staff_password: str = ""
    staff_brand: str = ""


def any_staff() -> Door:
    """Sign in the person of the settings, or else the demo house's headquarters; raises HouseMissing."""
    own = load(StaffSettings)
    if not own.staff_username:
        return House.of_this_machine().staff("headquarters")
    return Door.staff(own.public_url, own.staff_username, own.staff_password, brand=own.staff_brand)


class HouseMissing(Obstacle):
    """There is no filled demo house in the data folder."""


class NobodyOfThatName(Obstacle):
    """The house has no account of this name."""


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in at the console's API."""

    username: str
    password: str
    role: str
    place: str  # the boutique or region, for people to read


@dataclass
class House:
    """One brand with its people, as the demo filled it. It is written once, when the house is complete."""

    brand: str
    gateway: str
    sandbox: str
    accounts: list[Account] = field(default_factory=list)
    till_keys: Till | None = None
    boutiques: list[dict[str, Any]] = field(default_factory=list)  # as the directory answers them
    advisors: list[dict[str, Any]] = field(default_factory=list)  # as the directory answers them
    experiences: dict[str, str] = field(default_factory=dict)  # code -> experience_id

    @classmethod
    def of(cls, data: Path) -> "House | None":
        """The house in a data folder; None while it is not filled, or only in part."""
        path = data / FILE
        if not path.exists():
            return None
        kept = json.loads(path.read_text())
        kept["accounts"] = [Account(**account) for account in kept["accounts"]]
        kept["till_keys"] = Till(**kept["till_keys"])
        return cls(**kept)

    @classmethod
    def of_this_machine(cls) -> "House":
        """The house of the running suite; raises HouseMissing."""
        settings = load(LauncherSettings)
        house = cls.of(settings.data)
        if house is None:
            raise HouseMissing(
                f"there is no filled demo house in {settings.data}", "`make up` fills one, unless MAISON_DEMO is false."
            )
        return house

    def keep(self, data: Path) -> None:
        """Write it down for the next start, readable by its owner only, for it holds passwords."""
        write_whole(data / FILE, json.dumps(asdict(self), indent=1, ensure_ascii=False))

    def staff(self, username: str) -> Door:
        """Sign in one of its people; raises NobodyOfThatName."""
        for account in self.accounts:
            if account.username == username:
                return Door.staff(self.gateway, username, account.password, brand=self.brand)
        known = ", ".join(account.username for account in self.accounts)
        raise NobodyOfThatName(f"nobody in the demo house is called {username}", f"Its people: {known or 'none yet'}.")

    def till(self) -> Door:
        """Sign in its till."""
        if self.till_keys is None:
            raise HouseMissing("the demo house has no till", "`maison reset`, then `make up`.")
        return Door.pos(self.gateway, self.till_keys)
