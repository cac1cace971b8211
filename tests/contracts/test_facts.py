"""Publisher and consumers are held to one sample of each fact, so that neither can drift from the other."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gateway
import services
from infra.eventlog import asyncapi
from infra.eventlog.facts import Fact, Slice

SAMPLES = Path(__file__).parent / "facts"
# What may never be told on the log, in any spelling of a field.
PERSONAL = {
    "name",
    "display",
    "phone",
    "email",
    "openid",
    "unionid",
    "birthday",
    "address",
    "comment",
    "note",
    "text",
    "words",
}
PLACES = {"name_zh", "name_en"}  # a boutique's name is no person's


def _modules() -> Iterator[str]:
    for root in (services, gateway):
        for module in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
            if ".migrations" not in module.name:
                yield module.name


def _below(kind: type[Any]) -> list[type[Any]]:
    found = []
    for child in kind.__subclasses__():
        if child.__module__.startswith(("services.", "gateway.")):
            found.append(child)
        found += _below(child)
    return found


for _name in _modules():
    importlib.import_module(_name)
FACTS: dict[str, type[Fact]] = {fact.type: fact for fact in _below(Fact)}
SLICES: list[type[Slice]] = _below(Slice)


def sample(kind: str) -> dict[str, Any]:
    path = SAMPLES / f"{kind}.json"
    assert path.exists(), f"{kind} has no sample in tests/contracts/facts"
    data: dict[str, Any] = json.loads(path.read_text())
    return data


def test_every_sample_belongs_to_a_fact() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(FACTS)


@pytest.mark.parametrize("kind", sorted(FACTS))
def test_the_publisher_says_exactly_what_the_sample_says(kind: str) -> None:
    data = sample(kind)
    fact = FACTS[kind].model_validate(data)
    assert json.loads(fact.model_dump_json()) == data


@pytest.mark.parametrize("read", SLICES, ids=lambda read: f"{read.__module__}.{read.__name__}")
def test_every_consumer_can_read_the_sample(read: type[Slice]) -> None:
    assert read.type in FACTS, f"nobody announces {read.type}"
    read.model_validate(sample(read.type))


@pytest.mark.parametrize("kind", sorted(FACTS))
def test_a_fact_tells_nothing_personal(kind: str) -> None:
    for field in FACTS[kind].model_fields:
        assert field in PLACES or field.startswith("has_") or not PERSONAL & set(field.split("_")), field


@pytest.mark.parametrize("kind", sorted(FACTS))
def test_a_fact_is_named_by_its_service(kind: str) -> None:
    owner = FACTS[kind].__module__.split(".")
    assert kind.startswith((owner[1] if owner[0] == "services" else owner[0]) + ".")


def test_the_generated_pages_say_what_the_code_announces() -> None:
    facts = asyncapi.facts_of(["services", "gateway"])
    samples = {fact.type: sample(fact.type) for fact in facts}
    assert {fact.type for fact in facts} == set(FACTS)
    docs = Path(__file__).parents[2] / "docs"
    again = "run `make facts` and look at what changed"
    assert json.loads((docs / asyncapi.DOCUMENT).read_text()) == asyncapi.document(facts, samples), again
    assert (docs / asyncapi.PAGE).read_text() == asyncapi.page(facts, samples), again
