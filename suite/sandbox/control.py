"""The control API, the user's side: who she is, her codes, her taps, and the messages she has received."""

import base64
import hashlib
import secrets
from typing import Annotated, Literal

import phonenumbers
from fastapi import APIRouter, HTTPException
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from suite.sandbox.kit import Here
from suite.sandbox.world import Message, User


def _e164(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise ValueError("must be a phone number such as +8613800138000") from None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


PhoneNumber = Annotated[str, AfterValidator(_e164)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(_Body):
    """`key` makes the user reproducible: the same key is the same person. `bound` gives her a unionid."""

    key: str | None = None
    openid: str | None = Field(default=None, min_length=1, max_length=64)
    unionid: str | None = None
    bound: bool = True
    phone: PhoneNumber | None = None
    risky: bool = False


class UserChange(_Body):
    """What may change about her; what is not said stays."""

    phone: PhoneNumber | None = None
    unionid: str | None = None
    bound: bool | None = None
    risky: bool | None = None
    messages_on: bool | None = None


class SeenUser(BaseModel):
    """A user as the control API shows her; the session key stays inside."""

    openid: str
    key: str | None
    unionid: str | None
    phone: str | None
    risky: bool
    messages_on: bool


class MintedCode(BaseModel):
    """A one-use code; `expires_at` in seconds since 1970 on the sandbox's clock."""

    code: str
    kind: Literal["login", "phone"]
    expires_at: float


router = APIRouter(prefix="/sandbox")


@router.post("/users", status_code=201)
async def create_user(here: Here, new: NewUser) -> SeenUser:
    """Create a user, or find her again by her key."""
    openid = new.openid or _opaque("o", here.settings.wechat_appid, new.key)
    user = here.world.users.setdefault(openid, User(openid=openid, key=new.key, session_key=_session_key()))
    if new.bound:
        user.unionid = new.unionid or user.unionid or _opaque("u", "", new.key)
    user.phone, user.risky = new.phone or user.phone, new.risky
    return _seen(user)


@router.get("/users")
async def users(here: Here) -> dict[str, list[SeenUser]]:
    """Everybody."""
    return {"items": [_seen(user) for user in here.world.users.values()]}


@router.get("/users/{openid}")
async def one_user(here: Here, openid: str) -> SeenUser:
    """One user."""
    user = here.user(openid)
    return _seen(user)


@router.patch("/users/{openid}")
async def change_user(here: Here, openid: str, change: UserChange) -> SeenUser:
    """Change what is said."""
    user = here.user(openid)
    for name, value in change.model_dump(exclude={"bound"}, exclude_none=True).items():
        setattr(user, name, value)
    if change.bound is not None:
        user.unionid = (user.unionid or _opaque("u", "", user.key)) if change.bound else None
    return _seen(user)


@router.post("/users/{openid}/login-codes", status_code=201)
async def mint_login_code(here: Here, openid: str) -> MintedCode:
    """What `wx.login` gives her mini-program: five minutes, one use."""
    user = here.user(openid)
    # As with wx.login: the session before it is over.
    user.session_key = _session_key()
    code, minted = here.world.mint("login", user)
    return MintedCode(code=code, kind="login", expires_at=minted.expires_at)


@router.post("/users/{openid}/phone-codes", status_code=201)
async def mint_phone_code(here: Here, openid: str) -> MintedCode:
    """What the phone button gives: five minutes, one use."""
    user = here.user(openid)
    if user.phone is None:
        raise HTTPException(409, "this user has no phone number")
    if here.world.quotas.phone_calls is not None and here.world.quotas.phone_calls <= 0:
        raise HTTPException(409, {"errno": 1400001, "errMsg": "getPhoneNumber:fail no quota"})
    code, minted = here.world.mint("phone", user)
    return MintedCode(code=code, kind="phone", expires_at=minted.expires_at)


@router.get("/users/{openid}/messages")
async def received(here: Here, openid: str) -> dict[str, list[Message]]:
    """The subscribe messages in her list, oldest first."""
    user = here.user(openid)
    return {"items": [message for message in here.world.messages if message.openid == user.openid]}


@router.get("/users/{openid}/credits")
async def credits_left(here: Here, openid: str) -> dict[str, int]:
    """Messages that may still be sent to her, by template."""
    user = here.user(openid)
    return here.world.credits.get(user.openid, {})


def _seen(user: User) -> SeenUser:
    return SeenUser.model_validate(user.model_dump(exclude={"session_key"}))


def _session_key() -> str:
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _opaque(prefix: str, scope: str, key: str | None) -> str:
    """28 characters: of the key where there is one, so that a demo house finds its people again."""
    seed = f"{prefix}/{scope}/{key}".encode() if key is not None else secrets.token_bytes(24)
    return (prefix + base64.urlsafe_b64encode(hashlib.sha256(seed).digest()).decode())[:28]
