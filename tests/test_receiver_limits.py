"""How much one request may carry, and what nobody can make the receiver stumble over."""

from __future__ import annotations

import io
import json

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.kit import Kit
from tests.receiving import PROBLEM, SECRET, Door, delivery, happening, open_door, sealed, signed


@pytest.fixture
def door(sqlite_kit: Kit) -> Door:
    return open_door(sqlite_kit)


def hooked(door: Door, body: bytes) -> tuple[int, str]:
    answer = door.post("/events/uni/local_webhooks", body, {})
    assert answer.content_type == PROBLEM
    return answer.status_code, answer.get_json()["reason"]


def test_a_thousand_events_are_taken(door: Door) -> None:
    answer = door.deliver(*[happening() for _ in range(1000)])
    assert answer.get_json()["accepted"] == 1000
    assert door.wanted(8) == 1


def test_more_than_a_thousand_events_are_too_many(door: Door) -> None:
    answer = door.deliver(*[{"id": "x"} for _ in range(1001)])
    assert (answer.status_code, answer.get_json()["reason"]) == (413, "too_many_events")


@pytest.mark.parametrize("path", ["/events/uni", "/events/uni/local_webhooks", "/events/uni/tool_trigger"])
def test_a_body_beyond_one_mebibyte_is_too_large(door: Door, path: str) -> None:
    body, headers = sealed('"' + "x" * 2**20 + '"')
    answer = door.post(path, body, {**headers, "Authorization": f"Bearer {SECRET}"})
    assert (answer.status_code, answer.get_json()["reason"]) == (413, "too_large")


@pytest.mark.parametrize(("size", "status"), [(2**20, 401), (2**20 + 1, 413)])
def test_a_body_that_does_not_announce_its_length_is_limited_too(door: Door, size: int, status: int) -> None:
    _, headers = signed(delivery())
    environ = EnvironBuilder("/events/uni", method="POST", headers=headers).get_environ()
    environ.pop("CONTENT_LENGTH", None)
    # What a server hands over for `Transfer-Encoding: chunked`.
    environ |= {"wsgi.input": io.BytesIO(b"x" * size), "wsgi.input_terminated": True}
    _, answered, _ = run_wsgi_app(door.client.application, environ, buffered=True)
    assert answered.startswith(str(status))


def test_a_body_of_exactly_the_limit_is_read(door: Door) -> None:
    text = json.dumps(delivery(happening()))
    assert door.post("/events/uni", *sealed(text + " " * (2**20 - len(text)))).status_code == 200


def nested(levels: int, event: object = 0) -> object:
    for _ in range(levels):
        event = [event]
    return event


def test_twenty_levels_are_read_and_twenty_one_refused(door: Door) -> None:
    # The event's own fields are on the fifth level: root, data, events, event, other.
    assert door.deliver(happening(other=nested(16))).status_code == 200
    answer = door.deliver(happening(other=nested(17)))
    assert (answer.status_code, answer.get_json()["reason"]) == (422, "too_deep")
    assert door.deliver(happening(other=[{}] * 100)).status_code == 200


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000, b"[" * 990 + b"]" * 990]
)
def test_endless_nesting_does_not_crash(door: Door, body: bytes) -> None:
    status, reason = hooked(door, body)
    assert status == 422
    assert reason in ("too_deep", "unreadable")


@pytest.mark.parametrize(
    "body", [b"NaN", b'{"courseid": Infinity}', b"[-Infinity]", b"\xff\xfe", b"\xef\xbb\xbf{}", b"", b"{", b"1" * 5000]
)
def test_what_is_not_json_in_utf8_is_unreadable(door: Door, body: bytes) -> None:
    assert hooked(door, body) == (422, "unreadable")


def test_of_a_repeated_key_the_last_counts(door: Door) -> None:
    text = json.dumps({**happening(), "token": SECRET})[:-1] + ', "courseid": 9}'
    assert door.post("/events/uni/local_webhooks", text, {}).status_code == 200
    assert (door.wanted(8), door.wanted(9)) == (0, 1)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_delivers(door: Door, method: str) -> None:
    answer = door.client.open("/events/uni", method=method)
    assert (answer.status_code, answer.get_json()["reason"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_an_address_that_is_not_there_is_a_problem_too(door: Door) -> None:
    answer = door.client.get("/nothing/here")
    assert (answer.status_code, answer.content_type) == (404, PROBLEM)
    assert answer.get_json() == {
        "type": "urn:kurasync:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address.",
        "reason": "not_found",
        "errors": [],
    }
