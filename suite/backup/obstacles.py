"""What can stand in the way of a backup or a restore, besides what stands in the way of a start."""

from suite.launcher.obstacles import Obstacle


class NothingToBackUp(Obstacle):
    """The suite was never started here."""


class BackupFailed(Obstacle):
    """The copy could not be made, or is not what it should be."""


class NoCopyingHere(Obstacle):
    """The house's own PostgreSQL cannot be copied from here."""


class NotABackup(Obstacle):
    """The folder is not a backup of ours."""


class BackupDamaged(Obstacle):
    """The backup is not what its manifest says."""


class BackupUnfit(Obstacle):
    """The backup is whole, but not for this suite: another PostgreSQL, another machine, a newer Maison."""


class OtherKeys(Obstacle):
    """The keys here do not open what the backup holds."""


class KeyFileRefused(Obstacle):
    """The key file cannot be written there, or is none."""


class TombstonesUnreadable(Obstacle):
    """The file that remembers who was erased is damaged."""


class RestoreRefused(Obstacle):
    """It is not for this command to put these databases back."""


class RestoreFailed(Obstacle):
    """The restored databases did not stand up; the replaced ones are back."""
