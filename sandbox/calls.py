"""What a simulator was asked: one record per request, from its arrival on."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CALL = "sandbox.call"
"""Key of the environ: the Call that records this request."""
_KEPT = 100_000


@dataclass(slots=True)
class Call:
    """One request. `at`, `acted_at` and `ended` are monotonic seconds, `wall` seconds since the epoch.

    `name` is what faults are matched with: "<METHOD> <path?query>", or the wsfunction in Moodle. `acted_at` is None if
    the request was not carried out, `status` None while it is unanswered and when it never will be (`dropped`). `fault`
    is the kind of the fault that struck it, "" for none.
    """

    name: str
    method: str
    path: str
    body: Any
    at: float
    wall: float
    acted_at: float | None = None
    ended: float | None = None
    status: int | None = None
    fault: str = ""
    dropped: bool = False


class Calls:
    """The calls seen, in the order of their arrival; of very many only the last are kept. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: deque[Call] = deque(maxlen=_KEPT)

    def add(self, call: Call) -> None:
        """Record a call that has just arrived."""
        with self._lock:
            self._seen.append(call)

    def clear(self) -> None:
        """Forget the calls seen so far."""
        with self._lock:
            self._seen.clear()

    def matching(self, pattern: str) -> list[Call]:
        """The calls in whose name the regular expression is found."""
        return [call for call in self if re.search(pattern, call.name)]

    def as_json(self) -> list[dict[str, Any]]:
        """The calls as plain values."""
        return [asdict(call) for call in self]

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(list(self._seen))

    def __len__(self) -> int:
        return len(self._seen)

    def __getitem__(self, index: int) -> Call:
        return self._seen[index]


def method_and_path(request: Request) -> str:
    """The name of a call to a REST API: "<METHOD> <path?query>"."""
    return f"{request.method} {_path(request)}"


class RecordingApp:
    """WSGI middleware that records each request before anything else happens to it."""

    def __init__(self, app: WSGIApplication, calls: Calls, name: Callable[[Request], str] = method_and_path) -> None:
        self._app = app
        self._calls = calls
        self._name = name

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = self._arrived(environ)
        environ[CALL] = call
        try:
            response = Response.from_app(self._app, environ, buffered=True)
            call.status = None if call.dropped else response.status_code
            return response(environ, start_response)
        finally:
            call.ended = time.monotonic()

    def _arrived(self, environ: WSGIEnvironment) -> Call:
        at, wall = time.monotonic(), time.time()
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        request = Request(environ)
        call = Call(self._name(request), request.method, _path(request), _parsed(request, body), at, wall)
        environ["wsgi.input"] = BytesIO(body)
        self._calls.add(call)
        return call


def _path(request: Request) -> str:
    query = request.query_string.decode("latin-1")
    return f"{request.path}?{query}" if query else request.path


def _parsed(request: Request, body: bytes) -> Any:
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return request.form.to_dict()
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")
