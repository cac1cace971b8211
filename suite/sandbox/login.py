"""Signing in: codes for sessions, the check of a session key, and the phone number behind the button."""

import hmac

import phonenumbers
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from suite.sandbox.kit import Here
from suite.sandbox.settings import SandboxSettings
from suite.sandbox.tokens import authorise
from suite.sandbox.wire import No, json_body, require, text
from suite.sandbox.world import MINUTE, User, World

router = APIRouter()


@router.api_route("/sns/jscode2session", methods=["GET", "POST"])
async def jscode2session(here: Here, request: Request) -> Response:
    """A login code for openid, session key and, if bound, unionid."""
    require(request, "GET")
    user = _signed_in(here.world, here.settings, dict(request.query_params))
    session = {"session_key": user.session_key, "openid": user.openid}
    if user.unionid:
        session["unionid"] = user.unionid
    # WeChat calls this JSON text/plain; whoever trusts the header cannot read it.
    return JSONResponse(session, media_type="text/plain")


@router.api_route("/wxa/checksession", methods=["GET", "POST"])
async def checksession(here: Here, request: Request) -> dict[str, str | int]:
    """Whether a session key is the current one."""
    require(request, "GET")
    authorise(here.world, request)
    query = request.query_params
    user = here.world.users.get(query.get("openid", ""))
    if user is None:
        raise No(40003)
    expected = hmac.new(user.session_key.encode(), b"", "sha256").hexdigest()
    if query.get("sig_method") != "hmac_sha256" or query.get("signature") != expected:
        raise No(87009)
    return {"errcode": 0, "errmsg": "ok"}


@router.api_route("/wxa/business/getuserphonenumber", methods=["GET", "POST"])
async def getuserphonenumber(here: Here, request: Request) -> dict[str, object]:
    """A phone code for the number."""
    fields = await json_body(request)
    authorise(here.world, request)
    return {"errcode": 0, "errmsg": "ok", "phone_info": _phone_info(here.world, here.settings, fields)}


def _signed_in(world: World, settings: SandboxSettings, query: dict[str, object]) -> User:
    for name, missing in (("appid", 41002), ("secret", 41004), ("js_code", 41008)):
        if not text(query, name):
            raise No(missing)
    if text(query, "grant_type") != "authorization_code":
        raise No(40002)
    if text(query, "appid") != settings.wechat_appid:
        raise No(40013)
    if text(query, "secret") != settings.wechat_secret:
        raise No(40125)
    code = world.codes.get(text(query, "js_code"))
    if code is None or code.kind != "login" or world.now() >= code.expires_at:
        raise No(40029)
    if not world.within(f"login/{code.openid}", MINUTE, world.quotas.login_per_user_minute):
        raise No(45011)
    if code.used:
        raise No(40163)
    code.used = True
    user = world.users[code.openid]
    if user.risky:
        raise No(40226)
    return user


def _phone_info(world: World, settings: SandboxSettings, fields: dict[str, object]) -> dict[str, object]:
    code = world.codes.get(text(fields, "code"))
    if code is None or code.kind != "phone" or code.used or world.now() >= code.expires_at:
        raise No(40029)
    if not world.within(f"phone/{code.openid}", MINUTE, world.quotas.phone_per_user_minute):
        raise No(45011)
    # WeChat does not publish the errcode of a code that is another user's.
    if text(fields, "openid") not in {"", code.openid}:
        raise No(40003)
    code.used = True
    if world.quotas.phone_calls is not None:
        world.quotas.phone_calls -= 1
    number = phonenumbers.parse(world.users[code.openid].phone or "")
    pure, country = phonenumbers.national_significant_number(number), str(number.country_code)
    return {
        "phoneNumber": pure if country == "86" else f"+{country}{pure}",
        "purePhoneNumber": pure,
        # Documented as text and shown as a number; foreign numbers here show the other way.
        "countryCode": country if country == "86" else int(country),
        "watermark": {"timestamp": int(world.now()), "appid": settings.wechat_appid},
    }
