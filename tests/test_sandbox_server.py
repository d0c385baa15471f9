"""The server that the simulators run on: keep-alive, its end, and what stop() leaves behind."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.server import Server


class Counting:
    """A WSGI application that counts what it carried out."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.release = threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.bodies.append(request.get_data())
        if request.path == "/broken":
            raise RuntimeError("broken on purpose")
        if request.path == "/wait":
            self.release.wait(0.5)
        return Response(f"{request.method} {request.path}?{request.query_string.decode()}")(environ, start_response)


@pytest.fixture
def app() -> Counting:
    return Counting()


@pytest.fixture
def server(app: Counting) -> Iterator[Server]:
    with Server(app, keep_alive=0.15) as running:
        yield running


def connect(server: Server) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.auto_open = 0
    connection.connect()
    return connection


def test_it_answers_with_method_path_and_query(server: Server) -> None:
    assert requests.get(f"{server.url}/a%20b", params={"x": "1"}).text == "GET /a b?x=1"


def test_it_hands_on_the_body(server: Server, app: Counting) -> None:
    requests.post(server.url, data="été".encode())
    assert app.bodies == ["été".encode()]


def test_it_keeps_a_connection_for_the_next_request(server: Server) -> None:
    connection = connect(server)
    for _ in range(3):
        connection.request("GET", "/again")
        assert connection.getresponse().read() == b"GET /again?"
    connection.close()


def test_it_closes_when_the_client_asks_for_it(server: Server) -> None:
    answer = requests.get(server.url, headers={"Connection": "close"})
    assert answer.headers["Connection"] == "close"


def test_it_answers_head_without_a_body_and_keeps_the_connection(server: Server) -> None:
    connection = connect(server)
    connection.request("HEAD", "/x")
    answer = connection.getresponse()
    assert answer.read() == b""
    assert answer.getheader("Content-Length") == str(len("HEAD /x?"))
    connection.request("GET", "/y")
    assert connection.getresponse().read() == b"GET /y?"
    connection.close()


@pytest.mark.parametrize("used_before", [False, True])
def test_it_does_not_carry_out_a_request_that_comes_after_the_idle_time(
    server: Server, app: Counting, used_before: bool
) -> None:
    late = b"POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nlate"
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        if used_before:
            client.sendall(late.replace(b"late", b"soon"))
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        time.sleep(0.4)
        with suppress(ConnectionError):
            client.sendall(late)
            assert client.recv(1000) == b""
    assert app.bodies == ([b"soon"] if used_before else [])


def test_it_does_not_carry_out_a_request_whose_body_stays_away(server: Server, app: Counting) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        assert client.recv(100) == b""
    assert app.bodies == []


@pytest.mark.parametrize("header", [b"Content-Length: many", b"Content-Length: -1", b"Transfer-Encoding: chunked"])
def test_it_refuses_a_body_of_unknown_length(server: Server, app: Counting, header: bytes) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 411")
    assert app.bodies == []


def test_a_slow_answer_is_not_an_idle_connection(server: Server) -> None:
    assert requests.get(f"{server.url}/wait").text == "GET /wait?"


def test_an_exception_in_the_application_is_a_500(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    assert requests.get(f"{server.url}/broken").status_code == 500
    assert "broken on purpose" in caplog.text


def test_it_refuses_a_port_that_is_taken(server: Server, app: Counting) -> None:
    with pytest.raises(OSError, match="in use"):
        Server(app, port=server.port).start()


def test_it_starts_again_at_the_same_address(app: Counting) -> None:
    server = Server(app).start()
    address = server.url
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(address)
    with server:
        assert server.url == address
        assert requests.get(address).ok


def test_it_does_not_start_twice(server: Server) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        server.start()


def test_stop_leaves_no_thread_and_no_open_connection(app: Counting) -> None:
    before = set(threading.enumerate())
    server = Server(app, keep_alive=60).start()
    connections = [connect(server) for _ in range(5)]
    requests.get(server.url)
    started = time.monotonic()
    server.stop()
    server.stop()
    assert time.monotonic() - started < 1
    assert set(threading.enumerate()) <= before
    for connection in connections:
        assert connection.sock.recv(1) == b""
        connection.close()


def test_many_clients_are_served_at_once(server: Server, app: Counting) -> None:
    clients = [threading.Thread(target=requests.get, args=(f"{server.url}/wait",)) for _ in range(8)]
    for client in clients:
        client.start()
    deadline = time.monotonic() + 5
    while len(app.bodies) < 8 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(app.bodies) == 8
    app.release.set()
    for client in clients:
        client.join()


def test_a_call_takes_about_a_millisecond(server: Server) -> None:
    connection = connect(server)
    taken = []
    for _ in range(50):
        started = time.monotonic()
        connection.request("GET", "/")
        connection.getresponse().read()
        taken.append(time.monotonic() - started)
    connection.close()
    assert min(taken) < 0.005
