"""The fence between a run and the other system: connect, ask, send on that connection, or send nothing (queue.md 5)."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.clients.http import Http
from app.errors import ConnectionBroken, LeaseLost, TransientError
from tests.certificates import own_certificate
from tests.line_server import Line, LineServer, listening

KEEP_ALIVE = 0.2
"""Seconds after which the servers here close an idle connection."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("tls") / "own.pem")


@pytest.fixture(params=["plain", "TLS 1.2", "TLS 1.3"])
def tls(request: pytest.FixtureRequest, certificate: Path) -> ssl.SSLContext | None:
    if request.param == "plain":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2 if request.param == "TLS 1.2" else ssl.TLSVersion.TLSv1_3
    return context


class Serving:
    """A server that answers what comes in time, as kuraCloud's would, and keeps what it carried out."""

    def __init__(self, tls: ssl.SSLContext | None, certificate: Path) -> None:
        self.tls = tls
        self.certificate = certificate
        self.done: list[bytes] = []

    def talk(self, line: Line) -> None:
        line.sock.settimeout(KEEP_ALIVE)
        while request := line.request():
            self.done.append(request.body)
            line.answer(b"[]")

    def http(self, server: LineServer, fence: Callable[[], None] | None) -> Http:
        ca_file = self.certificate if self.tls else None
        return Http(server.url, "kuracloud", connect_timeout=2, call_timeout=2, fence=fence, ca_file=ca_file)


@pytest.fixture
def serving(tls: ssl.SSLContext | None, certificate: Path) -> Serving:
    return Serving(tls, certificate)


@pytest.fixture
def server(serving: Serving) -> Iterator[LineServer]:
    with listening(serving.talk, serving.tls) as listening_server:
        yield listening_server


def until(came: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not came() and time.monotonic() < end:
        time.sleep(0.005)


def write(http: Http) -> None:
    http.send("POST", "/v2/course/1/student", writes=True, body=["invite"])


def test_the_fence_is_asked_when_the_connection_stands_and_nothing_was_sent(
    serving: Serving, server: LineServer
) -> None:
    seen: list[tuple[int, bytes]] = []

    def fence() -> None:
        until(lambda: len(server.lines) == 1)
        time.sleep(0.05)
        seen.append((len(server.lines), server.received))

    http = serving.http(server, fence)
    write(http)
    http.close()
    assert seen == [(1, b"")]
    assert serving.done == [b'["invite"]']


def test_the_fence_is_asked_before_every_request_also_on_a_kept_connection(
    serving: Serving, server: LineServer
) -> None:
    done_at: list[int] = []
    http = serving.http(server, lambda: done_at.append(len(serving.done)))
    for _ in range(3):
        write(http)
    http.send("GET", "/v2/course", writes=False)
    http.close()
    assert done_at == [0, 1, 2, 3]
    assert len(server.lines) == 1


def test_nothing_is_sent_when_the_fence_says_no(serving: Serving, server: LineServer) -> None:
    def fence() -> None:
        raise LeaseLost("another run is at it")

    http = serving.http(server, fence)
    for _ in range(2):
        with pytest.raises(LeaseLost):
            write(http)
    http.close()
    until(lambda: len(server.lines) == 2)
    time.sleep(0.05)
    assert server.received == b""


def test_a_client_whose_fence_said_no_once_can_go_on(serving: Serving, server: LineServer) -> None:
    verdicts = iter([None, LeaseLost("not now"), None])

    def fence() -> None:
        verdict = next(verdicts)
        if verdict:
            raise verdict

    http = serving.http(server, fence)
    write(http)
    with pytest.raises(LeaseLost):
        write(http)
    write(http)
    http.close()
    assert len(serving.done) == 2


@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
def test_a_run_held_up_in_the_fence_for_longer_than_the_keep_alive_sends_nothing(
    serving: Serving, server: LineServer, kept: bool
) -> None:
    pauses = iter([0.0, 4 * KEEP_ALIVE] if kept else [4 * KEEP_ALIVE])
    http = serving.http(server, lambda: time.sleep(next(pauses)))
    if kept:
        write(http)
    before = server.received
    with pytest.raises(TransientError) as caught:
        write(http)
    http.close()
    time.sleep(0.05)
    assert (caught.value.reason, caught.value.acted) == ("unreachable", False)
    assert server.received == before
    assert len(server.lines) == 1


def test_a_connection_closed_while_idle_is_replaced_before_the_fence_is_asked(
    serving: Serving, server: LineServer
) -> None:
    asked: list[None] = []
    http = serving.http(server, lambda: asked.append(None))
    for _ in range(2):
        write(http)
        time.sleep(2 * KEEP_ALIVE)
    http.close()
    assert (len(serving.done), len(server.lines), len(asked)) == (2, 2, 2)


def test_head_and_body_leave_together(tls: ssl.SSLContext | None, certificate: Path) -> None:
    """A process that is stopped between the two would keep a half request alive past the server's keep-alive."""
    came: list[int] = []

    def conversation(line: Line) -> None:
        line.sock.recv(1)
        time.sleep(0.05)
        came.append(len(line.sock.recv(65536)))
        line.answer(b"[]")

    with listening(conversation, tls) as server:
        http = Serving(tls, certificate).http(server, None)
        http.send("POST", "/v2", writes=True, body=["x" * 10_000])
        http.close()
    assert came[0] > 10_000


@pytest.mark.parametrize("close", ["end", "reset"])
def test_a_connection_lost_between_fence_and_sending_is_never_replaced(
    tls: ssl.SSLContext | None, certificate: Path, close: str
) -> None:
    gone = threading.Event()
    leave = threading.Event()

    def conversation(line: Line) -> None:
        leave.wait(2)
        line.reset() if close == "reset" else line.sock.close()
        gone.set()

    def fence() -> None:
        time.sleep(0.05)
        leave.set()
        gone.wait(2)
        time.sleep(0.05)

    with listening(conversation, tls) as server:
        http = Serving(tls, certificate).http(server, fence)
        with pytest.raises(TransientError) as caught:
            write(http)
        http.close()
        assert len(server.lines) == 1
        assert server.received == b""
    assert (caught.value.reason, caught.value.acted) == ("unreachable", False)


def test_a_process_stopped_in_the_fence_and_woken_too_late_sends_nothing(serving: Serving, server: LineServer) -> None:
    program = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        from app.clients.http import Http
        from app.errors import TransientError

        def stop_here():
            print("stopping", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)

        ca_file = Path({str(serving.certificate)!r}) if {serving.tls is not None} else None
        http = Http({server.url!r}, "kuracloud", connect_timeout=2, call_timeout=2, fence=stop_here, ca_file=ca_file)
        try:
            http.send("POST", "/v2/course/1/student", writes=True, body=["invite"])
        except TransientError as error:
            print(error.reason, error.acted)
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as late:
        assert late.stdout is not None
        assert late.stdout.readline() == "stopping\n"
        os.waitpid(late.pid, os.WUNTRACED)
        time.sleep(3 * KEEP_ALIVE)
        late.send_signal(signal.SIGCONT)
        assert late.stdout.read() == "unreachable False\n"
    assert server.received == b""


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    asked: list[None] = []
    with listening(lambda line: _hear(line), context) as server:
        http = Http(server.url, "kuracloud", connect_timeout=2, call_timeout=2, fence=lambda: asked.append(None))
        with pytest.raises(ConnectionBroken) as caught:
            write(http)
        http.close()
        assert server.received == b""
    assert (caught.value.reason, caught.value.origin) == ("certificate", "kuracloud")
    assert "self-signed certificate" in caught.value.message
    assert asked == []


def test_a_server_that_does_not_speak_tls_is_unreachable(certificate: Path) -> None:
    with listening(lambda line: _hear(line)) as server:
        url = server.url.replace("http://", "https://")
        http = Http(url, "kuracloud", connect_timeout=2, call_timeout=2, ca_file=certificate)
        with pytest.raises(TransientError) as caught:
            write(http)
        http.close()
    assert (caught.value.reason, caught.value.acted) == ("unreachable", False)
    assert "no encrypted connection" in caught.value.message


def test_a_handshake_that_never_ends_is_unreachable(certificate: Path) -> None:
    with listening(lambda line: _say_nothing(line)) as server:
        url = server.url.replace("http://", "https://")
        http = Http(url, "kuracloud", connect_timeout=0.2, call_timeout=2, ca_file=certificate)
        with pytest.raises(TransientError) as caught:
            write(http)
        http.close()
    assert (caught.value.reason, caught.value.acted) == ("unreachable", False)


def _hear(line: Line) -> None:
    line.sock.recv(65536)
    line.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def _say_nothing(line: Line) -> None:
    while line.sock.recv(65536):
        continue
