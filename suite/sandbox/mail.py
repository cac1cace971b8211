"""A mail server that keeps what it takes, with the switches of one that refuses or comes again later."""

import importlib
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
    """The server on a loopback port of its own; use it as a context."""

    mailbox: Mailbox = field(default_factory=Mailbox)
    user: str = ""
    password: str = ""
    context: Any = None
    host: str = "127.0.0.1"
    port: int = 0
    _controller: Any = None

    def __enter__(self) -> Self:
        """Listen."""
        controllers = importlib.import_module("aiosmtpd.controller")
        auth = importlib.import_module("aiosmtpd.smtp")

        def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
            known = (self.user.encode(), self.password.encode())
            return auth.AuthResult(success=(given.login, given.password) == known, handled=False)

        more = (
            {"authenticator": check, "auth_required": True, "auth_require_tls": self.context is not None}
            if self.user
            else {}
        )
        if self.context is not None:
            more |= {"tls_context": self.context, "require_starttls": True}
        self._controller = controllers.Controller(self.mailbox, hostname=self.host, port=0, **more)
        self._controller.start()
        self.port = self._controller.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._controller.stop()
