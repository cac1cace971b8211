"""What sign-in and accounts look like on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from infra.wire import Form, View

Brand = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["lumiere"])]
# Small letters only, so that nobody takes `Lin` beside `lin`.
Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$"),
    Field(examples=["lin.yue"]),
]
Password = Annotated[str, Field(min_length=1, max_length=256)]
NewPassword = Annotated[str, Field(min_length=12, max_length=256)]
WeChatCode = Annotated[str, Field(min_length=1, max_length=256)]
StaffRole = Literal[
    "advisor", "client-service", "after-sales", "events", "manager", "regional", "headquarters", "privacy"
]


class StaffForm(Form):
    """A member of staff signs in. `brand` is needed only where two brands have the same username."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password
    brand: Brand | None = None


class WeChatForm(Form):
    """The one-use code of `wx.login`."""

    code: WeChatCode


class PhoneForm(Form):
    """The one-use code of the phone button."""

    code: WeChatCode


class RefreshForm(Form):
    """The refresh token last received."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=256)]


class TokensView(View):
    """What a sign-in gives. `expires_in` is in seconds; the refresh token is good once, for 30 days."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6749's word
    expires_in: int
    refresh_token: str
    role: str
    brand: str
    client_id: UUID | None = None
    advisor_id: UUID | None = None


class AccountForm(Form):
    """A new account. An advisor needs advisor_id and boutiques, a manager boutiques, a regional manager a region."""

    username: Username
    password: NewPassword
    role: StaffRole
    advisor_id: UUID | None = None
    boutique_ids: Annotated[list[UUID], Field(max_length=50, default_factory=list)]
    region_id: UUID | None = None


class AccountView(View):
    """An account, without its password."""

    account_id: UUID
    username: str
    role: str
    advisor_id: UUID | None
    boutique_ids: list[UUID]
    region_id: UUID | None
    created_at: datetime
    closed_at: datetime | None
