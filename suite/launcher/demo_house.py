"""Fills the demo house on the first start. What is made is kept by suite.house; here it is only asked for."""

import importlib
from collections.abc import Callable, Mapping

from suite.door import Away, Door, Refused
from suite.house import House
from suite.launcher import processes
from suite.launcher.obstacles import StepFailed
from suite.launcher.settings import LauncherSettings

Progress = Callable[[str, int, int], None]


def filled(settings: LauncherSettings) -> House | None:
    """The demo house; None while it is not filled, or only in part."""
    return House.of(settings.data)


def fill(settings: LauncherSettings, secrets: Mapping[str, str], progress: Progress) -> None:
    """Fill the house through the gateway. Safe to repeat: a fill that was cut off goes on; raises StepFailed."""
    # Loaded here, for it takes a while and most starts do not need it.
    demo = importlib.import_module("suite.demo.fill")
    at = processes.urls(settings)
    brand, username = settings.first_administrator
    try:
        with Door.staff(at["gateway"], username, secrets["first_password"], brand=brand) as administrator:
            demo.fill(House(brand, at["gateway"], at["sandbox"]), administrator, settings.data, progress)
    except (Refused, Away) as stopped:
        what = f"the demo house could not be filled: {stopped}"
        raise StepFailed(what, "Start again: it goes on where it stopped. `maison logs` says more.") from None
