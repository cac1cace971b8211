"""What the gateway reads besides the settings of every process."""

import ipaddress
import re
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings import EncodingAesKey, Settings

_FIRST_ACCOUNT = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._@-]{1,63}$")
_BRAND = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")
PASSWORD_LENGTH = 12


def _first_account(value: str) -> str:
    if value and not _FIRST_ACCOUNT.match(value):
        msg = "must be brand:username in small letters, such as lumiere:admin"
        raise ValueError(msg)
    return value


def _first_password(value: str) -> str:
    if value and len(value) < PASSWORD_LENGTH:
        msg = f"must have at least {PASSWORD_LENGTH} characters"
        raise ValueError(msg)
    return value


def _brand(value: str) -> str:
    if value and not _BRAND.match(value):
        msg = "must be a brand's short name in small letters, such as lumiere"
        raise ValueError(msg)
    return value


def _origins(value: str) -> str:
    for origin in _split(value):
        if not re.match(r"^https?://[^/\s]+$", origin):
            msg = "must be origins such as https://console.example.com, separated by commas"
            raise ValueError(msg)
    return value


def _networks(value: str) -> str:
    for network in _split(value):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            msg = "must be networks such as 10.0.0.0/8, separated by commas"
            raise ValueError(msg) from None
    return value


def _split(value: str) -> list[str]:
    return [part for part in value.replace(",", " ").split() if part]


class GatewaySettings(Settings):
    """The gateway's environment."""

    # `brand:username` and password of the headquarters account made while a brand has none.
    first_account: Annotated[str, AfterValidator(_first_account)] = ""
    first_password: Annotated[str, AfterValidator(_first_password)] = ""
    # The brand whose mini-program wechat_appid is; the brand of first_account when empty.
    wechat_brand: Annotated[str, AfterValidator(_brand)] = ""
    # The token and the EncodingAESKey that the corp signs its pushes with; the brand whose corp it is (the
    # mini-program's when empty), and which of its departments are which boutiques: {"12": "SH-PLAZA"}.
    wecom_push_token: str = Field(default="", repr=False)
    wecom_push_aes_key: EncodingAesKey = Field(default="", repr=False)
    wecom_brand: Annotated[str, AfterValidator(_brand)] = ""
    wecom_boutiques: dict[Annotated[int, Field(ge=1)], str] = Field(default_factory=dict)
    # Origins whose pages may call the API.
    cors_origins: Annotated[str, AfterValidator(_origins)] = ""
    # Networks of reverse proxies whose X-Forwarded-For is believed.
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    # Seconds that a service may take to answer, or be silent in the middle of it.
    answer_timeout: float = Field(default=10.0, gt=0, le=300)
    # Every rate limit, times this (the one against guessing passwords stays): for a bench, or a house with busy tills.
    limit_factor: float = Field(default=1.0, ge=0.001, le=10_000)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """What belongs together is set together: half a mini-program would be a sign-in that fails for everybody."""
        _require_all_or_none(self, "wechat_appid", "wechat_secret", "wechat_push_token", "wechat_push_aes_key")
        _require_all_or_none(self, "first_account", "first_password")
        _require_all_or_none(self, "wecom_push_token", "wecom_push_aes_key")
        if self.wecom_corpid and self.wecom_push_token and not self.corp_brand:
            msg = "MAISON_WECOM_BRAND: must be set (or MAISON_FIRST_ACCOUNT), for MAISON_WECOM_CORPID is"
            raise ValueError(msg)
        if self.wechat_appid and not self.mini_program_brand:
            msg = "MAISON_WECHAT_BRAND: must be set (or MAISON_FIRST_ACCOUNT), for MAISON_WECHAT_APPID is"
            raise ValueError(msg)
        return self

    @cached_property
    def origins(self) -> frozenset[str]:
        """The CORS allow-list."""
        return frozenset(_split(self.cors_origins))

    @cached_property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The proxies' networks."""
        return tuple(ipaddress.ip_network(network) for network in _split(self.trusted_proxies))

    @property
    def corp_brand(self) -> str:
        """The brand whose advisors are members of the corp; empty when no corp pushes."""
        if not (self.wecom_corpid and self.wecom_push_token):
            return ""
        return self.wecom_brand or self.wechat_brand or self.first_account.partition(":")[0]

    @property
    def mini_program_brand(self) -> str:
        """The brand that the mini-program's clients belong to; empty when no mini-program is set up."""
        if not self.wechat_appid:
            return ""
        return self.wechat_brand or self.first_account.partition(":")[0]


def _require_all_or_none(settings: Settings, *names: str) -> None:
    missing = [name for name in names if not getattr(settings, name)]
    if missing and len(missing) < len(names):
        there = [name for name in names if name not in missing]
        msg = f"{_variables(missing)}: must be set, for {_variables(there)} is (all of them or none)"
        raise ValueError(msg)


def _variables(names: list[str]) -> str:
    return ", ".join(f"MAISON_{name.upper()}" for name in names)
