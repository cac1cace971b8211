"""Files that are there whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file beside its name, then rename it: whatever is killed, the old file is there or the new one.

    It is on the disk when this returns. Raises OSError, and then the old file is still there.
    """
    partial = path.with_name(path.name + ".new")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            # One left by a crash may have had other rights.
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, UnicodeError):
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name is the folder's
    finally:
        os.close(folder)
