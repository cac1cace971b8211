"""The merged document against the apps it was made from, and the door against the document."""

import json
import re
from typing import Any

from gateway.app import DOCUMENT, SERVICES
from gateway.forward.rules import OWN, SAFE, Operation, Table, operations
from infra.identity import INSIDE, Role
from infra.ids import new_id
from suite.launcher import openapi
from tests.asking import problem
from tests.gateway.build import Upstream
from tests.gateway.conftest import Behind, Start

THROUGH = 299  # what the services behind the door answer here
MERGED: dict[str, Any] = json.loads(DOCUMENT.read_text())


def test_the_committed_document_is_what_the_apps_say() -> None:
    said = openapi.collect()
    assert MERGED["paths"].keys() == said["paths"].keys()
    assert said == MERGED, "run `make openapi` and commit gateway/openapi.json"


def test_every_operation_names_its_service_its_roles_and_only_schemas_that_exist() -> None:
    for path, methods in MERGED["paths"].items():
        for method, described in methods.items():
            assert described["x-service"] in {OWN, *SERVICES}, f"{method} {path}"
            assert described["x-roles"], f"{method} {path}"
            assert described["x-roles"] == ["public"] or {Role(role) for role in described["x-roles"]}
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', DOCUMENT.read_text()))
    assert used <= MERGED["components"]["schemas"].keys()


def test_a_models_name_says_nothing_of_the_file_it_stands_in() -> None:
    assert [name for name in MERGED["components"]["schemas"] if "__" in name] == []


def test_every_operation_behind_the_door_is_found_and_none_of_the_gateways_own() -> None:
    found = operations(MERGED)
    table = Table(found)
    for operation in found:
        match = table.find(operation.method, _address(operation).encode())
        assert match is not None
        assert match.operation is operation
    assert OWN not in {operation.service for operation in found}
    assert table.find("POST", b"/v1/auth/staff") is None


async def test_each_role_gets_through_to_the_routes_that_name_it_and_to_no_other(
    gateway: Start, behind: Behind
) -> None:
    upstream = Upstream(status=THROUGH)
    address = await behind(upstream)
    running = await gateway(document=MERGED, limit_factor=1000, **{f"{service}_url": address for service in SERVICES})
    callers = {role: running.client(running.token(role, client_id=new_id())) for role in Role if role not in INSIDE}
    wrong = []
    for operation in operations(MERGED):
        for role, caller in [(None, running.client()), *callers.items()]:
            answer = await caller.request(operation.method, _address(operation))
            got = "through" if answer.status_code == THROUGH else problem(answer)
            if got != _expected(operation, role):
                wrong.append(f"{operation.method} {operation.path} as {role}: {got}")
    assert wrong == []


def _expected(operation: Operation, role: Role | None) -> str:
    if operation.roles is not None:
        if role is None:
            return "unauthenticated"
        if role not in operation.roles:
            return "not-permitted"
    if role is Role.POS and operation.method not in SAFE:
        return "signature-invalid"
    return "through"


def _address(operation: Operation) -> str:
    return re.sub(r"\{[^}]+\}", "7", operation.path)
