"""A mail server that keeps what it takes, with the switches of one that refuses or comes again later."""

import asyncio
import importlib
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self


@dataclass
class Mailbox:
    """Letters taken, oldest first; `answers` are the replies to the next letters' recipients or data, in SMTP's words.

    `drops`: so many letters are taken whole and the line is cut before the answer.
    """

    letters: list[EmailMessage] = field(default_factory=list)
    refuses_recipients: list[str] = field(default_factory=list)
    refuses_data: list[str] = field(default_factory=list)
    drops: int = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        """One recipient."""
        if self.refuses_recipients:
            return self.refuses_recipients.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """One letter."""
        if self.refuses_data:
            return self.refuses_data.pop(0)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append(letter)
        if self.drops:
            self.drops -= 1
            server.transport.abort()
        return "250 taken"


@dataclass
class MailDouble:
    """The server on a loopback port of its own, in the running loop; use it as an asynchronous context.

    With a `user` nobody else may send; with a `context` it wants STARTTLS first.
    """

    mailbox: Mailbox = field(default_factory=Mailbox)
    user: str = ""
    password: str = ""
    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        smtp = importlib.import_module("aiosmtpd.smtp")

        def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
            known = (self.user.encode(), self.password.encode())
            return smtp.AuthResult(success=(given.login, given.password) == known, handled=False)

        more: dict[str, Any] = {}
        if self.user:
            more = {"authenticator": check, "auth_required": True, "auth_require_tls": self.context is not None}
        if self.context is not None:
            more |= {"tls_context": self.context, "require_starttls": True}
        loop = asyncio.get_running_loop()
        made = lambda: smtp.SMTP(self.mailbox, hostname="sandbox", loop=loop, **more)  # noqa: E731 - a factory
        self._server = await loop.create_server(made, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
