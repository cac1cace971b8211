"""What the gateway reads besides the settings of every process."""

import ipaddress
import re
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from infra.settings import Settings

_FIRST_ACCOUNT = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._@-]{1,63}$")
_BRAND = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")
PASSWORD_LENGTH = 12

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
    # Origins whose pages may call the API.
    cors_origins: Annotated[str, AfterValidator(_origins)] = ""
    # Networks of reverse proxies whose X-Forwarded-For is believed.
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    # Seconds that a service may take to answer, or be silent in the middle of it.
    answer_timeout: float = Field(default=10.0, gt=0, le=300)
    # Every rate limit, times this (the one against guessing passwords stays): for a bench, or a house with busy tills.
    limit_factor: float = Field(default=1.0, ge=0.001, le=10_000)

    @cached_property
    def origins(self) -> frozenset[str]:
        """The CORS allow-list."""
        return frozenset(_split(self.cors_origins))

    @cached_property
    def proxies(self) -> tuple[Network, ...]:
        """The proxies' networks."""
        return tuple(ipaddress.ip_network(network) for network in _split(self.trusted_proxies))

    @property
    def mini_program_brand(self) -> str:
        """The brand that the mini-program's clients belong to; empty when no mini-program is set up."""
        if not self.wechat_appid:
            return ""
        return self.wechat_brand or self.first_account.partition(":")[0]
