"""The processes while they run: started, awaited, watched, started again, replaced, stopped."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from suite.launcher import state
from suite.launcher.instances import Instance, end
from suite.launcher.listeners import Listener
from suite.launcher.obstacles import NotReadyInTime, Obstacle, ProcessDied, StoppedMeanwhile
from suite.launcher.postgres import tail
from suite.launcher.processes import Process

READY = 60  # seconds from start to ready
STEADY = 60  # seconds after which a process counts as healthy again
LONGEST_PAUSE = 30.0  # seconds between two attempts to start a process again
_LOOK = 0.2  # seconds between two looks


def pause(failures: int) -> float:
    """Seconds to wait before the next attempt, after this many deaths in a row: 0.5, 1, 2, ... 30."""
    return min(LONGEST_PAUSE, 0.5 * 2.0 ** min(failures - 1, 10))


@dataclass
class Children:
    """All processes of the suite on this machine. `say` hears what a person should know."""

    processes: Sequence[Process]
    logs: Path
    say: Callable[[str], None]
    changed: Callable[[Mapping[str, state.Child]], None] = lambda _: None
    _children: dict[str, Instance] = field(default_factory=dict)
    # Coming or going: not watched, but seen from outside, and stopped with the others.
    _passing: dict[str, Instance] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None
    # Whoever looks after a child, or puts another one in its place, has its turn.
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _replacing: threading.Lock = field(default_factory=threading.Lock)
    _untold: bool = False

    def start(self) -> None:
        """Start every instance, without waiting for any; raises OSError where one cannot be."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for process in self.processes:
            listener = Listener(process.host, process.port)
            for name in process.names:
                child = Instance(name, process, listener, self.logs / f"{process.name}.log")
                self._children[name] = child
                child.start()
                # At once: killed in the middle, the next launcher must find those that run already.
                self._tell()

    def await_ready(self, progress: Callable[[str], None]) -> None:
        """Wait until each answers its probe; `progress` hears each name. Raises ProcessDied or NotReadyInTime."""
        self._await(list(self._children.values()), progress)

    def _await(self, children: Sequence[Instance], progress: Callable[[str], None]) -> None:
        waiting = list(children)
        deadline = time.monotonic() + READY
        while waiting:
            for child in list(waiting):
                if not child.alive():
                    code = child.running.returncode if child.running else None
                    what = f"{child.name} ended at start (exit status {code}):\n{tail(child.log)}"
                    raise ProcessDied(what, f"Its whole log is {child.log}; `maison doctor` checks the configuration.")
                if child.ready():
                    waiting.remove(child)
                    progress(child.name)
            if self._stopping.is_set():
                raise _stopped()
            if waiting and time.monotonic() > deadline:
                child = waiting[0]
                what = f"{child.name} was not ready after {READY} seconds:\n{tail(child.log)}"
                raise NotReadyInTime(what, f"Its whole log is {child.log}; a slow machine may need a second start.")
            time.sleep(_LOOK)

    def watch(self) -> None:
        """From now on, start a process again when it dies, and say so. The others go on."""
        self._watcher = threading.Thread(target=self._look, name="watch", daemon=True)
        self._watcher.start()

    def _look(self) -> None:
        while not self._stopping.wait(_LOOK):
            for name in list(self._children):
                with self._turn:
                    child = self._children.get(name)
                    try:
                        if child is not None:
                            self._attend(child)
                    except OSError as fault:
                        # A full disk, no more processes: it may pass, and the watching must outlive it.
                        self._put_off(self._children[name], fault)
            if self._untold:
                self._tell()

    def _attend(self, child: Instance) -> None:
        now = time.monotonic()
        if child.alive():
            if child.failures and now - child.began > STEADY:
                child.failures = 0
            return
        if child.running is not None:
            code, child.running = child.running.returncode, None
            child.failures += 1
            child.again_at = now + pause(child.failures)
            self._let_go(child)
            self.say(
                f"{child.name} ended (exit status {code}); started again in {pause(child.failures):g} s."
                f" `maison logs {child.process.name}` shows why."
            )
        if now >= child.again_at and not self._stopping.is_set():
            child.start()
            child.restarts += 1
            self._tell()

    def _let_go(self, child: Instance) -> None:
        """Nobody will accept for a while, once it has died twice and has no living sibling: refuse callers at once."""
        siblings = (*self._children.values(), *self._passing.values())
        if child.failures > 1 and not any(one.listener is child.listener and one.alive() for one in siblings):
            child.listener.close()

    def _put_off(self, child: Instance, fault: OSError) -> None:
        child.failures += 1
        child.again_at = time.monotonic() + pause(child.failures)
        why = f"{child.name} could not be started ({fault.strerror})"
        self.say(f"{why}; tried again in {pause(child.failures):g} s")

    def names(self, process: str) -> list[str]:
        """The instances of a process."""
        return [name for name, child in self._children.items() if child.process.name == process]

    def replace(self, name: str) -> None:
        """Put a new instance in the place of this one, which ends only when the new one is ready.

        Raises Obstacle, and the old one goes on, when the new one does not become ready.
        """
        with self._replacing:
            if self._stopping.is_set():
                raise _stopped()
            old = self._children[name]
            if old.process.alone:
                self._renew(old)
            else:
                self._relieve(old)
            self._passing.clear()
            self._tell()

    def _relieve(self, old: Instance) -> None:
        new = old.successor()
        self._passing[f"{old.name}-next"] = new
        try:
            _start(new)
            self._tell()
            self._await([new], lambda _: None)
        except Obstacle:
            end([new], self.say)
            self._passing.clear()
            self._tell()
            raise
        with self._turn:
            self._children[old.name] = new
        self._passing[f"{old.name}-last"] = old
        del self._passing[f"{old.name}-next"]
        self._tell()
        end([old], self.say)

    def _renew(self, old: Instance) -> None:
        # Never two at once. Callers wait meanwhile, for the listener stays open.
        new = old.successor()
        with self._turn:
            end([old], self.say)
            self._children[old.name] = new
            _start(new)
            self._tell()
        self._await([new], lambda _: None)

    def stop(self) -> None:
        """Ask all to end; kill those that do not.

        First the one that started last, which is the gateway: nothing new comes in, and what is under way is still
        answered, for the services end only after it.
        """
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        # A replacement under way sees that we stop, and comes back.
        with self._replacing:
            all_of_them = [*self._children.values(), *self._passing.values()]
        last = [child for child in all_of_them if child.process is self.processes[-1]]
        for together in (last, [child for child in all_of_them if child not in last]):
            for child in together:
                child.listener.close()
            end(together, self.say)

    def _tell(self) -> None:
        everyone = {**self._children, **self._passing}
        told = {name: child for name, one in everyone.items() if (child := one.told()) is not None}
        try:
            self.changed(told)
        except OSError as fault:
            if not self._untold:
                self.say(f"what runs now could not be written down ({fault.strerror}); `maison status` shows it later")
            self._untold = True
        else:
            self._untold = False


def _start(child: Instance) -> None:
    try:
        child.start()
    except OSError as fault:
        what = f"{child.name} could not be started ({fault.strerror})"
        raise ProcessDied(what, "`maison doctor` looks why.") from None


def _stopped() -> StoppedMeanwhile:
    return StoppedMeanwhile("the suite is being stopped", "`maison up` starts it again.")
