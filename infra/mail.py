"""Letters by SMTP: one to one address, with a Message-ID that is the same however often it is tried."""

import importlib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Literal

from infra.refusal import Kind, Refusal

TIMEOUT = 20.0  # seconds for each answer of the server


class MailUnavailable(Refusal):
    """The mail server does not answer, or wants us to come again. `never_left`: it certainly has not the letter."""

    kind = Kind.UNAVAILABLE
    slug = "mail-unavailable"
    en = "The mail server does not take letters at the moment. Please try again shortly."
    zh = "邮件服务器暂时无法接收，请稍后再试。"

    def __init__(self, *, never_left: bool, code: int = 0) -> None:
        super().__init__()
        self.never_left = never_left
        self.code = code


class MailRejectedError(Exception):
    """The server refuses this letter for good, with this reply code. Its text is not kept: it quotes the address."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed in."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str = ""
    password: str = field(default="", repr=False)
    trusted: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Letter:
    """One letter. `unsubscribe` is an address that takes her off with one click (RFC 8058)."""

    sender: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    message_id: str = ""
    written_at: datetime | None = None
    unsubscribe: str | None = field(default=None, repr=False)

    def composed(self) -> EmailMessage:
        """As it is sent. Line breaks in headers are impossible: `EmailMessage` refuses them."""
        composed = EmailMessage()
        composed["From"], composed["To"] = self.sender, self.to
        composed["Subject"] = " ".join(self.subject.split())
        domain = self.sender.rpartition("@")[2].rstrip(">") or "localhost"
        composed["Message-ID"] = f"<{self.message_id}@{domain}>"
        if self.written_at is not None:
            composed["Date"] = format_datetime(self.written_at)
        if self.unsubscribe is not None:
            composed["List-Unsubscribe"] = f"<{self.unsubscribe}>"
            composed["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        composed.set_content(self.text)
        return composed


async def send(server: MailServer, letter: Letter) -> str:
    """Hand a letter in; answers its Message-ID. Raises MailRejectedError (5xx), or MailUnavailable."""
    # Loaded by the first letter: a house that sends none need not hold it.
    smtp: Any = importlib.import_module("aiosmtplib")
    composed = letter.composed()
    connection = smtp.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=TIMEOUT,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=server.trusted,
    )
    under_way = False
    try:
        await connection.connect()
        if server.user:
            await connection.login(server.user, server.password)
        under_way = True
        await connection.send_message(composed)
    except smtp.SMTPRecipientsRefused as no:
        raise _answered(no.recipients[0].code) from None
    except smtp.SMTPAuthenticationError as no:
        # Ours to mend; the letter waits.
        raise MailUnavailable(never_left=True, code=no.code) from None
    except smtp.SMTPResponseException as no:
        # Before the letter a 5xx is about us (STARTTLS, HELO): it waits too.
        raise (_answered(no.code) if under_way else MailUnavailable(never_left=True, code=no.code)) from None
    except (smtp.SMTPException, OSError):
        raise MailUnavailable(never_left=not under_way) from None
    finally:
        connection.close()
    return str(composed["Message-ID"])


def _answered(code: int) -> Exception:
    # The server has said no with either: it has not the letter.
    return MailUnavailable(never_left=True, code=code) if code < 500 else MailRejectedError(code)  # noqa: PLR2004
