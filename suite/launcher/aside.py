"""The cluster that a restore replaces: put aside, put back unless the new one was kept, then kept under a name."""

import shutil
from datetime import datetime
from pathlib import Path

# In the data folder of a suite that was restored: it is nobody's demonstration, and is not filled.
MARK = "restored.json"

_CLUSTER = "cluster"
_ASIDE = "cluster.aside"


def swap(folder: Path, new: Path) -> None:
    """Put a new cluster in the old one's place. Until `settle` is called the old one may come back."""
    # Where there was none, an empty folder says so.
    cluster = folder / _CLUSTER
    if cluster.exists():
        cluster.rename(folder / _ASIDE)
    else:
        (folder / _ASIDE).mkdir()
    new.rename(cluster)


def is_unsettled(folder: Path) -> bool:
    """Whether a restore was cut off in the middle."""
    return (folder / _ASIDE).exists()


def put_back(folder: Path) -> bool:
    """Undo a swap that was not settled; answers whether there was one. The server must be stopped."""
    if not is_unsettled(folder):
        return False
    kept = folder / _ASIDE
    shutil.rmtree(folder / _CLUSTER, ignore_errors=True)
    if any(kept.iterdir()):
        kept.rename(folder / _CLUSTER)
    else:
        kept.rmdir()
    return True


def settle(folder: Path, *, now: datetime) -> Path | None:
    """The new cluster stays; answers where the replaced one is kept, if there was one."""
    kept = folder / _ASIDE
    if not any(kept.iterdir()):
        kept.rmdir()
        return None
    return kept.rename(folder / f"{_CLUSTER}.replaced-{now:%Y%m%dT%H%M%SZ}")
