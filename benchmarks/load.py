"""A bounded load of prepared HTTP requests over kept-alive connections."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter


def rate(port: int, requests: Sequence[bytes], connections: int = 8) -> float:
    """Requests a second when `connections` clients send these requests, each waiting for its answer.

    Raises AssertionError when an answer is not a 200.
    """
    shares = [requests[number::connections] for number in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        begun = perf_counter()
        for done in [pool.submit(_send_all, port, share) for share in shares]:
            done.result()
        return len(requests) / (perf_counter() - begun)


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _send_all(port: int, requests: Sequence[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            connection.sendall(request)
            _read_answer(connection)


def _read_answer(connection: socket.socket) -> None:
    received = connection.recv(65536)
    assert received.startswith(b"HTTP/1.1 200"), received[:200]
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
