"""A small mail server for tests: takes messages, or refuses, hangs and breaks off where a test says so."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BufferedReader

from tests.line_server import Line, LineServer, listening

_USUAL = {"AUTH": "235 welcome", "STARTTLS": "220 go on", "QUIT": "221 goodbye"}


@dataclass
class PostOffice:
    """What came, and what the server does with each command: `says` answers it so, `hangs_at` never answers it.

    `unknown` recipients are refused. `breaks_off`: it takes a message and closes without a word. `trickles`: each
    answer comes byte by byte.
    """

    tls: ssl.SSLContext | None = None
    password: str = ""
    says: dict[str, str] = field(default_factory=dict)
    hangs_at: str = ""
    unknown: Collection[str] = ()
    breaks_off: bool = False
    trickles: bool = False
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    encrypted: bool = False
    server: LineServer | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self.server is not None
        return self.server.port

    def talk(self, line: Line) -> None:
        """Hold one conversation."""
        self.encrypted = isinstance(line.sock, ssl.SSLSocket)
        self._say(line, "greeting", "220 post.example.edu")
        with line.sock.makefile("rb") as reader:
            if not self._converse(line, reader) or self.tls is None:
                return
        with self.tls.wrap_socket(line.sock.dup(), server_side=True) as line.sock, line.sock.makefile("rb") as reader:
            self.encrypted = True
            self._converse(line, reader)

    def _converse(self, line: Line, reader: BufferedReader) -> bool:
        """Until the client leaves, or (True) until the rest is to be encrypted."""
        while command := reader.readline().decode().strip():
            verb = command.split()[0].upper()
            self.commands.append(verb)
            if verb == "DATA":
                self._say(line, verb, "354 go on")
                if not self._take(line, reader):
                    return False
                continue
            self._say(line, verb, self._answer(verb, command))
            if verb in ("QUIT", "STARTTLS"):
                return verb == "STARTTLS"
        return False

    def _take(self, line: Line, reader: BufferedReader) -> bool:
        lines = list(iter(reader.readline, b".\r\n"))
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        if "message" not in self.says:
            self.messages.append(message)
        if self.breaks_off:
            return False
        self._say(line, "message", "250 taken")
        return True

    def _answer(self, verb: str, command: str) -> str:
        match verb:
            case "EHLO":
                offers = ["post.example.edu", *(["STARTTLS"] if self.tls and not self.encrypted else [])]
                offers += ["AUTH PLAIN"] if self.password else []
                last = len(offers) - 1
                return "\r\n".join(f"250{' ' if place == last else '-'}{each}" for place, each in enumerate(offers))
            case "RCPT":
                self.recipients.append(command.partition("<")[2].partition(">")[0])
                return "550 unknown" if self.recipients[-1] in self.unknown else "250 fine"
        return _USUAL.get(verb, "250 fine")

    def _say(self, line: Line, verb: str, usual: str) -> None:
        assert self.server is not None
        if verb == self.hangs_at:
            self.server.stopping.wait(20)
        said = (self.says.get(verb) or usual).encode() + b"\r\n"
        for piece in [said[at : at + 1] for at in range(len(said))] if self.trickles else [said]:
            line.send(piece)
            if self.trickles and self.server.stopping.wait(0.1):
                return


@contextmanager
def open_post_office(implicit: ssl.SSLContext | None = None, **given: object) -> Iterator[PostOffice]:
    """A mail server on this machine; `implicit` speaks TLS from the first byte."""
    office = PostOffice(**given)  # type: ignore[arg-type]
    with listening(office.talk, implicit) as server:
        office.server = server
        yield office
