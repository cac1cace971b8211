"""`maison reset`: back to before the first start."""

import shutil

from suite.launcher import leftovers, lock, machine, status, vault
from suite.launcher.postgres import Postgres
from suite.launcher.settings import LauncherSettings


def reset(settings: LauncherSettings) -> None:
    """Stop the suite and delete its data, keys and secrets. An own PostgreSQL is left as it is."""
    if not settings.data.exists():
        return
    machine.require_folder(settings.data)
    if lock.holder(settings.data) is not None:
        status.down(settings)
    with lock.held(settings.data):
        leftovers.clear(settings)
        # Its files may lie elsewhere, see suite.launcher.postgres.
        server = Postgres(settings.data, settings.port("postgres"), password=vault.kept(settings.data)["postgres"])
        server.stop_left_over()
        server.remove()
        shutil.rmtree(settings.data)
