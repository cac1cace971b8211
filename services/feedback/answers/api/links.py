"""The page behind a survey link: public, for whoever holds the link; answered once."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import ValidationError

from infra import problems
from infra.app import Kit, Now, OfKit, router
from infra.identity import public
from infra.openapi import refuses
from infra.refusal import Malformed, NotFound, Refusal, UnsupportedMediaType
from services.feedback.answers import actions, queries
from services.feedback.answers.api import page
from services.feedback.answers.rules import AnswerDoesNotFit, Reply
from services.feedback.answers.schemas import AnswerForm, LinkView, ReceivedView, ReplyForm
from services.feedback.invitations.rules import brand_of, digest

routes = router(prefix="")

LARGEST = 256 * 1024  # bytes of an answer
FORM = "application/x-www-form-urlencoded"

_HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
# Who reads pages gets a page; for a form that does not fit, the page again.
_REFUSES = refuses(404, 410, 422, content=_HTML)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["answers"],
                    "additionalProperties": False,
                    "properties": {
                        "answers": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 20,
                            "items": ReplyForm.model_json_schema(),
                        }
                    },
                },
                "example": {
                    "answers": [{"question_id": "visit", "score": 9}, {"question_id": "why", "text": "很满意"}]
                },
            },
            FORM: {"schema": {"type": "object", "additionalProperties": {"type": "string"}}},
        },
    }
}


@routes.get("/s/{token}", responses={200: {"model": LinkView, "content": _HTML}, **_REFUSES})
@public
async def link(token: str, request: Request, kit: OfKit, now: Now) -> Response:
    """Show the survey behind a link, as a page or, when JSON is asked for, as JSON. Looking does not use it up."""
    try:
        asked = await _behind(token, kit, now)
    except Refusal as no:
        return _refused(request, no)
    if _wants_json(request):
        return JSONResponse(asked.model_dump(mode="json"), headers=page.HEADERS)
    return HTMLResponse(page.asking(asked, language=_language(request)), headers=page.HEADERS)


@routes.post(
    "/s/{token}",
    responses={200: {"model": ReceivedView, "content": _HTML}, **_REFUSES},
    openapi_extra=_BODY,
    max_body_size=LARGEST,
)
@public
async def answer(token: str, request: Request, kit: OfKit, now: Now) -> Response:
    """Answer a survey, once: as JSON, or as the page's own form."""
    try:
        return await _answer(token, request, kit, now)
    except Refusal as no:
        return _refused(request, no)


async def _answer(token: str, request: Request, kit: Kit, now: datetime) -> Response:
    asked = await _behind(token, kit, now)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == FORM:
        given = _fields(await request.body())
        try:
            await _take(token, _of_fields(given, asked), kit, now)
        except (Malformed, AnswerDoesNotFit) as no:
            again = page.asking(asked, language=_language(request), given=given)
            return HTMLResponse(again, status_code=problems.STATUS[no.kind], headers=page.HEADERS)
        return HTMLResponse(page.thanks(language=_language(request)), headers=page.HEADERS)
    if kind != "application/json":
        raise UnsupportedMediaType
    received = await _take(token, _read(AnswerForm.model_validate_json, await request.body()), kit, now)
    return JSONResponse(received.model_dump(mode="json"), headers=page.HEADERS)


def _brand(token: str) -> str:
    brand_id = brand_of(token)
    if brand_id is None:
        raise NotFound
    return brand_id


async def _behind(token: str, kit: Kit, now: datetime) -> LinkView:
    async with kit.database.transaction(_brand(token)) as tx:
        return LinkView.model_validate(await queries.behind(tx, digest(token), now=now))


async def _take(token: str, form: AnswerForm, kit: Kit, now: datetime) -> ReceivedView:
    replies = [Reply(**reply.model_dump()) for reply in form.answers]
    async with kit.database.transaction(_brand(token)) as tx:
        answer = await actions.submit(tx, digest(token), replies, now=now)
    return ReceivedView(answered_at=answer.answered_at)


def _fields(body: bytes) -> dict[str, str]:
    """The filled fields of the page's form; raises Malformed."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Malformed from None
    if len(dict(pairs)) != len(pairs) or any("\x00" in part for pair in pairs for part in pair):
        raise Malformed
    # Browsers send line ends as CRLF, which counts double against the limit she saw.
    return {name: value.replace("\r\n", "\n").strip() for name, value in pairs if value.strip()}


def _of_fields(given: dict[str, str], asked: LinkView) -> AnswerForm:
    kinds = {question.question_id: question.kind for question in asked.questions}
    answers: list[dict[str, object]] = []
    for name, value in given.items():
        kind = kinds.get(name, "text")
        said = int(value) if kind == "score" and value.isascii() and value.isdecimal() and len(value) <= 2 else value  # noqa: PLR2004
        answers.append({"question_id": name, kind: said})
    return _read(AnswerForm.model_validate, {"answers": answers})


def _read(reader: Any, body: object) -> AnswerForm:
    try:
        form: AnswerForm = reader(body)
    except ValidationError as wrong:
        found = wrong.errors(include_input=False, include_url=False, include_context=False)
        raise problems.malformed([dict(error) for error in found]) from None
    return form


def _language(request: Request) -> str:
    return problems.language(request.headers.get("accept-language", ""))


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "json" in accepted and "text/html" not in accepted


def _refused(request: Request, no: Refusal) -> Response:
    """A page for who reads pages, a problem document for everyone else."""
    response: Response = problems.of_request(request, no)
    if "text/html" in request.headers.get("accept", ""):
        language = _language(request)
        response = HTMLResponse(
            page.closed(no.en if language == "en" else no.zh, language=language), status_code=response.status_code
        )
    response.headers.update(page.HEADERS)
    return response
