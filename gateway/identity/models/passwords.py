"""Password hashes: argon2id, in threads, a few at a time."""

import asyncio
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from infra.refusal import Unavailable

# OWASP password storage; each run holds 46 MiB for some 60 ms, which is why only a few run at once.
HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
AT_ONCE = 2
WAITING = 64


class Passwords:
    """Makes and checks hashes without letting hashing itself become a way to bring the gateway down."""

    def __init__(self, hasher: PasswordHasher = HASHER) -> None:
        self._hasher = hasher
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The hash to store."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Does it match? Without a stored hash the answer is no after just as much work.

        Raises Unavailable when too many are waiting already.
        """
        if self._waiting >= WAITING:
            raise Unavailable(retry_after=2)
        self._waiting += 1
        try:
            async with self._turn:
                right = await asyncio.to_thread(self._matches, stored or self._nobodys, password)
        finally:
            self._waiting -= 1
        return right and stored is not None

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (Argon2Error, InvalidHashError):
            return False

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody has this password")
