"""Is a backup for this suite, and do restored databases hold together."""

from collections.abc import Mapping

from alembic.script import ScriptDirectory

from infra import migrate, provision
from infra.database import Database
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.verify import verify
from suite.backup import manifest
from suite.backup.manifest import Manifest, Tell
from suite.backup.obstacles import BackupUnfit
from suite.launcher.processes import LOG_MIGRATIONS, PROGRAMS

_LOG = "maison_log"


def require_fit(backup: Manifest) -> None:
    """Raise BackupUnfit unless this suite, on this machine, can run on the backup."""
    if backup.server != "embedded":
        what = "this is a backup of a PostgreSQL of your own, with everything else on it"
        raise BackupUnfit(what, "Put it back on that server: docs/backup.md says how.")
    if backup.postgresql != provision.MAJOR:
        what = f"the backup is of PostgreSQL {backup.postgresql}, this suite runs {provision.MAJOR}"
        raise BackupUnfit(what, "Restore it with the version of the suite that made it, then upgrade.")
    if backup.machine != manifest.machine():
        what = f"the backup was made on {backup.machine}; this is {manifest.machine()}"
        raise BackupUnfit(what, "A physical copy is for the same kind of machine. Restore it on one.")
    for name, database in backup.databases.items():
        known = _revisions(name)
        for table, revision in database.migrations.items():
            if revision not in known.get(table, ()):
                what = f"the backup is of a newer Maison: {name} has a migration that is not known here"
                raise BackupUnfit(what, f"Install Maison {backup.maison} or newer, then restore.")


async def damage(urls: Mapping[str, str], tell: Tell) -> list[str]:
    """Hold every source's line in the log, the outboxes and the followers against one another; in words."""
    found: list[str] = []
    log = PostgresLog(urls[_LOG])
    try:
        sources = [name for name in urls if name != _LOG]
        for done, name in enumerate(sources):
            tell("checked", done, len(sources))
            source = name.removeprefix("maison_")
            database = Database(urls[name])
            try:
                verdict = await verify(database, log, source)
            finally:
                await database.dispose()
            found += [f"{source}: {one.kind} ({one.count}; {', '.join(one.examples[:3])})" for one in verdict.damage]
        tell("checked", len(sources), len(sources))
    finally:
        await log.dispose()
    return found


def _revisions(name: str) -> dict[str, set[str]]:
    """Every revision known here of a database's chains, by version table."""
    packages = {
        f"maison_{program}": made.migrations for program, made in PROGRAMS.items() if made.migrations is not None
    }
    package = LOG_MIGRATIONS if name == _LOG else packages.get(name)
    found = {}
    for chain in migrate.chains(package) if package is not None else ():
        made = migrate.config(chain)
        scripts = ScriptDirectory.from_config(made).walk_revisions()
        found[made.attributes["version_table"]] = {script.revision for script in scripts}
    return found
