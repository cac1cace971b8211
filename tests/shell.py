"""The shell a test run was started in, and what of it no test may see."""

import os


def forget() -> None:
    """Take the operator's own settings out of this process and all that it starts.

    Among them could be her real PostgreSQL or her real mini-programme, which would become the tests' own.
    """
    for name in [name for name in os.environ if name.startswith(("MAISON_", "OTEL_"))]:
        del os.environ[name]
