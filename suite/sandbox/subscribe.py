"""Sending subscribe messages: every parameter checked, one credit spent, delivery reported afterwards by a push."""

from fastapi import APIRouter, Request

from suite.sandbox.kit import Here, Sandbox
from suite.sandbox.parameters import allowed
from suite.sandbox.templates import Template
from suite.sandbox.tokens import authorise
from suite.sandbox.wire import No, json_body, text
from suite.sandbox.world import DAY, MINUTE, Message

STATES = ("developer", "trial", "formal", "")
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW", "")


router = APIRouter()


@router.api_route("/cgi-bin/message/subscribe/send", methods=["GET", "POST"])
async def send(here: Here, request: Request) -> dict[str, str | int]:
    """Accept one message for delivery."""
    fields = await json_body(request)
    authorise(here.world, request)
    if not here.world.within("send", MINUTE, here.world.quotas.send_per_minute):
        raise No(45011)
    if not here.world.within("send", DAY, here.world.quotas.send_per_day):
        raise No(45009)
    message = _accepted(here, fields)
    _report(here, message)
    return {"errcode": 0, "errmsg": "ok", "msgid": int(message.msgid)}


def _accepted(here: Sandbox, fields: dict[str, object]) -> Message:
    world = here.world
    user = world.users.get(text(fields, "touser"))
    if user is None:
        raise No(40003)
    template = here.templates.get(text(fields, "template_id"))
    if template is None:
        raise No(40037)
    page = text(fields, "page")
    if page and world.pages is not None and page.partition("?")[0] not in world.pages:
        raise No(41030)
    data = _values(template, fields.get("data"))
    if text(fields, "miniprogram_state") not in STATES or text(fields, "lang") not in LANGUAGES:
        raise No(47003, "argument invalid! miniprogram_state or lang invalid")
    left = world.credit(user.openid, template.template_id)
    if left < 1 or not user.messages_on:
        raise No(43101)
    world.set_credit(user.openid, template.template_id, left - 1)
    message = Message(
        msgid=str(world.next_msgid),
        openid=user.openid,
        template_id=template.template_id,
        title=template.title,
        page=page,
        data=data,
        lang=text(fields, "lang") or "zh_CN",
        sent_at=world.now(),
    )
    world.next_msgid += 1
    return message


def _values(template: Template, data: object) -> dict[str, str]:
    if not isinstance(data, dict):
        raise No(47003, "argument invalid! data format error")
    values: dict[str, str] = {}
    # Keys the template does not have are refused too: a misspelt one would leave its line empty.
    for key in {**template.parameters, **data}:
        wrapped = data.get(key)
        value = wrapped.get("value") if isinstance(wrapped, dict) else None
        if value is None or value == "":
            raise No(47003, f"argument invalid! data.{key}.value is emtpy")  # sic, as WeChat writes it
        if key not in template.parameters or not isinstance(value, str | int) or not allowed(key, str(value)):
            raise No(47003, f"argument invalid! data.{key}.value invalid")
        values[key] = str(value)
    return values


def _report(here: Sandbox, message: Message) -> None:
    failed = here.world.faults.failed_deliveries > 0
    if failed:
        here.world.faults.failed_deliveries -= 1
    else:
        here.world.keep(message)
    here.pusher.push(
        message.openid,
        "subscribe_msg_sent_event",
        items=[
            {
                "TemplateId": message.template_id,
                "MsgID": message.msgid,
                "ErrorCode": "1003" if failed else "0",
                "ErrorStatus": "system failed" if failed else "success",
            }
        ],
        after=here.settings.sandbox_sent_delay_seconds,
    )
