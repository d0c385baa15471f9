"""Connect first, then ask whether the request may still be sent, then send on that very connection (queue.md 5)."""

from __future__ import annotations

import http.client
import io
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Fence = Callable[[], None]
"""Called right before a request is sent; whatever it raises keeps the request from being sent."""


class NotSent(Exception):
    """Nothing of the request reached the other side; `cause` is what kept it from being sent."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the answer took too long")
        return seconds


class _TimedReader(io.RawIOBase):
    """Reads a socket up to a deadline; a time-out of the socket alone starts anew with each byte that trickles in."""

    def __init__(self, sock: Any, deadline: _Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._source = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(self._deadline.left())
        count: int | None = self._source.readinto(buffer)
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, deadline: _Deadline, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, deadline))


class _FencedConnection(HTTPConnection):
    """Collects a request, passes the fence, and only then sends it: whole, in time, and never on another connection."""

    auto_open = 0

    def __init__(self, *args: Any, fence: Fence, call_timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fence = fence
        self._call_timeout = call_timeout
        self._collected: list[bytes] = []

    @property
    def is_connected(self) -> bool:
        """Whether the other side still listens: it has neither closed the connection nor said anything unasked."""
        # urllib3 looks whether the socket is readable, which a ticket of TLS 1.3 makes it, too.
        if self.sock is None:
            return False
        self.sock.settimeout(0)
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._collected.clear()
        super().request(*args, **kwargs)
        self._fence()
        if not self.is_connected:
            raise NotSent(ConnectionResetError("closed by the other side before anything was sent"))
        self._transmit(b"".join(self._collected), _Deadline(self._call_timeout))

    def send(self, data: Any) -> None:
        self._collected.append(bytes(data))

    def _transmit(self, request: bytes, deadline: _Deadline) -> None:
        self.response_class = partial(_TimedResponse, deadline=deadline)  # type: ignore[assignment]
        rest = memoryview(request)
        while rest:
            self.sock.settimeout(deadline.left())
            rest = rest[self.sock.send(rest) :]


class _FencedTLSConnection(_FencedConnection, HTTPSConnection):
    """The same over TLS."""


class _ConnectFirst(HTTPConnectionPool):
    def _validate_conn(self, conn: Any) -> None:
        try:
            if conn.is_closed:
                conn.connect()
        except (HTTPError, OSError) as error:
            raise NotSent(error) from error


class _FencedPool(_ConnectFirst):
    ConnectionCls = _FencedConnection


class _FencedTLSPool(_ConnectFirst, HTTPSConnectionPool):
    ConnectionCls = _FencedTLSConnection


class FencingAdapter(HTTPAdapter):
    """Sends each request of a session through a fence, within a deadline, without any retry.

    An idle connection that the other side has closed is replaced before the fence is asked. One that is closed after
    that is not: the request fails with NotSent. So is what fails before the first byte: name, connection, handshake.
    `call_timeout` (seconds) bounds sending and the whole answer, however slowly it comes.
    """

    def __init__(self, fence: Fence, call_timeout: float) -> None:
        self._terms: dict[str, Any] = {"fence": fence, "call_timeout": call_timeout}
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools of fenced connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_FencedPool, **self._terms),
            "https": partial(_FencedTLSPool, **self._terms),
        }
