"""Which account runs PostgreSQL: initdb refuses root, so root hands it to an unprivileged one."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NOBODY = 65534


@dataclass(frozen=True)
class Account:
    """Who runs a program; None means: whoever started us."""

    uid: int | None = None
    gid: int | None = None

    def popen(self) -> dict[str, Any]:
        """The arguments that make subprocess run a program as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or an empty folder to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, folder: Path) -> bool:
        """Whether the account can walk down to a folder inside this one (which need not exist yet)."""
        if self.uid is None:
            return True
        existing = [place for place in (folder, *folder.parents) if place.exists()]
        return all(place.stat().st_mode & 0o001 for place in existing)


def unprivileged() -> Account:
    """Ourselves; or, when we are root, `nobody` (uid and gid 65534 where the system has no such name)."""
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(_NOBODY, _NOBODY)
    return Account(nobody.pw_uid, nobody.pw_gid)
