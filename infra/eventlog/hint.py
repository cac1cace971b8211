"""Waking as a hint: it saves a poll when it comes and costs nothing but that poll when it is lost."""

import asyncio


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait that long, or less when the process is asked to stop."""
    await _within(stop, seconds)


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


class Hint:
    """Somebody in this process has put work where a loop looks for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def given(self) -> bool:
        """Whether work may wait."""
        return self._event.is_set()

    def give(self) -> None:
        """Wake who waits."""
        self._event.set()

    def clear(self) -> None:
        """Forget earlier hints. Call it before looking for work, so that a hint given while looking is kept."""
        self._event.clear()

    async def wait(self, seconds: float) -> None:
        """Until a hint comes, but no longer than that."""
        await _within(self._event, seconds)
