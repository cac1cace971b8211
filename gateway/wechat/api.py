"""The callback that WeChat pushes to."""

from fastapi import Request
from fastapi.responses import PlainTextResponse

from gateway.wechat import actions
from gateway.wechat.actions import Mailbox
from infra.app import Now, OfKit, router
from infra.identity import public
from infra.openapi import refuses
from infra.refusal import NotFound

routes = router(prefix="")


def _mailbox(request: Request, appid: str) -> Mailbox:
    found: Mailbox | None = request.app.state.mailbox
    if found is None or found.desk.appid != appid:
        raise NotFound
    return found


@routes.get("/wechat/{appid}/push", response_class=PlainTextResponse, responses=refuses(403))
@public
async def check_url(appid: str, request: Request, now: Now) -> PlainTextResponse:
    """WeChat asks whether this address is ours: answer the echostr if its signature is right."""
    return PlainTextResponse(_mailbox(request, appid).desk.check_url(request.query_params, now=now))


@routes.post("/wechat/{appid}/push", response_class=PlainTextResponse, responses=refuses(403))
@public
async def receive_push(appid: str, request: Request, kit: OfKit, now: Now) -> PlainTextResponse:
    """Take a push: verified, stored, answered. What follows from it happens afterwards."""
    mailbox = _mailbox(request, appid)
    push = mailbox.desk.receive(request.query_params, await request.body(), now=now)
    await actions.keep(kit.database, mailbox, push, now=now)
    return PlainTextResponse("success")
