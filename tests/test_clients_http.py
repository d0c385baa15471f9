"""The way out over HTTP: one request is sent once, answered in time, and every failure says what it is."""

from __future__ import annotations

import gzip
import socket
import time
from email.utils import formatdate

import pytest

from app.clients.answer import Answer
from app.clients.http import Http
from app.errors import ConnectionBroken, KurasyncError, TransientError
from tests.line_server import Line, LineServer, answer, listening


def http(server: LineServer | str, *, call_timeout: float = 5.0, allow_http: bool = False) -> Http:
    url = server if isinstance(server, str) else server.url
    return Http(url, "kuracloud", connect_timeout=2.0, call_timeout=call_timeout, allow_http=allow_http)


def ask(server: LineServer | str, *, writes: bool = True, call_timeout: float = 5.0, path: str = "/v2") -> Answer:
    client = http(server, call_timeout=call_timeout)
    try:
        return client.send("POST", path, writes=writes, body=[{"studentId": 1}])
    finally:
        client.close()


def failure(server: LineServer | str, *, writes: bool = True, call_timeout: float = 5.0) -> KurasyncError:
    with pytest.raises(KurasyncError) as caught:
        ask(server, writes=writes, call_timeout=call_timeout)
    assert caught.value.origin == "kuracloud"
    return caught.value


def test_it_sends_a_whole_request_and_says_who_it_is() -> None:
    requests = []

    def conversation(line: Line) -> None:
        requests.append(line.request())
        line.answer(b"[1]", "X-Thing: yes")

    with listening(conversation) as server:
        answered = ask(server, path="/v2/course/1/student?deleted=true")
    (request,) = requests
    assert request is not None
    assert request.line == "POST /v2/course/1/student?deleted=true"
    assert request.body == b'[{"studentId": 1}]'
    assert request.header("Accept") == "application/json"
    assert (request.header("User-Agent") or "").startswith("kurasync/")
    assert (answered.status, answered.json(), answered.headers["x-thing"]) == (200, [1], "yes")


def test_it_keeps_the_connection_for_the_next_request() -> None:
    def conversation(line: Line) -> None:
        while line.request():
            line.answer(b"{}")

    with listening(conversation) as server:
        client = http(server)
        for _ in range(3):
            client.send("GET", "/v2", writes=False)
        client.close()
        assert len(server.lines) == 1


def test_an_idle_connection_that_the_server_closed_is_replaced_without_a_failure() -> None:
    def conversation(line: Line) -> None:
        line.request()
        line.answer(b"{}")

    with listening(conversation) as server:
        client = http(server)
        for _ in range(3):
            assert client.send("POST", "/v2", writes=True, body=[]).status == 200
            time.sleep(0.05)
        client.close()
        assert len(server.lines) == 3


def test_an_idle_connection_on_which_something_came_unasked_is_replaced() -> None:
    def conversation(line: Line) -> None:
        line.request()
        line.answer(b"{}")
        time.sleep(0.03)
        line.answer(b"", "Connection: close", status="408 Request Timeout")
        line.request()

    with listening(conversation) as server:
        client = http(server)
        for _ in range(2):
            assert client.send("GET", "/v2", writes=False).json() == {}
            time.sleep(0.1)
        client.close()
        assert len(server.lines) == 2


def test_a_connection_closed_with_the_answer_is_not_kept() -> None:
    def conversation(line: Line) -> None:
        line.request()
        line.send(b"HTTP/1.0 200 OK\r\n\r\n{}")

    with listening(conversation) as server:
        assert ask(server).json() == {}


def test_cookies_are_forgotten() -> None:
    cookies = []

    def conversation(line: Line) -> None:
        while request := line.request():
            cookies.append(request.header("Cookie"))
            line.answer(b"{}", "Set-Cookie: MoodleSession=abc; path=/")

    with listening(conversation) as server:
        client = http(server)
        for _ in range(2):
            client.send("GET", "/v2", writes=False)
        client.close()
    assert cookies == [None, None]


def test_proxies_and_passwords_of_the_surroundings_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", f"{tmp_path}/none")
    with listening(lambda line: _once(line, answer(b"{}"))) as server:
        assert ask(server).status == 200


def test_a_compressed_answer_is_unpacked() -> None:
    packed = answer(gzip.compress(b'{"a": "\xc3\xa9"}'), "Content-Encoding: gzip")
    with listening(lambda line: _once(line, packed)) as server:
        assert ask(server).json() == {"a": "é"}


@pytest.mark.parametrize("status", [201, 204, 400, 401, 403, 404, 409, 422])
def test_a_status_that_means_something_to_the_caller_is_an_answer(status: int) -> None:
    with listening(lambda line: _once(line, answer(b"", status=f"{status} Whatever"))) as server:
        assert ask(server).status == status


def test_a_name_that_is_not_known_is_unreachable() -> None:
    error = failure("https://kura.invalid")
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("unreachable", False)
    assert "its name is not known" in error.message


def test_a_refused_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("unreachable", False)
    assert "refuses the connection" in error.message


def test_a_connection_that_is_not_accepted_in_time_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        # A queue that is full lets further connections wait for ever.
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        client = Http(f"http://127.0.0.1:{port}", "moodle", connect_timeout=0.2, call_timeout=5.0)
        with pytest.raises(TransientError) as caught:
            client.send("POST", "/", writes=True)
        for each in waiting:
            each.close()
    assert (caught.value.reason, caught.value.acted) == ("unreachable", False)
    assert "in time" in caught.value.message


@pytest.mark.parametrize("writes", [True, False])
def test_no_answer_in_time_may_have_been_a_write(writes: bool) -> None:
    with listening(lambda line: _never(line)) as server:
        error = failure(server, writes=writes, call_timeout=0.2)
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("no_answer", writes)
    assert "did not answer in time" in error.message


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["headers", "body", "chunks", "until closed", "continue"],
)
def test_an_answer_that_trickles_in_is_bounded_as_a_whole(start: bytes, drop: bytes) -> None:
    def conversation(line: Line) -> None:
        line.request()
        line.send(start)
        while not server.stopping.wait(0.02):
            line.send(drop)

    with listening(conversation) as server:
        begun = time.monotonic()
        error = failure(server, call_timeout=0.4)
        took = time.monotonic() - begun
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("no_answer", True)
    assert 0.3 < took < 2.0


def test_a_server_that_does_not_read_is_bounded_too() -> None:
    with listening(lambda line: _sleep(server)) as server:
        client = http(server, call_timeout=0.4)
        begun = time.monotonic()
        with pytest.raises(TransientError) as caught:
            client.send("POST", "/", writes=True, body=["x" * 1_000_000] * 50)
        client.close()
    assert (caught.value.reason, caught.value.acted) == ("no_answer", True)
    assert time.monotonic() - begun < 3.0


@pytest.mark.parametrize("writes", [True, False])
def test_a_reset_after_sending_may_have_been_a_write(writes: bool) -> None:
    def conversation(line: Line) -> None:
        line.request()
        line.reset()

    with listening(conversation) as server:
        error = failure(server, writes=writes)
        assert len(server.lines) == 1
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("no_answer", writes)
    assert "broke off" in error.message


def test_a_connection_that_ends_in_the_middle_of_the_answer_is_no_answer() -> None:
    torso = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"studentId": 1}'
    with listening(lambda line: _once(line, torso)) as server:
        error = failure(server)
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("no_answer", True)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01 what\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        answer(b"not gzip", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["no HTTP", "too many headers", "not gzip", "bad chunk"],
)
def test_what_is_not_http_is_no_answer(nonsense: bytes) -> None:
    with listening(lambda line: _once(line, nonsense)) as server:
        error = failure(server)
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("no_answer", True)


@pytest.mark.parametrize("packed", [False, True])
def test_a_huge_answer_is_not_read_to_its_end(packed: bool) -> None:
    huge = b" " * (65 << 20)
    sent = answer(gzip.compress(huge, 1), "Content-Encoding: gzip") if packed else answer(huge)
    with listening(lambda line: _once(line, sent)) as server:
        error = failure(server, call_timeout=20)
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("too_large", True)


@pytest.mark.parametrize(
    ("status", "headers", "reason", "acted"),
    [
        ("408 Request Timeout", [], "server_error", False),
        ("429 Too Many Requests", [], "rate_limited", False),
        ("500 Internal Server Error", [], "server_error", True),
        ("502 Bad Gateway", [], "server_error", True),
        ("503 Service Unavailable", [], "server_error", True),
        ("503 Service Unavailable", ["Retry-After: 3"], "server_error", False),
        ("504 Gateway Timeout", ["Retry-After: 3"], "server_error", True),
    ],
)
def test_not_now_is_transient_and_may_have_been_a_write_behind_a_gateway(
    status: str, headers: list[str], reason: str, acted: bool
) -> None:
    refusal = answer(b"<html>secret@example.edu</html>", *headers, status=status)
    with listening(lambda line: _once(line, refusal)) as server:
        error = failure(server)
        reading = failure(server, writes=False)
    assert isinstance(error, TransientError)
    assert isinstance(reading, TransientError)
    assert (error.reason, error.acted, reading.acted) == (reason, acted, False)
    assert error.retry_after == (3.0 if headers else None)
    assert "example.edu" not in error.message


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Retry-After: 120"], 120.0),
        (["Retry-After: 0"], 0.0),
        (["Retry-After: 999999999"], 86_400.0),
        (["Retry-After: -5"], None),
        (["Retry-After: soon"], None),
        (["Retry-After: nan"], None),
        (["Retry-After: Wed, 21 Oct 2015 07:28:30 GMT", "Date: Wed, 21 Oct 2015 07:28:00 GMT"], 30.0),
        (["Retry-After: Wed, 21 Oct 2015 07:28:30 GMT"], 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: list[str], expected: float | None) -> None:
    with listening(lambda line: _once(line, answer(b"", *headers, status="429 Slow down"))) as server:
        error = failure(server)
    assert isinstance(error, TransientError)
    assert error.retry_after == expected


def test_retry_after_as_a_date_counts_from_now_where_the_server_tells_no_time() -> None:
    later = formatdate(time.time() + 100, usegmt=True)
    with listening(lambda line: _once(line, answer(b"", f"Retry-After: {later}", status="503 No"))) as server:
        error = failure(server)
    assert isinstance(error, TransientError)
    assert error.retry_after == pytest.approx(100, abs=5)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://moodle.example.edu/v2", "Configure https://moodle.example.edu as its address"),
        ("https://moodle.example.edu/campus/v2?token=1", "Configure https://moodle.example.edu/campus as its address"),
        ("https://[::1]:8443/v2", "Configure https://[::1]:8443 as its address"),
        ("/v2/", "Configure http://127.0.0.1:{port}/v2 as its address"),
        ("/v2", "See what answers at that address"),
        ("", "See what answers at that address"),
        ("http://[broken", "an address that cannot be read"),
    ],
)
def test_a_redirect_is_not_followed_and_says_which_address_to_configure(location: str, shown: str) -> None:
    moved = answer(b"", f"Location: {location}", status="303 See Other")
    with listening(lambda line: _once(line, moved)) as server:
        error = failure(server)
        assert len(server.lines) == 1
    assert isinstance(error, ConnectionBroken)
    assert error.reason == "redirect"
    assert shown.format(port=server.port) in error.message
    assert "token" not in error.message


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8/x", "http://localhost", "http://[::1]:80", "https://example.edu/a/"]
)
def test_http_may_be_used_on_this_machine_and_https_everywhere(url: str) -> None:
    assert http(url).peer.base_url == url.rstrip("/")


def test_http_may_be_used_where_a_setting_allows_it() -> None:
    assert http("http://moodle.example.edu", allow_http=True).peer.base_url == "http://moodle.example.edu"


def test_http_to_another_machine_is_refused() -> None:
    for url in ("http://moodle.example.edu", "http://127.0.0.1.example.edu", "http://10.0.0.1"):
        with pytest.raises(ConnectionBroken, match="KURASYNC_ALLOW_HTTP") as caught:
            http(url)
        assert (caught.value.reason, caught.value.origin) == ("address", "kuracloud")


@pytest.mark.parametrize(
    "url",
    ["", "moodle", "ftp://example.edu", "https://", "https://u:secret@example.edu", "https://e.edu?a=1", "https://e.edu#a",
     "https://[broken", "https://e.edu:99999", "https://e.edu:0"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConnectionBroken, match="https://host/path") as caught:
        http(url)
    assert "secret" not in caught.value.message


def _once(line: Line, content: bytes) -> None:
    line.request()
    line.send(content)


def _never(line: Line) -> None:
    line.request()
    line.request()


def _sleep(server: LineServer) -> None:
    server.stopping.wait(10)
