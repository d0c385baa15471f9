"""Mail out: encrypted or not at all, within a time that no server stretches, and with words when it fails."""

from __future__ import annotations

import ssl
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app.clients.mail import MailServer, send
from app.errors import PermanentError, TransientError
from tests.certificates import own_certificate
from tests.post_office import PostOffice, open_post_office


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("tls") / "own.pem")


@pytest.fixture(scope="module")
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def server(office: PostOffice, security: str = "none", **given: Any) -> MailServer:
    values: dict[str, Any] = {"user": "", "password": "", "timeout": 5.0, **given}
    return MailServer("localhost", office.port, security, **values)


def message(to: str = "it@example.edu") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "kurasync@example.edu", to, "Something"
    made.set_content("Ümläute go through.\n")
    return made


def test_a_message_arrives_at_everybody() -> None:
    with open_post_office() as office:
        assert send(server(office), message("it@example.edu, ops@example.edu")) == 0
        (came,) = office.messages
        assert office.recipients == ["it@example.edu", "ops@example.edu"]
        assert came.get_content().strip() == "Ümläute go through."


def test_with_starttls_nothing_is_said_before_the_connection_is_encrypted(
    certificate: Path, context: ssl.SSLContext
) -> None:
    with open_post_office(tls=context, password="x") as office:
        send(server(office, "starttls", user="kurasync", password="secret", ca_file=str(certificate)), message())
        assert office.encrypted
        assert office.commands == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


def test_with_tls_the_connection_is_encrypted_from_its_first_byte(certificate: Path, context: ssl.SSLContext) -> None:
    with open_post_office(implicit=context) as office:
        send(server(office, "tls", ca_file=str(certificate)), message())
        assert (office.encrypted, len(office.messages)) == (True, 1)


def test_a_server_without_starttls_gets_no_message() -> None:
    with open_post_office() as office:
        with pytest.raises(PermanentError, match="KURASYNC_SMTP_SECURITY") as refusal:
            send(server(office, "starttls"), message())
        assert (refusal.value.reason, office.messages) == ("mail_security", [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_no_message(context: ssl.SSLContext, security: str) -> None:
    implicit = context if security == "tls" else None
    with open_post_office(implicit, tls=context) as office:
        with pytest.raises(PermanentError, match="certificate") as refusal:
            send(server(office, security), message())
        assert (refusal.value.reason, office.messages) == ("mail_security", [])


def test_a_wrong_password_is_told_without_it(certificate: Path, context: ssl.SSLContext) -> None:
    with open_post_office(tls=context, password="x", says={"AUTH": "535 no"}) as office:
        with pytest.raises(PermanentError, match="refuses the user name or the password") as refusal:
            send(server(office, "starttls", user="me", password="pass-word", ca_file=str(certificate)), message())
        assert (refusal.value.reason, "pass-word" in refusal.value.message) == ("mail_login", False)


@pytest.mark.parametrize(
    ("says", "error", "reason"),
    [
        ({"RCPT": "550 no such mailbox"}, PermanentError, "mail_refused"),
        ({"RCPT": "451 greylisted"}, TransientError, "mail_later"),
        ({"MAIL": "553 not from you"}, PermanentError, "mail_refused"),
        ({"message": "554 looks like spam"}, PermanentError, "mail_refused"),
        ({"message": "452 full"}, TransientError, "mail_later"),
        ({"greeting": "421 too busy"}, TransientError, "mail_later"),
    ],
)
def test_what_a_server_refuses_is_told_in_its_words(
    says: dict[str, str], error: type[Exception], reason: str
) -> None:
    with open_post_office(says=says) as office:
        with pytest.raises(error, match=next(iter(says.values()))) as refusal:
            send(server(office), message())
        assert refusal.value.reason == reason  # type: ignore[attr-defined]


def test_one_recipient_refused_does_not_keep_the_message_from_the_others() -> None:
    with open_post_office(unknown={"gone@example.edu"}) as office:
        assert send(server(office), message("gone@example.edu, it@example.edu")) == 1
        assert len(office.messages) == 1


@pytest.mark.parametrize("at", ["greeting", "EHLO", "MAIL", "message"])
def test_a_server_that_hangs_is_given_up(at: str) -> None:
    with open_post_office(hangs_at=at) as office:
        began = time.monotonic()
        with pytest.raises(TransientError, match="did not answer in time"):
            send(server(office, timeout=0.3), message())
        assert time.monotonic() - began < 5


def test_a_server_that_answers_byte_by_byte_is_cut_off() -> None:
    with open_post_office(trickles=True) as office:
        began = time.monotonic()
        with pytest.raises(TransientError):
            send(server(office, timeout=5.0, limit=0.6), message())
        assert time.monotonic() - began < 4


def test_a_server_that_hangs_at_the_goodbye_has_the_message() -> None:
    with open_post_office(hangs_at="QUIT") as office:
        assert send(server(office, timeout=0.3), message()) == 0
        assert len(office.messages) == 1


def test_a_server_that_is_not_there_is_told() -> None:
    with open_post_office() as office:
        gone = server(office)
    with pytest.raises(TransientError, match=f"localhost, port {gone.port}, cannot be reached"):
        send(gone, message())
