"""What is replayed: the tables that reactions alone fill exist, stand behind the wall, and are written nowhere else."""

import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.identity.reactions import reactions as gateway
from gateway.rights.reactions import reactions as erasing_at_gateway
from gateway.wechat.reactions import REACTIONS as CORP
from infra.eventlog.reaction import Reaction
from services.appointments.availability.reactions import REACTIONS as APPOINTMENTS
from services.appointments.rights.reactions import REACTIONS as APPOINTMENTS_RIGHTS
from services.feedback.invitations.reactions import REACTIONS as INVITATIONS
from services.feedback.rights.reactions import REACTIONS as FEEDBACK_RIGHTS
from services.feedback.workorders.reactions import REACTIONS as WORKORDERS
from services.profile.books.reactions import reactions as books
from services.profile.capabilities import REACTS
from services.profile.segments.reactions import reactions as segments
from services.recommend.assortments.reactions import REACTIONS as ASSORTMENTS
from services.recommend.rights.reactions import REACTIONS as RECOMMEND_RIGHTS
from services.recommend.taste.reactions import REACTIONS as TASTE
from tests.infra.eventlog.builders import rows
from tests.running import Throwaway

ROOT = Path(__file__).resolve().parents[2]
FOLLOWERS: dict[str, list[Reaction]] = {
    "profile": [*REACTS, *segments(lambda: datetime.now(UTC)), *books(lambda: datetime.now(UTC))],
    "appointments": [*APPOINTMENTS, *APPOINTMENTS_RIGHTS],
    "feedback": [*INVITATIONS, *WORKORDERS, *FEEDBACK_RIGHTS],
    "recommend": [*TASTE, *ASSORTMENTS, *RECOMMEND_RIGHTS],
    "gateway": [*gateway(lambda: datetime.now(UTC)), *CORP, *erasing_at_gateway(lambda: datetime.now(UTC))],
}
FILLED = {
    "profile": {"advisor", "boutique", "presence", "touchpoint"},
    "appointments": {"client_alias", "client_merge", "client_owner"},
    "feedback": {"advisor", "boutique", "client_alias", "client_merge", "restriction"},
    "recommend": {"bought", "client_alias", "client_merge", "consent", "restriction", "visit"},
    "gateway": {"boutique_region", "corp_member"},
}
# Where each such table is written in SQL, apart from the ORM's statements, which name a class.
WRITTEN = {
    ("gateway", "corp_member"): {"wechat/reactions.py"},
    ("profile", "advisor"): {"books/actions/staff.py"},
    ("profile", "boutique"): {"purchases/actions/boutiques.py"},
    ("profile", "presence"): {"privacy/actions.py"},
    ("profile", "touchpoint"): {"touchpoints/actions.py"},
    ("appointments", "client_alias"): {"infra/aliases.py"},
    ("appointments", "client_merge"): {"infra/aliases.py"},
    ("feedback", "client_alias"): {"infra/aliases.py"},
    ("feedback", "client_merge"): {"infra/aliases.py"},
    ("feedback", "restriction"): {"infra/restrictions.py"},
    ("recommend", "bought"): {"taste/reactions/purchases.py"},
    ("recommend", "client_alias"): {"infra/aliases.py"},
    ("recommend", "client_merge"): {"infra/aliases.py"},
    ("recommend", "consent"): {"taste/reactions/clients.py"},
    ("recommend", "restriction"): {"infra/restrictions.py"},
    ("recommend", "visit"): {"taste/reactions/visits.py"},
}
_WRITES = re.compile(r"\b(?:insert\s+into|update|delete\s+from)\s+([a-z_]+)")


def test_these_tables_are_replayed() -> None:
    assert {
        name: {table for reaction in reactions for table in reaction.fills} for name, reactions in FOLLOWERS.items()
    } == FILLED


@pytest.mark.parametrize("name", FILLED)
async def test_they_exist_behind_the_wall(postgres: Throwaway, name: str) -> None:
    guarded = await rows(postgres.urls[f"maison_{name}"], "select relname from pg_class where relforcerowsecurity")
    assert FILLED[name] <= {row["relname"] for row in guarded}


def test_no_statement_outside_the_reactions_writes_them() -> None:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, tables in FILLED.items():
        folder = ROOT / (name if name == "gateway" else f"services/{name}")
        for path in [*folder.rglob("*.py"), *(ROOT / "infra").rglob("*.py")]:
            if "migrations" in path.parts:
                continue
            said = path.relative_to(folder if path.is_relative_to(folder) else ROOT)
            for table in set(_WRITES.findall(path.read_text())) & tables:
                found[name, table].add(str(said))
    assert found == WRITTEN
