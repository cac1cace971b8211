"""What becomes of each table when a client is erased: no table without a decision, none that people cannot read."""

import importlib
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.erasure import LOG, PLUMBING, Decision, Fate
from tests.infra.eventlog.builders import rows
from tests.running import Throwaway

DATABASES = {
    "maison_profile": "services.profile",
    "maison_appointments": "services.appointments",
    "maison_feedback": "services.feedback",
    "maison_recommend": "services.recommend",
    "maison_gateway": "gateway",
}
DECISIONS: dict[str, Sequence[Decision]] = {
    name: importlib.import_module(f"{package}.rights.tables").DECISIONS for name, package in DATABASES.items()
} | {"maison_log": (*LOG, *PLUMBING)}
# The log's own database has few of the tables that the others have.
WHOLE = frozenset(DATABASES)
PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"
_TABLES = """
    select relname from pg_class where relkind in ('r', 'p') and not relispartition
    and relnamespace = 'public'::regnamespace and relname not like 'alembic%'
"""
_ROW = re.compile(r"^\| (\w[\w ]*) \| `(\w+)` \| ([\w-]+) \|", re.MULTILINE)


@pytest.mark.parametrize("name", DECISIONS)
async def test_every_table_has_one_decision(postgres: Throwaway, name: str) -> None:
    there = {row["relname"] for row in await rows(postgres.urls[name], _TABLES)}
    decided = [one.table for one in DECISIONS[name]]
    assert len(decided) == len(set(decided))
    assert there <= set(decided), "decide in rights/tables, and write it into docs/privacy.md"
    assert name not in WHOLE or set(decided) == there, "these tables are no more"


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_says_which_rows_and_what_is_left_of_them(name: str) -> None:
    for one in DECISIONS[name]:
        assert one.why, one.table
        assert bool(one.hers) is (one.fate in {Fate.DELETED, Fate.UNLINKED}), one.table
        assert bool(one.sets) is (one.fate is Fate.UNLINKED), one.table


def test_the_page_says_what_the_code_does() -> None:
    said = {(where, table): fate for where, table, fate in _ROW.findall(PAGE.read_text())}
    done = {("every database", one.table): one.fate.value for one in PLUMBING}
    done |= {("the log", one.table): one.fate.value for one in LOG}
    for name in DATABASES:
        where = name.removeprefix("maison_")
        done |= {(where, one.table): one.fate.value for one in DECISIONS[name] if one not in PLUMBING}
    assert said == done
