"""Fills the demo house on the first start. What is made is kept by suite.house; here it is only asked for."""

import importlib
import time
from collections.abc import Callable, Mapping

from suite.door import Away, Door, Refused
from suite.eventlog.inside import SERVICES, Inside
from suite.house import House
from suite.launcher import processes
from suite.launcher.obstacles import StepFailed
from suite.launcher.settings import LauncherSettings

Progress = Callable[[str, int, int], None]
PATIENCE = 300  # seconds, for what the log still has to bring about; the house can be used meanwhile


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
            _heard_of(settings, progress)
    except (Refused, Away) as stopped:
        what = f"the demo house could not be filled: {stopped}"
        raise StepFailed(what, "Start again: it goes on where it stopped. `maison logs` says more.") from None


def _heard_of(settings: LauncherSettings, progress: Progress) -> None:
    """Wait until every service has taken in what the others told of it: whoever looks now sees it whole."""
    until = time.monotonic() + PATIENCE
    with Inside(settings) as inside:
        while time.monotonic() < until:
            told = [inside.get(name, "status") for name in SERVICES]
            whole = sum(one["follower"]["head"] or 0 for one in told)
            left = sum((one["follower"]["behind_facts"] or 0) + one["source"]["waiting"] for one in told)
            progress("facts that the services have heard of", max(whole - left, 0), whole)
            if not left:
                return
            time.sleep(0.2)
