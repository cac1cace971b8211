"""The facts of the client record against their golden samples."""

import json
from pathlib import Path

import pytest

from infra.eventlog.facts import Fact
from infra.eventlog.follower import Reaction
from services.profile.clients.events import ClientRegistered
from services.profile.consents.events import ConsentGiven, ConsentWithdrawn
from services.profile.identities.events import IdentitiesMerged
from services.profile.purchases.events import PurchaseClaimed, PurchaseRecorded
from services.profile.touchpoints import reactions

SAMPLES = Path(__file__).parent.parent / "contracts" / "facts"
FACTS: list[type[Fact]] = [
    ClientRegistered,
    IdentitiesMerged,
    ConsentGiven,
    ConsentWithdrawn,
    PurchaseRecorded,
    PurchaseClaimed,
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: str(fact.type))
def test_a_fact_says_exactly_what_its_sample_says(fact: type[Fact]) -> None:
    sample = json.loads((SAMPLES / f"{fact.type}.json").read_text())
    assert json.loads(fact.model_validate(sample).model_dump_json()) == sample


@pytest.mark.parametrize("reaction", reactions.REACTIONS, ids=lambda reaction: str(reaction.reads.type))
def test_the_timeline_reads_what_the_publishers_say(reaction: Reaction) -> None:
    path = SAMPLES / f"{reaction.reads.type}.json"
    if not path.exists():
        pytest.skip("its publisher has not given a sample yet")
    assert reaction.reads.model_validate(json.loads(path.read_text())) is not None
