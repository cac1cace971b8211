"""Letters by SMTP: handed in once, and what the server's answers mean. The server is a real one, on loopback."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.mail import Letter, MailRejectedError, MailServer, MailUnavailable, send
from suite.sandbox.mail import MailDouble


def letter(**changed: Any) -> Letter:
    given = {
        "sender": "Maison <letters@maison.test>",
        "to": "her@example.com",
        "subject": "感谢您的光临",
        "text": "欧阳女士，您好。",
        "message_id": "0199",
        "written_at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }
    return Letter(**(given | changed))


def server(double: MailDouble, **changed: Any) -> MailServer:
    return MailServer(**({"host": double.host, "port": double.port, "security": "none"} | changed))


async def test_a_letter_arrives_whole_with_the_number_of_its_message() -> None:
    with MailDouble() as double:
        told = await send(server(double), letter(unsubscribe="https://maison.test/u/x"))
        [got] = double.mailbox.letters
    assert told == got["Message-ID"] == "<0199@maison.test>"
    assert (got["To"], got["Subject"]) == ("her@example.com", "感谢您的光临")
    assert got.get_content().strip() == "欧阳女士，您好。"
    assert got["List-Unsubscribe"] == "<https://maison.test/u/x>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_letter_that_nobody_need_unsubscribe_from_does_not_offer_it() -> None:
    assert letter().composed()["List-Unsubscribe"] is None


async def test_the_server_is_told_who_we_are() -> None:
    with MailDouble(user="maison", password="secret") as double:
        await send(server(double, user="maison", password="secret"), letter())
        assert len(double.mailbox.letters) == 1
        with pytest.raises(MailUnavailable) as no:
            await send(server(double, user="maison", password="other"), letter())
        assert no.value.never_left


@pytest.mark.parametrize("where", ["refuses_recipients", "refuses_data"])
async def test_a_five_hundred_is_for_good_and_a_four_hundred_for_later(where: str) -> None:
    with MailDouble() as double:
        getattr(double.mailbox, where).extend(["550 no such user", "451 later"])
        with pytest.raises(MailRejectedError) as never:
            await send(server(double), letter())
        with pytest.raises(MailUnavailable) as later:
            await send(server(double), letter())
        assert (never.value.code, later.value.code, later.value.never_left) == (550, 451, True)
        assert double.mailbox.letters == []


async def test_a_line_cut_after_the_letter_leaves_it_open_whether_it_arrived() -> None:
    with MailDouble() as double:
        double.mailbox.drops = 1
        with pytest.raises(MailUnavailable) as no:
            await send(server(double), letter())
        assert (no.value.never_left, len(double.mailbox.letters)) == (False, 1)


async def test_nobody_there_means_that_nothing_left() -> None:
    with MailDouble() as double:
        gone = server(double)
    with pytest.raises(MailUnavailable) as no:
        await send(gone, letter())
    assert no.value.never_left


async def test_a_server_that_does_not_encrypt_gets_no_letter_that_must_be() -> None:
    with MailDouble() as double:
        with pytest.raises(MailUnavailable) as no:
            await send(server(double, security="starttls"), letter())
        assert (no.value.never_left, double.mailbox.letters) == (True, [])
