"""The completed document: the statuses an operation's form tells, those it names itself, and the headers."""

from typing import Any

import pytest
from fastapi import FastAPI, Response

from infra.app import router
from infra.idempotency import idempotent
from infra.identity import Role, permit, public
from infra.openapi import REFUSALS, describe, refuses, tagged
from infra.wire import Form, IfMatch

routes = router()


class PieceForm(Form):
    code: str


@routes.get("/doors", responses=refuses(410))
@public
async def doors() -> None:
    """For everybody."""


@routes.get("/pieces/{code}", responses=tagged())
@permit(Role.ADVISOR)
async def piece(code: str, response: Response) -> None:
    """One piece."""


@routes.put("/pieces/{code}")
@permit(Role.ADVISOR)
async def change(code: str, form: PieceForm, if_match: IfMatch) -> None:
    """Change one."""


@routes.post("/pieces", status_code=201)
@permit(Role.ADVISOR)
@idempotent()
async def add(form: PieceForm) -> None:
    """Add one."""


ALWAYS = {"400", "422", "429", "503"}
SIGNED_IN = ALWAYS | {"401", "403"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = FastAPI()
    app.include_router(routes)
    describe(app, "pieces")
    return app.openapi()


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/v1/doors", ALWAYS | {"200", "410"}),
        ("get", "/v1/pieces/{code}", SIGNED_IN | {"200", "404"}),
        ("put", "/v1/pieces/{code}", SIGNED_IN | {"200", "404", "408", "409", "412", "413", "428"}),
        ("post", "/v1/pieces", SIGNED_IN | {"201", "408", "409", "413"}),
    ],
)
def test_every_status_is_named_and_none_besides(
    document: dict[str, Any], method: str, path: str, statuses: set[str]
) -> None:
    assert set(document["paths"][path][method]["responses"]) == statuses


def test_a_no_is_a_problem_document_with_its_headers(document: dict[str, Any]) -> None:
    for name, _, headers in REFUSALS.values():
        answer = document["components"]["responses"][name]
        assert list(answer["content"]) == ["application/problem+json"]
        assert {one.removesuffix("-Running") for one in headers} <= set(answer["headers"])
    assert document["paths"]["/v1/doors"]["get"]["responses"]["410"] == {"$ref": "#/components/responses/Gone"}


def test_a_yes_names_the_tag_and_the_replay(document: dict[str, Any]) -> None:
    def named(method: str, path: str, status: str) -> set[str]:
        return set(document["paths"][path][method]["responses"][status].get("headers", ()))

    assert named("get", "/v1/doors", "200") == set()
    assert named("get", "/v1/pieces/{code}", "200") == {"ETag"}
    assert named("put", "/v1/pieces/{code}", "200") == {"ETag"}
    assert named("post", "/v1/pieces", "201") == {"Idempotency-Replayed"}


def test_what_a_caller_must_send_is_required(document: dict[str, Any]) -> None:
    def required(method: str, path: str) -> dict[str, bool]:
        return {one["name"]: one["required"] for one in document["paths"][path][method]["parameters"]}

    assert required("put", "/v1/pieces/{code}") == {"code": True, "If-Match": True}
    assert required("post", "/v1/pieces") == {"Idempotency-Key": True}
