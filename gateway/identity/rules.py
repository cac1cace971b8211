"""Sign-in decisions: who may hold which account, what a refresh token is worth, and the refusals."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal

REFRESH_LIFETIME = timedelta(days=30)
GRACE = timedelta(seconds=10)  # for whoever refreshed and lost the answer on the way

_PLACED_IN_BOUTIQUES = frozenset({"advisor", "manager"})
_REFRESH = re.compile(r"^([a-z0-9][a-z0-9-]{0,31})\.([A-Za-z0-9_-]{43})$")


class SignInRefused(Refusal):
    """Wrong username or password, or an account that is closed: which of them is not said."""

    kind = Kind.UNAUTHENTICATED
    slug = "sign-in-refused"
    en = "Username or password is not right."
    zh = "用户名或密码不正确。"


class RefreshRefused(Refusal):
    """The refresh token is unknown, too old, used before, or its session has ended."""

    kind = Kind.UNAUTHENTICATED
    slug = "refresh-refused"
    en = "This sign-in has ended. Please sign in again."
    zh = "登录已失效，请重新登录。"


class WeChatNotSetUp(Refusal):
    """No mini-program is configured."""

    kind = Kind.UNAVAILABLE
    slug = "wechat-not-set-up"
    en = "Signing in with WeChat is not set up here."
    zh = "此处尚未配置微信登录。"


class NotAWeChatSession(Refusal):
    """The phone button belongs to the mini-program: the session must have begun there."""

    kind = Kind.FORBIDDEN
    slug = "not-a-wechat-session"
    en = "Open the mini-program and sign in there first."
    zh = "请先在小程序中登录。"


class ClientErased(Refusal):
    """Whoever WeChat says this is had herself erased."""

    kind = Kind.GONE
    slug = "client-erased"
    en = "This record was erased at the client's wish and is not brought back."
    zh = "该客户档案已应其本人要求删除，不予恢复。"


class UsernameTaken(Refusal):
    """Another account has this username."""

    kind = Kind.CONFLICT
    slug = "username-taken"
    en = "This username is already in use. Choose another one."
    zh = "该用户名已被使用，请更换。"


class PlaceMissing(Refusal):
    """An account whose role belongs to a place names none."""

    kind = Kind.INVALID
    slug = "place-missing"
    en = "An advisor needs an advisor_id and a boutique, a manager a boutique, a regional manager a region."
    zh = "顾问需指定 advisor_id 和精品店，店长需指定精品店，大区经理需指定大区。"


class OwnAccount(Refusal):
    """Nobody closes the account she is using: the last one would lock the house out."""

    kind = Kind.CONFLICT
    slug = "own-account"
    en = "You cannot close your own account. Ask a colleague at headquarters."
    zh = "不能关闭自己的账号，请联系总部同事处理。"


def require_place(role: str, *, has_advisor: bool, boutiques: int, has_region: bool) -> None:
    """Raise PlaceMissing for an account that would see nothing."""
    placed = boutiques > 0 if role in _PLACED_IN_BOUTIQUES else True
    if not placed or (role == "advisor" and not has_advisor) or (role == "regional" and not has_region):
        raise PlaceMissing


class Worth(StrEnum):
    """What a refresh token is worth."""

    GOOD = "good"
    REPEATED = "repeated"
    WORTHLESS = "worthless"
    REUSED = "reused"


@dataclass(frozen=True)
class Presented:
    """A refresh token as it is found in the database when somebody presents it."""

    expires_at: datetime
    used_at: datetime | None
    session_revoked_at: datetime | None
    is_successor_used: bool = True


def weigh(presented: Presented | None, *, now: datetime) -> Worth:
    """A token that was used before means that two parties hold it: its whole family must end.

    Unless it comes again at once and what it was exchanged for is untouched: then its answer may have been lost.
    """
    if presented is None:
        return Worth.WORTHLESS
    if presented.used_at is not None:
        is_lost = now - presented.used_at < GRACE and not presented.is_successor_used
        return Worth.REPEATED if is_lost and presented.session_revoked_at is None else Worth.REUSED
    if presented.session_revoked_at is not None or presented.expires_at <= now:
        return Worth.WORTHLESS
    return Worth.GOOD


def brand_of(refresh_token: str) -> str | None:
    """The brand written before the dot; None for what cannot be one of our tokens."""
    match = _REFRESH.match(refresh_token)
    return match[1] if match else None


def sole(brands: Collection[str]) -> str | None:
    """The brand of a username without one: only if it can be no other."""
    return next(iter(brands)) if len(brands) == 1 else None
