"""The control API, what she taps: answers to the subscribe popup, the switch in the settings, withdrawn data."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from suite.sandbox.kit import Here
from suite.sandbox.pushes import Delivery
from suite.sandbox.world import User

MOST_TEMPLATES = 5
PLATFORM = "mp_platform"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Taps(_Body):
    """Her answer to each template of one `wx.requestSubscribeMessage`."""

    answers: dict[str, Literal["accept", "reject"]]


class Switch(_Body):
    """A template she turns off in WeChat's settings; WeChat pushes nothing when she turns one on."""

    template_id: str


class Withdrawal(_Body):
    """An authorisation change; `revoke_info` such as 8 for the phone number."""

    event: Literal["user_authorization_revoke", "user_authorization_cancellation", "user_info_modified"]
    revoke_info: str = Field(default="", pattern=r"^[0-9,]*$")


router = APIRouter(prefix="/sandbox/users/{openid}")


@router.post("/taps")
async def tap(here: Here, openid: str, taps: Taps) -> dict[str, str]:
    """Answer a subscribe popup: each acceptance is one message, and the suite hears of it by a push."""
    user = here.user(openid)
    if problem := _client_side(user, taps, set(here.templates)):
        errcode, said = problem
        raise HTTPException(400, {"errCode": errcode, "errMsg": f"requestSubscribeMessage:fail {said}"})
    for template_id, answer in taps.answers.items():
        if answer == "accept":
            here.world.set_credit(user.openid, template_id, here.world.credit(user.openid, template_id) + 1)
    items = [
        {"TemplateId": template_id, "SubscribeStatusString": answer, "PopupScene": "0"}
        for template_id, answer in taps.answers.items()
    ]
    here.pusher.push(user.openid, "subscribe_msg_popup_event", items=items)
    return {"errMsg": "requestSubscribeMessage:ok", **taps.answers}


@router.post("/subscriptions")
async def switch_off(here: Here, openid: str, switch: Switch) -> Delivery:
    """Turn a template off: no message may be sent until she accepts again."""
    user = here.user(openid)
    here.world.set_credit(user.openid, switch.template_id, 0)
    items = [{"TemplateId": switch.template_id, "SubscribeStatusString": "reject"}]
    return here.pusher.push(user.openid, "subscribe_msg_change_event", items=items)


@router.post("/authorisation")
async def withdraw(here: Here, openid: str, withdrawal: Withdrawal) -> Delivery:
    """Withdraw an authorisation."""
    user = here.user(openid)
    # The sender is the platform, and WeChat's own example has a space before this key.
    openid_key = " OpenID" if here.pusher.notation == "json" else "OpenID"
    fields: dict[str, str | int] = {
        "FromUserName": PLATFORM,
        openid_key: user.openid,
        "AppID": here.settings.wechat_appid,
        "RevokeInfo": withdrawal.revoke_info,
    }
    return here.pusher.push(user.openid, withdrawal.event, fields=fields)


def _client_side(user: User, taps: Taps, known: set[str]) -> tuple[int, str] | None:
    """The errCode the mini-program gets from WeChat without any server being asked."""
    if not taps.answers:
        return 10001, "TmplIds can't be empty"
    if len(taps.answers) > MOST_TEMPLATES:
        return 20003, "Templates count out of max bounds"
    if not set(taps.answers) <= known:
        return 20001, "No template data return, verify the template id exist"
    if not user.messages_on:
        return 20004, "The main switch is switched off"
    return None
