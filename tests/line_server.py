"""A server for tests that speaks to each connection as a test says: byte by byte, late, or not at all."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

RESET = struct.pack("ii", 1, 0)


@dataclass
class Request:
    """One whole request as it came."""

    head: str
    body: bytes

    @property
    def line(self) -> str:
        """Method and path."""
        return self.head.split("\r\n", 1)[0].removesuffix(" HTTP/1.1")

    def header(self, name: str) -> str | None:
        """The value of a header."""
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None


class Line:
    """One connection of a client."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._unread = b""
        self.received = b""

    def request(self) -> Request | None:
        """The next whole request; None when the client closes instead."""
        while b"\r\n\r\n" not in self._unread:
            if not self._more():
                return None
        head, _, rest = self._unread.partition(b"\r\n\r\n")
        request = Request(head.decode(), b"")
        length = int(request.header("Content-Length") or 0)
        self._unread = rest
        while len(self._unread) < length:
            if not self._more():
                return None
        request.body, self._unread = self._unread[:length], self._unread[length:]
        return request

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(content)

    def answer(self, content: bytes, *headers: str, status: str = "200 OK") -> None:
        """Send a whole answer and keep the connection."""
        self.send(answer(content, *headers, status=status))

    def reset(self) -> None:
        """Drop the connection at once."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()

    def _more(self) -> bool:
        came = self.sock.recv(65536)
        self._unread += came
        self.received += came
        return bool(came)


def answer(content: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


Conversation = Callable[[Line], None]


@dataclass
class LineServer:
    """What a test sees of the server: where it is, and every connection it had."""

    port: int
    scheme: str
    lines: list[Line] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{self.scheme}://localhost:{self.port}" if self.scheme == "https" else f"http://127.0.0.1:{self.port}"

    @property
    def received(self) -> bytes:
        """All that came, over all connections."""
        return b"".join(line.received for line in self.lines)


@contextmanager
def listening(conversation: Callable[[Line], None], tls: ssl.SSLContext | None = None) -> Iterator[LineServer]:
    """Hold this conversation with each client that connects; nothing is left running afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = LineServer(listener.getsockname()[1], "https" if tls else "http")
        threads = [threading.Thread(target=_accept, args=(listener, server, conversation, tls))]
        threads[0].start()
        try:
            yield server
        finally:
            server.stopping.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            threads[0].join()


def _accept(
    listener: socket.socket, server: LineServer, conversation: Conversation, tls: ssl.SSLContext | None
) -> None:
    threads, accepted = [], []
    with suppress(OSError):
        while not server.stopping.is_set():
            sock, _ = listener.accept()
            accepted.append(sock)
            threads.append(threading.Thread(target=_talk, args=(sock, server, conversation, tls)))
            threads[-1].start()
    for sock in accepted:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()


def _talk(sock: socket.socket, server: LineServer, conversation: Conversation, tls: ssl.SSLContext | None) -> None:
    with sock, suppress(OSError), _spoken(sock, tls) as inner:
        server.lines.append(Line(inner))
        conversation(server.lines[-1])


def _spoken(sock: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    """The socket to speak over. TLS takes a duplicate, so that the end of a test can still shut the connection down."""
    return tls.wrap_socket(sock.dup(), server_side=True) if tls else sock
