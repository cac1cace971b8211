"""Token buckets: how full one is, and whether one more may be taken out."""

import ipaddress
import math
from functools import lru_cache
from typing import NamedTuple

from gateway.forward.rules import read_address
from infra.identity import Role
from infra.refusal import Kind, Refusal


class TooManyRequests(Refusal):
    """The caller has used up what he may ask for now."""

    kind = Kind.TOO_MANY
    slug = "quota-exceeded"
    en = "Too many requests. Please wait as long as Retry-After says."
    zh = "请求过于频繁，请在 Retry-After 指定的时间后重试。"


# Tuples and not dataclasses: some are made for every request, in a third of the time.
class Policy(NamedTuple):
    """`quota` requests at once, and again as many in every `window` seconds."""

    name: str
    quota: int
    window: int

    def times(self, factor: float) -> "Policy":
        """The same policy, wider or narrower; one request is always left."""
        return Policy(self.name, max(1, round(self.quota * factor)), self.window)


class Level(NamedTuple):
    """What a bucket held at a moment, in tokens and seconds of a steady clock."""

    tokens: float
    at: float


class Drawn(NamedTuple):
    """What became of one request: `wait` is 0 if it is allowed, else the seconds until it would be."""

    policy: Policy
    level: Level
    wait: int

    @property
    def allowed(self) -> bool:
        """Whether there was a token left."""
        return self.wait == 0

    @property
    def reset(self) -> int:
        """Seconds until the bucket is full; for a refused request, until it would be allowed."""
        if not self.allowed:
            return self.wait
        missing = self.policy.quota - self.level.tokens
        return math.ceil(missing * self.policy.window / self.policy.quota)


def draw(policy: Policy, level: Level | None, *, now: float) -> Drawn:
    """Take one token out of a bucket that has filled up since; a bucket never seen is full."""
    rate = policy.quota / policy.window
    tokens = policy.quota if level is None else min(policy.quota, level.tokens + max(0.0, now - level.at) * rate)
    if tokens < 1:
        return Drawn(policy, Level(tokens, now), max(1, math.ceil((1 - tokens) / rate)))
    return Drawn(policy, Level(tokens - 1, now), 0)


# One address may be a whole boutique, or a mobile operator's exit with a thousand clients behind it.
ADDRESS = Policy("address", 12_000, 60)

BY_ROLE = {
    Role.CLIENT: Policy("subject", 300, 60),
    Role.POS: Policy("subject", 6_000, 60),
    Role.PARTNER: Policy("subject", 6_000, 60),
    Role.HEADQUARTERS: Policy("subject", 6_000, 60),
}
STAFF = Policy("subject", 1_200, 60)

# Sign-in costs more than other requests: argon2, a call to WeChat, or WeChat's money.
BY_ADDRESS_AND_PATH = {
    "/v1/auth/staff": Policy("sign-in", 60, 60),
    "/v1/auth/token": Policy("sign-in", 120, 60),
    "/v1/auth/wechat": Policy("sign-in", 600, 60),
    "/v1/auth/refresh": Policy("sign-in", 600, 60),
}
BY_SUBJECT_AND_PATH = {"/v1/auth/wechat/phone": Policy("phone", 5, 60)}

# Against guessing a password. The wider one holds for an attacker with many addresses; narrower, it would let anybody
# lock anybody else out.
GUESSES_FROM_ONE_ADDRESS = Policy("guesses", 10, 900)
GUESSES_FROM_ANYWHERE = Policy("guesses", 100, 900)


@lru_cache(maxsize=10_000)
def neighbourhood(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 network of an IPv6 one."""
    parsed = read_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return "unknown" if parsed is None else str(parsed)
