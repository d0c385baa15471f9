"""A small threaded HTTP/1.1 server with real keep-alive, for simulators that run inside a test process."""

from __future__ import annotations

import logging
import socket
import socketserver
import struct
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import TYPE_CHECKING, Self, TypeAlias
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.http import http_date
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

DROP = "sandbox.drop"
"""Key of the environ: a function without arguments that resets the TCP connection at once."""
STOPPING = "sandbox.stopping"
"""Key of the environ: a threading.Event, set when the server stops."""

_log = logging.getLogger(__name__)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_SHUTDOWN_POLL = 0.02
_Request: TypeAlias = socket.socket | tuple[bytes, socket.socket]


class _Connection(BaseHTTPRequestHandler):
    """One client's connection: requests one after another until it is idle for too long.

    werkzeug's own server is no use here: it closes the connection after every answer.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        self.dropped = False
        super().setup()
        self.connection.settimeout(self.server.keep_alive)

    def handle_one_request(self) -> None:
        self.close_connection = True
        idle_since = time.monotonic()
        self.raw_requestline = self.rfile.readline(65537)
        # The thread may wake up late and then find bytes that came after the time-out: those don't count either.
        too_late = time.monotonic() - idle_since > self.server.keep_alive
        if not self.raw_requestline or too_late or not self.parse_request():
            return
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self.rfile.read(int(length))
        if len(body) == int(length):
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        status, headers, content = self._carry_out(self._environ(body))
        if not self.dropped:
            self._send(status, headers, content)

    def _carry_out(self, environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
        try:
            parts, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
            return status, headers, b"".join(parts)
        except Exception:
            _log.exception("the simulator failed on %s %s", self.command, self.path)
            return "500 INTERNAL SERVER ERROR", Headers({"Content-Type": "text/plain"}), b"the simulator failed"

    def _send(self, status: str, headers: Headers, content: bytes) -> None:
        announced = headers.setdefault("Content-Length", str(len(content)))
        if int(announced) != len(content) and self.command != "HEAD":
            self.close_connection = True
        headers["Connection"] = "close" if self.close_connection else "keep-alive"
        headers["Date"] = http_date()
        head = "".join(f"{name}: {text}\r\n" for name, text in headers)
        shown = b"" if self.command == "HEAD" else content
        self.wfile.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + shown)

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            DROP: self._drop,
            STOPPING: self.server.stopping,
        }
        for name, text in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = text
        return environ

    def _drop(self) -> None:
        self.dropped = True
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: requests are in the simulator's list of calls."""


class _Listener(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: WSGIApplication, keep_alive: float) -> None:
        self.app = app
        self.keep_alive = keep_alive
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, _Request] = {}
        super().__init__(address, _Connection)

    def process_request(self, request: _Request, client_address: object) -> None:
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._lock:
            self._open = {other: connection for other, connection in self._open.items() if other.is_alive()}
            self._open[thread] = request
            thread.start()

    def _serve(self, request: _Request, client_address: object) -> None:
        with suppress(OSError):
            self.finish_request(request, client_address)
        self.shutdown_request(request)

    def close_all(self) -> None:
        """End every connection, also those whose request hangs, and wait for their threads."""
        self.stopping.set()
        with self._lock:
            connections = list(self._open.items())
        for thread, connection in connections:
            if isinstance(connection, socket.socket):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join()


class Server:
    """Serves a WSGI application on a real socket from threads of this process.

    `port` 0 takes a free one, which is kept: a stopped server starts again at the same address. A connection is closed
    once it has been idle for `keep_alive` seconds, and a request that comes later on it is not carried out
    (queue.md 5 rests on that).
    """

    def __init__(
        self, wsgi_app: WSGIApplication, host: str = "127.0.0.1", port: int = 0, keep_alive: float = 5.0
    ) -> None:
        self.wsgi_app = wsgi_app
        self.host = host
        self.port = port
        self.keep_alive = keep_alive
        self._running: tuple[_Listener, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end; the port is known once the server has started."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen and answer; raises OSError when the port is taken."""
        if self._running:
            raise RuntimeError("the server runs already")
        listener = _Listener((self.host, self.port), self.wsgi_app, self.keep_alive)
        self.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(_SHUTDOWN_POLL,), daemon=True)
        thread.start()
        self._running = listener, thread
        return self

    def stop(self) -> None:
        """Close the port and every connection at once; no thread is left. Stopping twice does no harm."""
        if not self._running:
            return
        listener, thread = self._running
        self._running = None
        listener.shutdown()
        listener.server_close()
        listener.close_all()
        thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()
