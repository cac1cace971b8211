"""A language model behind an OpenAI-compatible API: one conversation in, one answer out."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx
import structlog

from infra.trust import trusted

LONGEST_ANSWER = 400  # tokens


class ChatUnavailableError(Exception):
    """No answer in time, or none in the documented form."""


@dataclass(frozen=True)
class ChatModel:
    """One model of one address, such as https://example.com/v1."""

    url: str
    key: str = field(repr=False)
    model: str
    timeout: float  # seconds for the whole answer

    async def answer(
        self, messages: Sequence[Mapping[str, str]], *, transport: httpx.AsyncBaseTransport | None = None
    ) -> str:
        """What the model says; raises ChatUnavailableError."""
        body = {"model": self.model, "messages": list(messages), "max_tokens": LONGEST_ANSWER, "temperature": 0.7}
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            # httpx counts each read alone: an answer that trickles would hold its caller for ever.
            async with (
                asyncio.timeout(self.timeout),
                httpx.AsyncClient(timeout=self.timeout, transport=transport, verify=trusted(), trust_env=False) as http,
            ):
                response = await http.post(f"{self.url}/chat/completions", json=body, headers=headers)
            response.raise_for_status()
            said = response.json()["choices"][0]["message"]["content"]
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, IndexError, TypeError) as failure:
            structlog.get_logger().warning("assistant-away", fault=type(failure).__name__)
            raise ChatUnavailableError from None
        if not isinstance(said, str):
            raise ChatUnavailableError
        return said
