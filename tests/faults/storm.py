"""Writers, relays and followers at once, and a killer among them; at the end the checker looks at what is left."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults import checker
from tests.faults.house import PUBLISHERS, SERVICES, House
from tests.faults.ledger import Ledgers
from tests.faults.program import Program

WRITERS = 2  # processes per publisher
CONNECTIONS = 4  # of each
PAIR = 2  # relays of each service, and followers
FROZEN = 4.0  # seconds: longer than a lease lasts, so that who wakes up has been deposed
STUCK = 60.0  # seconds without any progress after which what is missing is lost
_LOOK = 0.05  # seconds between two looks

# How the kills are shared out; the rest are relays. A backend takes all the server's other sessions with it.
SHARES = {"follower": 0.27, "writer": 0.15, "postgres": 0.12, "backend": 0.1}


@dataclass(frozen=True)
class Plan:
    """How much is written and killed. The killer waits for the writers' progress, they write on until it is done."""

    facts: int
    kills: int
    seed: int
    gap: float  # seconds between two kills, on average
    most: int = 20  # facts in one transaction
    pause: float = 0.0  # seconds between two transactions of one connection
    seconds: float = 3600.0  # after which it stops by itself

    def deck(self, chance: random.Random) -> list[str]:
        """Whom to kill, in a random order."""
        deck = [kind for kind, share in SHARES.items() for _ in range(max(1, round(share * self.kills)))]
        deck += ["relay"] * (self.kills - len(deck))
        chance.shuffle(deck)
        return deck[: self.kills]


@dataclass
class Told:
    """What happened."""

    verdict: checker.Verdict
    kills: Counter[str]
    frozen: int
    seconds: float
    transactions_broken: int

    def lines(self) -> list[str]:
        """For a person."""
        verdict = self.verdict
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.kills.items()))
        return [
            f"facts          {verdict.facts:>9,}",
            f"acknowledged   {verdict.acknowledged:>9,}",
            f"outcome unknown{verdict.unknown:>9,}   of which {verdict.survived:,} are there",
            f"cut off        {self.transactions_broken:>9,}   transactions whose writer lived",
            f"kills          {self.kills.total():>9,}   {kinds}; {self.frozen} halted past their lease",
            f"effects        {verdict.effects:>9,}",
            f"seconds        {self.seconds:>9,.0f}",
            *(f"{name:<52} {count:>6,}" for name, count in verdict.violations.items()),
        ]


@dataclass
class Storm:
    """One run of a plan in a house."""

    house: House
    plan: Plan
    say: Callable[[str], None]
    kills: Counter[str] = field(default_factory=Counter)
    frozen: int = 0
    fallen: list[str] = field(default_factory=list)  # programs that ended by themselves
    _groups: dict[str, list[Program]] = field(default_factory=dict)
    _asleep: dict[Program, float] = field(default_factory=dict)

    def run(self) -> Told:
        """All of it."""
        began = time.monotonic()
        self.say(f"seed {self.plan.seed}")
        ledgers = Ledgers(self.house.ledgers)
        self._begin()
        self._rage(ledgers, began)
        for writer in self._groups.pop("writer"):
            writer.stop()
        self._settle()
        for program in [*self._groups["relay"], *self._groups["follower"]]:
            program.stop()
        verdict = checker.check(self.house, ledgers)
        verdict.violations["programs that ended by themselves"] += len(self.fallen)
        return Told(verdict, self.kills, self.frozen, time.monotonic() - began, ledgers.broken)

    def _begin(self) -> None:
        options = ("--connections", str(CONNECTIONS), "--most", str(self.plan.most), "--pause", str(self.plan.pause))
        self._groups = {
            "relay": [self.house.relay(service) for service in SERVICES for _ in range(PAIR)],
            "follower": [self.house.follower() for _ in range(PAIR)],
            "writer": [
                self.house.writer(service, *options, "--seed", str(self.plan.seed * 10 + number))
                for service in PUBLISHERS
                for number in range(WRITERS)
            ],
        }

    def _rage(self, ledgers: Ledgers, began: float) -> None:
        """Kill as progress allows, until both are done or the time is over."""
        chance = random.Random(self.plan.seed)
        deck = self.plan.deck(chance)
        next_at, told_at = time.monotonic(), time.monotonic()
        while (deck or ledgers.look() < self.plan.facts) and time.monotonic() - began < self.plan.seconds:
            self._tend()
            now = time.monotonic()
            due = (len(deck) and 1 - len(deck) / self.plan.kills) * self.plan.facts
            if deck and now >= next_at and ledgers.look() >= due:
                self._strike(deck.pop(), chance)
                next_at = time.monotonic() + chance.uniform(0, 2 * self.plan.gap)
            if now - told_at > 10:
                told_at = now
                self.say(f"{now - began:6.0f} s  {self.kills.total():5,} kills  {ledgers.look():9,} facts acknowledged")
            time.sleep(_LOOK)

    def _strike(self, kind: str, chance: random.Random) -> None:
        if kind == "postgres":
            self.house.server.kill()
            time.sleep(chance.uniform(0, 0.3))
            self.house.server.start()
        elif kind == "backend":
            self.house.server.kill_one(chance)
        else:
            victim = chance.choice(self._groups[kind])
            self._asleep.pop(victim, None)
            victim.kill()
            victim.start()
        self.kills[kind] += 1
        if chance.random() < 0.1:
            self._freeze(chance.choice(self._groups[chance.choice(["relay", "follower"])]))

    def _freeze(self, program: Program) -> None:
        if program not in self._asleep and program.fell() is None:
            program.halt()
            self._asleep[program] = time.monotonic() + FROZEN
            self.frozen += 1

    def _tend(self) -> None:
        """What a supervisor does, and waking who has slept long enough."""
        for program, wakes_at in list(self._asleep.items()):
            if time.monotonic() > wakes_at:
                del self._asleep[program]
                program.go_on()
        self.house.server.tend()
        for program in [program for group in self._groups.values() for program in group]:
            if (status := program.fell()) is not None:
                self.fallen.append(program.name)
                self.say(f"{program.name} ended by itself with {status}:\n{program.output()[-2000:]}")
                program.start()

    def _settle(self) -> None:
        """Until everything has arrived, or nothing moves any more."""
        self.house.server.start()  # a backend's death may be the last thing that happened
        last, since = checker.progress(self.house), time.monotonic()
        while not checker.settled(self.house) and time.monotonic() - since < STUCK:
            self._tend()
            time.sleep(_LOOK)
            if (now := checker.progress(self.house)) != last:
                last, since = now, time.monotonic()
