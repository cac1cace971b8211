"""What can stand in the way of a start: each says what is wrong and what to do next."""


class Obstacle(Exception):
    """The suite cannot go on. `advice` is the next thing a person should do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


class PythonTooOld(Obstacle):
    """The interpreter is older than the suite allows."""


class DiskFull(Obstacle):
    """Too little room for the data folder."""


class FolderNotWritable(Obstacle):
    """The data folder cannot be made or written."""


class FolderNotOurs(Obstacle):
    """The data folder holds things of others."""


class PortTaken(Obstacle):
    """Another program listens where a process of ours should."""


class AlreadyRunning(Obstacle):
    """A launcher holds the lock of this data folder."""


class NotRunning(Obstacle):
    """No launcher holds the lock of this data folder."""


class ProcessDied(Obstacle):
    """A process ended while it should have become ready."""


class NotReadyInTime(Obstacle):
    """A process runs, but did not become ready."""


class PostgresUnfit(Obstacle):
    """The PostgreSQL server cannot be reached or is not what the suite needs."""


class StepFailed(Obstacle):
    """A preparing step (provisioning, a migration) ended with an error."""


class StoppedMeanwhile(Obstacle):
    """The suite is being stopped while something else was asked of it."""


class RestartUnderWay(Obstacle):
    """Processes are being replaced already."""


class NoSuchProcess(Obstacle):
    """The suite has no process of this name here."""
