"""What the commands of `maison log` do and show; each answers whether all is well."""

from collections.abc import Callable, Sequence
from typing import Any

from suite.eventlog.inside import SERVICES, Inside, ServiceAway
from suite.launcher import screen
from suite.launcher.obstacles import Obstacle
from suite.launcher.settings import LauncherSettings

_PARKED = ("id", "position", "brand", "fact", "about", "why", "attempts", "parked at")
_STATUS = ("service", "in the log", "waiting", "oldest", "taken up to", "behind", "parked", "relay", "follower", "")


class NoSuchService(Obstacle):
    """No service of the house has this name."""


class NoSuchId(Obstacle):
    """No id of a parked fact looks like that."""


def named(name: str | None) -> Sequence[str]:
    """One service, or all; raises NoSuchService."""
    if name is None:
        return SERVICES
    if name not in SERVICES:
        raise NoSuchService(f"there is no service called {name}", f"Its services: {', '.join(SERVICES)}.")
    return (name,)


def status(settings: LauncherSettings) -> bool:
    """How every service stands at the log."""
    rows, advice, is_well = [], dict[str, str](), True
    with Inside(settings) as inside:
        for name in SERVICES:
            try:
                told = inside.get(name, "status")
            except ServiceAway as away:
                is_well = False
                rows.append([name, *[""] * (len(_STATUS) - 2), "away"])
                advice[away.what] = away.advice
                continue
            rows.append(_row(told))
            for finding in told["findings"]:
                is_well = False
                advice[finding["kind"]] = finding["en"]
    screen.table("The event log", _STATUS, rows)
    for kind, sentence in advice.items():
        screen.warn(f"{kind}: {sentence}")
    return is_well


def _row(told: dict[str, Any]) -> list[str]:
    source, follower = told["source"], told["follower"]
    leases = {lease["name"].partition(":")[0]: lease for lease in told["leases"]}
    kinds = ", ".join(finding["kind"] for finding in told["findings"])
    return [
        told["service"],
        f"{_or_dash(source['in_log'])} of {source['numbered']}",
        str(source["waiting"]),
        _seconds(source["oldest_waiting_seconds"]),
        f"{follower['position']} of {_or_dash(follower['head'])}",
        f"{_or_dash(follower['behind_facts'])} facts, {_seconds(follower['behind_seconds']) or '- s'}",
        str(follower["parked"]),
        _holder(leases.get("relay")),
        _holder(leases.get("follower")),
        kinds or _compared(told["reconciliation"]),
    ]


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _holder(lease: dict[str, Any] | None) -> str:
    if lease is None:
        return "never"
    return f"epoch {lease['epoch']}" if lease["is_held"] else "nobody"


def _compared(verdict: dict[str, Any] | None) -> str:
    return "fine" if verdict is None else f"fine; {verdict['compared']} facts reconciled at {_minute(verdict)}"


def _minute(verdict: dict[str, Any]) -> str:
    return str(verdict["checked_at"])[:16].replace("T", " ") + " UTC"


def parked(settings: LauncherSettings, name: str | None) -> bool:
    """What is parked, and why."""
    wanted, rows, is_well = named(name), [], True
    with Inside(settings) as inside:
        for service in wanted:
            try:
                found = _parked(inside, service)
            except ServiceAway as away:
                screen.refuse(away)
                is_well = False
                continue
            rows += [_parked_row(service, one) for one in found]
    if not rows:
        if is_well:
            screen.done("nothing is parked")
        return is_well
    screen.table("Parked facts", _PARKED, rows)
    screen.warn("`maison log retry ID` tries a fact again, with all that wait behind it; `--all` tries everything")
    return False


def _parked(inside: Inside, service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = inside.get(service, "parked", limit="100", **after)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        after = {"cursor": page["next_cursor"]}


def _parked_row(service: str, one: dict[str, Any]) -> list[str]:
    why = one["reason"] if one["is_culprit"] else "waits behind another"
    at = str(one["parked_at"])[:19].replace("T", " ")
    about = [str(one[part]) for part in ("position", "brand_id", "type", "aggregate")]
    return [f"{service}-{one['id']}", *about, why, str(one["attempts"]), at]


def retry(settings: LauncherSettings, ids: Sequence[str], *, everything: bool) -> bool:
    """Try parked facts again."""
    done = left = 0
    with Inside(settings) as inside:
        if everything:
            # One of each aggregate: the others are tried with it.
            wanted = {
                (service, one["brand_id"], one["aggregate"]): one["id"]
                for service in SERVICES
                for one in reversed(_parked(inside, service))
            }
            pairs = [(service, number) for (service, _, _), number in wanted.items()]
        else:
            pairs = [parked_id(one) for one in ids]
        for service, number in pairs:
            told = inside.post(service, f"parked/{number}/retry")
            done += told["took_effect"]
            left += told["still_parked"]
    screen.done(f"{done} facts took effect")
    if left:
        screen.warn(f"{left} are still parked: `maison log parked` shows why, `maison logs` what the service wrote")
    return left == 0


def parked_id(value: str) -> tuple[str, int]:
    """The service and its own number in an id such as profile-3; raises NoSuchId."""
    service, _, number = value.rpartition("-")
    if service not in SERVICES or not number.isascii() or not number.isdigit():
        raise NoSuchId(
            f"{value} is not the id of a parked fact", "`maison log parked` shows the ids, such as profile-3."
        )
    return service, int(number)


def replay(settings: LauncherSettings, name: str) -> bool:
    """Fill the projections of one service anew."""
    named(name)
    with Inside(settings) as inside, screen.Bars() as bars:
        told = inside.work(name, "replay", _bar(bars, f"replaying {name}"))
    rows = [
        [
            table["name"],
            str(table["rows_before"]),
            table["hash_before"],
            str(table["rows"]),
            table["hash"],
            "identical" if table["hash"] == table["hash_before"] else "changed",
        ]
        for table in told["tables"]
    ]
    screen.table(f"Tables of {name}", ("table", "rows before", "hash before", "rows", "hash", ""), rows)
    screen.done(f"{told['facts']} facts read, {told['taken']} of them taken again")
    return True


def refill(settings: LauncherSettings, name: str | None) -> bool:
    """Let what the log has lost be appended again."""

    def one(inside: Inside, service: str, show: Callable[[int, int], None]) -> bool:
        told = inside.work(service, "refill", show)
        if told["again"]:
            moved = f", {told['moved']} of them from behind a gap" if told["moved"] else ""
            screen.done(f"{service}: {told['kept']} facts are there, {told['again']} are appended again{moved}")
        else:
            screen.done(f"{service}: all {told['kept']} facts are there")
        return True

    is_well = _each(settings, name, "refilling", one)
    if is_well:
        screen.say("The relays append by themselves; `maison log status` shows when nothing waits any more.")
    return is_well


def verify(settings: LauncherSettings, name: str | None) -> bool:
    """Look at every fact of the log."""

    def one(inside: Inside, service: str, show: Callable[[int, int], None]) -> bool:
        told = inside.work(service, "verify", show)
        counted = (
            f"{told['facts']} facts of {told['aggregates']} aggregates, {told['compared']} compared with the outbox"
        )
        if not told["damage"]:
            screen.done(f"{service}: {counted}")
            return True
        screen.warn(f"{service}: {counted}")
        for damage in told["damage"]:
            screen.warn(f"  {damage['kind']}: {damage['count']} ({', '.join(damage['examples'])})")
        return False

    is_well = _each(settings, name, "verifying", one)
    if not is_well:
        screen.say("`maison log refill` puts back what the outboxes keep; for the rest there is `maison restore`.")
    return is_well


def _each(
    settings: LauncherSettings,
    name: str | None,
    doing: str,
    one: Callable[[Inside, str, Callable[[int, int], None]], bool],
) -> bool:
    """Do it for one service or for all; what stands in the way at one does not keep the others from it."""
    is_well = True
    with Inside(settings) as inside:
        for service in named(name):
            try:
                with screen.Bars() as bars:
                    is_well = one(inside, service, _bar(bars, f"{doing} {service}")) and is_well
            except Obstacle as obstacle:
                screen.refuse(obstacle)
                is_well = False
    return is_well


def _bar(bars: screen.Bars, text: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if total:  # nothing is known of it yet
            bars.show(text, done, total)

    return show
