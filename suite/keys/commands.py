"""`maison keys rotate`: what a person types, and what she is told."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.keys import Kind, RotationUnderWay, Turned, create, rotate
from infra.settings import load
from suite.launcher import screen
from suite.launcher.obstacles import Obstacle
from suite.launcher.settings import LauncherSettings

_FOR = {
    Kind.SIGNING: "signing, inside",
    Kind.OUTER: "signing, outside",
    Kind.FIELDS: "sealing fields",
}
_Kinds = Annotated[list[Kind] | None, typer.Argument(help="What the new keys are for; everything by default.")]
_AtOnce = Annotated[bool, typer.Option("--stolen", help="End the older signing keys in five seconds.")]


class NoKeys(Obstacle):
    """There are no key files where they should be."""


class StillTurning(Obstacle):
    """The last rotation is not over."""


def rotate_keys(kinds: _Kinds = None, *, stolen: _AtOnce = False) -> None:
    """Give every process new keys while it runs. What older keys sealed stays readable."""
    folder = load(LauncherSettings).keys
    if not folder.is_dir():
        raise NoKeys(f"there are no keys in {folder}", "`maison up` makes them.")
    create(folder)  # a key file that a newer version has added
    try:
        turned = rotate(folder, now=datetime.now(UTC), kinds=kinds or tuple(Kind), at_once=stolen)
    except RotationUnderWay:
        what = "the new keys of the last rotation are not in use yet"
        raise StillTurning(what, "Wait ten minutes, or use --stolen if a key is in wrong hands.") from None
    screen.table(
        "New keys", ("process", "for", "key", "in use from", "older ones until"), [_row(one) for one in turned]
    )
    if Kind.FIELDS in (kinds or Kind):
        screen.warn("export the keys again: what is sealed from now on does not open with older exports")
    if stolen and any(one.kind is Kind.OUTER for one in turned):
        screen.warn("whoever is signed in needs a new access token, which the refresh token gives")


def _row(turned: Turned) -> list[str]:
    ends = _said(turned.ends_at) if turned.ends_at else "for ever"
    return [turned.service, _FOR[turned.kind], turned.name, _said(turned.begins_at), ends]


def _said(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")
