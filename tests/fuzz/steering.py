"""Where chance is led: real ids into requests, callers of every role in turn, a key of its own for each request."""

import hashlib
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from schemathesis import Case, HookContext
from schemathesis.auths import AuthContext
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import BaseSchema

from gateway.app import SERVICES
from infra.identity import Caller, Role
from tests.asking import BRAND
from tests.fuzz.house import GATEWAY, MERGED, House, person
from tests.fuzz.seeds import Seeds

REAL = 0.75  # how often an id is one that exists
TAKEN = 0.25  # how often a time asked for is one that a visit has
PERMITTED = 0.93  # how often the caller's role is one that the operation opens to
# Bodies and queries name some ids otherwise than the pools do.
ALSO = {"other_client_id": "client_id", "drop": "pin", "order": "pin", "assignee_id": "advisor_id", "code": "skill"}
DAYS = 15  # ahead, in which times are asked for


def steer(schema: BaseSchema, house: House, seeds: Seeds, name: str) -> None:
    """Lead what this schema generates into the house behind `name`."""

    @schema.hook
    def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
        del context
        chance = _chance(case)
        for location, values in (
            (ParameterLocation.PATH, case.path_parameters),
            (ParameterLocation.QUERY, case.query),
            (ParameterLocation.BODY, case.body),
        ):
            if not _negative(case, location):
                _fill(values, seeds, chance)
        if not _negative(case, ParameterLocation.HEADER) and case.headers is not None:
            if "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = _digest(case)
            for match in ("If-Match", "if-match"):
                if match in case.headers and chance.random() < REAL:
                    case.headers[match] = chance.choice(["*", "*", "*", '"1"', '"2"'])
        return case

    class Asking:
        """A caller for each request: mostly one whom the operation opens to."""

        def get(self, case: Case[Any], context: AuthContext) -> str | None:
            caller = _caller(context.operation.definition.raw, seeds, _chance(case), name)
            return house.token(caller, name) if caller else None

        def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
            del context
            case.headers["Authorization"] = f"Bearer {data}"

    schema.auth.auth(refresh_interval=None)(Asking)


def _negative(case: Case[Any], location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


def _digest(case: Case[Any]) -> str:
    asked = repr((case.operation.label, case.path_parameters, case.query, case.body))
    return hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()


def _chance(case: Case[Any]) -> random.Random:
    # Decided by what was generated, so that the same request is led the same way when it is tried again.
    return random.Random(_digest(case))


def _fill(values: Any, seeds: Seeds, chance: random.Random) -> None:
    """Put ids of the house in the place of invented ones, anywhere in a value."""
    if isinstance(values, list):
        for value in values:
            _fill(value, seeds, chance)
    if not isinstance(values, dict):
        return
    name: str
    for name, value in values.items():
        if isinstance(value, dict | list) and not (isinstance(value, list) and seeds.pool(ALSO.get(name, name))):
            _fill(value, seeds, chance)
        elif value is not None and chance.random() < REAL and (real := _real(name, value, seeds, chance)) is not None:
            values[name] = real


def _real(name: str, value: Any, seeds: Seeds, chance: random.Random) -> Any:
    if name in {"from", "to", "starts_at"}:
        # One month for both ends of a range, or they would seldom belong together.
        ahead = timedelta(days=chance.randrange(DAYS) + (DAYS if name == "to" else 0))
        ahead += timedelta(minutes=30 * chance.randrange(48))
        starts = seeds.pool("starts_at")
        if name == "starts_at" and starts and chance.random() < TAKEN:
            return chance.choice(starts)
        return (datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + ahead).isoformat()
    pool = seeds.pool(ALSO.get(name, name))
    if not pool:
        return None
    if isinstance(value, list):
        return list(dict.fromkeys(chance.choices(pool, k=min(len(value), 3))))
    real = chance.choice(pool)
    return real if isinstance(value, type(real)) else None


def _caller(operation: Mapping[str, Any], seeds: Seeds, chance: random.Random, name: str) -> Caller | None:
    roles = [Role(role) for role in operation["x-roles"] if role != "public"]
    if not roles:
        return None
    if operation["x-service"] == GATEWAY or name == MERGED:
        roles = [role for role in roles if role is not Role.SERVICE]
        # A till signs what it writes; how, tests/gateway tries. Here its writes would all end at the signature.
        roles = [role for role in roles if role is not Role.POS] or roles
    role = chance.choice(roles) if chance.random() < PERMITTED else chance.choice(list(seeds.callers))
    if role is Role.SERVICE:
        issuer = chance.choice([GATEWAY, *(one for one in SERVICES if one != name)])
        return Caller(issuer, Role.SERVICE, BRAND)
    return chance.choice(seeds.callers.get(role) or [person(role)])
