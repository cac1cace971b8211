"""The language model: an answer that never ends holds nobody up."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from infra.chat import ChatModel, ChatUnavailableError


class _Trickle(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "


async def test_an_answer_that_trickles_is_over_when_its_time_is() -> None:
    far = httpx.MockTransport(lambda _: httpx.Response(200, stream=_Trickle()))
    model = ChatModel("http://assistant/v1", "", "m", timeout=0.1)
    with pytest.raises(ChatUnavailableError):
        async with asyncio.timeout(5):
            await model.answer([], transport=far)
