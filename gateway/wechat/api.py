"""The callbacks that WeChat and WeCom push to."""

from fastapi import Request
from fastapi.responses import PlainTextResponse

from gateway.wechat.actions.keeping import Mailbox, keep
from infra.app import Now, OfKit, router
from infra.identity import public
from infra.openapi import refuses
from infra.refusal import NotFound

routes = router(prefix="")


def _mailbox(found: Mailbox | None, account: str) -> Mailbox:
    if found is None or found.account != account:
        raise NotFound
    return found


@routes.get("/wechat/{appid}/push", response_class=PlainTextResponse, responses=refuses(403))
@public
async def check_url(appid: str, request: Request, now: Now) -> PlainTextResponse:
    """WeChat asks whether this address is ours: answer the echostr if its signature is right."""
    mailbox = _mailbox(request.app.state.mailbox, appid)
    return PlainTextResponse(mailbox.desk.check_url(request.query_params, now=now))


@routes.post("/wechat/{appid}/push", response_class=PlainTextResponse, responses=refuses(403))
@public
async def receive_push(appid: str, request: Request, kit: OfKit, now: Now) -> PlainTextResponse:
    """Take a push: verified, stored, answered. What follows from it happens afterwards."""
    mailbox = _mailbox(request.app.state.mailbox, appid)
    push = mailbox.desk.receive(request.query_params, await request.body(), now=now)
    await keep(kit.database, mailbox, push, now=now)
    return PlainTextResponse("success")


@routes.get("/wecom/{corpid}/push", response_class=PlainTextResponse, responses=refuses(403))
@public
async def check_corp_url(corpid: str, request: Request, now: Now) -> PlainTextResponse:
    """WeCom asks whether this address is ours: answer what its echostr says in clear, if its signature is right."""
    mailbox = _mailbox(request.app.state.corp_mailbox, corpid)
    return PlainTextResponse(mailbox.desk.check_url(request.query_params, now=now))


@routes.post("/wecom/{corpid}/push", response_class=PlainTextResponse, responses=refuses(403))
@public
async def receive_corp_push(corpid: str, request: Request, kit: OfKit, now: Now) -> PlainTextResponse:
    """Take a push of the corp's: verified, stored, answered. What follows from it happens afterwards."""
    mailbox = _mailbox(request.app.state.corp_mailbox, corpid)
    push = mailbox.desk.receive(request.query_params, await request.body(), now=now)
    await keep(kit.database, mailbox, push, now=now)
    return PlainTextResponse("success")
