"""Letters by SMTP: handed in once, and what the server's answers mean. The server is a real one, on loopback."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from infra.mail import Letter, MailRejectedError, MailServer, MailUnavailable, send
from suite.sandbox.mail import MailDouble


def letter(**changed: Any) -> Letter:
    given: dict[str, Any] = {
        "sender": "Maison <letters@maison.test>",
        "to": "her@example.com",
        "subject": "感谢您的光临",
        "text": "欧阳女士，您好。",
        "message_id": "0199",
        "written_at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }
    return Letter(**(given | changed))


def server(double: MailDouble, **changed: Any) -> MailServer:
    given: dict[str, Any] = {"host": double.host, "port": double.port, "security": "none"}
    return MailServer(**(given | changed))


async def test_a_letter_arrives_whole_with_the_number_of_its_message() -> None:
    async with MailDouble() as double:
        told = await send(server(double), letter(unsubscribe="https://maison.test/u/x"))
        [got] = double.mailbox.letters
    assert told == got["Message-ID"] == "<0199@maison.test>"
    assert (got["To"], got["Subject"]) == ("her@example.com", "感谢您的光临")
    assert got.get_content().strip() == "欧阳女士，您好。"
    assert got["List-Unsubscribe"] == "<https://maison.test/u/x>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_letter_that_nobody_need_unsubscribe_from_does_not_offer_it() -> None:
    assert letter().composed()["List-Unsubscribe"] is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the double, which nobody but this test trusts; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("mail") / "double.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


async def test_the_line_is_encrypted_before_the_server_is_told_who_we_are(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    trusted = ssl.create_default_context(cafile=str(certificate))
    async with MailDouble(user="maison", password="secret", context=context) as double:
        known = {"security": "starttls", "user": "maison", "trusted": trusted}
        await send(server(double, password="secret", **known), letter())
        assert len(double.mailbox.letters) == 1
        with pytest.raises(MailUnavailable) as wrong:
            await send(server(double, password="other", **known), letter())
        with pytest.raises(MailUnavailable) as stranger:
            await send(server(double, password="secret", security="starttls", user="maison"), letter())
        assert (wrong.value.never_left, stranger.value.never_left, len(double.mailbox.letters)) == (True, True, 1)


@pytest.mark.parametrize("where", ["refuses_recipients", "refuses_data"])
async def test_a_five_hundred_is_for_good_and_a_four_hundred_for_later(where: str) -> None:
    async with MailDouble() as double:
        getattr(double.mailbox, where).extend(["550 no such user", "451 later"])
        with pytest.raises(MailRejectedError) as never:
            await send(server(double), letter())
        with pytest.raises(MailUnavailable) as later:
            await send(server(double), letter())
        assert (never.value.code, later.value.code, later.value.never_left) == (550, 451, True)
        assert double.mailbox.letters == []


async def test_a_line_cut_after_the_letter_leaves_it_open_whether_it_arrived() -> None:
    async with MailDouble() as double:
        double.mailbox.drops = 1
        with pytest.raises(MailUnavailable) as no:
            await send(server(double), letter())
        assert (no.value.never_left, len(double.mailbox.letters)) == (False, 1)


async def test_nobody_there_means_that_nothing_left() -> None:
    async with MailDouble() as double:
        gone = server(double)
    with pytest.raises(MailUnavailable) as no:
        await send(gone, letter())
    assert no.value.never_left


async def test_a_server_that_does_not_encrypt_gets_no_letter_that_must_be() -> None:
    async with MailDouble() as double:
        with pytest.raises(MailUnavailable) as no:
            await send(server(double, security="starttls"), letter())
        assert (no.value.never_left, double.mailbox.letters) == (True, [])
