"""Mail out: one message to one server, within a time that a server cannot stretch."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from threading import Timer
from typing import Any

from app.errors import KurasyncError, PermanentError, TransientError

LIMIT = 60.0
"""Seconds within which a message is sent, or was not."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes our mail; `security` is starttls, tls or none, `timeout` seconds for each answer.

    `ca_file` replaces the usual certificate authorities; `limit` bounds all of it together.
    """

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    timeout: float
    ca_file: str | None = None
    limit: float = LIMIT


class _Bounded(smtplib.SMTP):
    """Cut off when its time is up: the time-out of the socket alone starts anew with each byte that trickles in."""

    def __init__(self, server: MailServer, **given: Any) -> None:
        self._timer = Timer(server.limit, self._cut)
        self._timer.daemon = True
        self._timer.start()
        try:
            super().__init__(server.host, server.port, timeout=server.timeout, **given)
        except BaseException:
            self._timer.cancel()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._timer.cancel()
        super().close()

    def _cut(self) -> None:
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


class _BoundedTLS(_Bounded, smtplib.SMTP_SSL):
    """The same over TLS from the beginning."""


def send(server: MailServer, message: EmailMessage) -> int:
    """Send a message, never unencrypted where encryption was asked for; returns how many recipients were refused.

    Raises TransientError when it may work later, PermanentError when the server refuses: its words are in the message,
    which may name an address and so goes into no log.
    """
    try:
        with closing(_connected(server)) as smtp:
            if server.security == "starttls":
                smtp.starttls(context=_trust(server))
            if server.user:
                smtp.login(server.user, server.password)
            refused = smtp.send_message(message)
            # The message is theirs by now, whatever becomes of the goodbye.
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
    except (OSError, smtplib.SMTPException) as error:
        raise _failure(server, error) from error
    return len(refused)


def _connected(server: MailServer) -> smtplib.SMTP:
    tls = server.security == "tls"
    return _BoundedTLS(server, context=_trust(server)) if tls else _Bounded(server)


def _trust(server: MailServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file)


def _failure(server: MailServer, error: Exception) -> KurasyncError:
    name = f"The mail server {server.host}, port {server.port},"
    match error:
        case smtplib.SMTPNotSupportedError():
            return PermanentError(
                f"{name} does not offer what is asked for: {error}. See KURASYNC_SMTP_SECURITY.", reason="mail_security"
            )
        case ssl.SSLError():
            return PermanentError(
                f"No encrypted connection to {name.lower()} comes about: {error.reason or error}. See "
                "KURASYNC_SMTP_SECURITY and the server's certificate.",
                reason="mail_security",
            )
        case smtplib.SMTPAuthenticationError():
            return PermanentError(f"{name} refuses the user name or the password.", reason="mail_login")
        case smtplib.SMTPRecipientsRefused():
            code, words = next(iter(error.recipients.values()))
            return _refused(name, code, words)
        case smtplib.SMTPResponseException():
            return _refused(name, error.smtp_code, error.smtp_error)
    return TransientError(f"{name} cannot be reached, or did not answer in time: {error}.", reason="mail_unreachable")


def _refused(name: str, code: int, words: bytes | str) -> KurasyncError:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    message = f"{name} does not take the message ({code} {said})."
    later = 400 <= code < 500
    return TransientError(message, reason="mail_later") if later else PermanentError(message, reason="mail_refused")
