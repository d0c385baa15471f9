"""Faults on demand: what goes wrong between a client and a simulator, and when."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from sandbox.calls import CALL, Call
from sandbox.server import DROP, STOPPING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOOK_AGAIN = 0.02
_HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    `kind` is one of KINDS. `match` is a regular expression searched in the call's name ("<METHOD> <path?query>", or the
    wsfunction in Moodle); `method` limits it further. `skip` calls are let through first, then it strikes `times` times
    (None: until removed). `seconds` is the wait of `latency` and `late` (which waits once before the reset, once more
    before it acts). `status`, `retry_after` (seconds or an HTTP date) and `body` (text, or a value for JSON) are the
    answer of `status` and `status_after`; `exception` answers `body` with 200.
    """

    kind: str
    match: str = ""
    method: str | None = None
    times: int | None = None
    skip: int = 0
    seconds: float = 0.0
    status: int = 500
    retry_after: int | str | None = None
    body: Any = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of fault: {self.kind!r}; there are {', '.join(KINDS)}")
        try:
            re.compile(self.match)
        except re.error as problem:
            raise ValueError(f"match is no regular expression: {problem}") from problem

    def concerns(self, call: Call) -> bool:
        """Whether this fault is about such a call."""
        return self.method in (None, call.method) and re.search(self.match, call.name) is not None


@dataclass(slots=True)
class _Armed:
    fault: Fault
    passed: int = 0
    struck: int = 0
    removed: threading.Event = field(default_factory=threading.Event)

    def strikes(self, call: Call) -> bool:
        if self.struck == self.fault.times or not self.fault.concerns(call):
            return False
        if self.passed < self.fault.skip:
            self.passed += 1
            return False
        self.struck += 1
        return True


class Faults:
    """The faults that lie in wait; the one added first strikes first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, *faults: Fault) -> None:
        """Lay faults in wait."""
        with self._lock:
            self._armed.extend(_Armed(fault) for fault in faults)

    def remove(self, fault: Fault) -> None:
        """Take one fault away; what hangs because of it is let go without an answer."""
        self._keep(lambda armed: armed.fault != fault)

    def clear(self) -> None:
        """Take all faults away; what hangs is let go without an answer."""
        self._keep(lambda armed: False)

    def strike(self, call: Call) -> _Armed | None:
        """The fault that strikes this call, if any; it is counted."""
        with self._lock:
            return next((armed for armed in self._armed if armed.strikes(call)), None)

    def __len__(self) -> int:
        return len(self._armed)

    def _keep(self, wanted: Callable[[_Armed], bool]) -> None:
        with self._lock:
            for armed in self._armed:
                if not wanted(armed):
                    armed.removed.set()
            self._armed = [armed for armed in self._armed if wanted(armed)]


class _Strike:
    """One call under one fault."""

    def __init__(self, armed: _Armed, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self.fault = armed.fault
        self._removed = armed.removed
        self._app = app
        self._environ = environ

    def act(self) -> Response:
        """Carry the request out, as without a fault."""
        return Response.from_app(self._app, self._environ, buffered=True)

    def drop(self) -> Response:
        """Reset the connection at once; what is returned reaches nobody."""
        call: Call = self._environ[CALL]
        call.dropped = True
        self._environ[DROP]()
        return Response()

    def stopped_during(self, seconds: float) -> bool:
        """Wait; True as soon as the server stops."""
        stopping: threading.Event = self._environ[STOPPING]
        return stopping.wait(seconds)

    def wait_for_the_end(self) -> None:
        """Wait until the fault is removed or the server stops."""
        while not self._removed.is_set() and not self.stopped_during(_LOOK_AGAIN):
            continue

    def stated(self, status: int) -> Response:
        """The answer that the fault prescribes."""
        body = {"message": f"The sandbox answers {status}"} if self.fault.body is None else self.fault.body
        response = _page(body, status) if isinstance(body, str) else _json(body, status)
        if self.fault.retry_after is not None:
            response.headers["Retry-After"] = str(self.fault.retry_after)
        return response


def _latency(strike: _Strike) -> Response:
    return strike.drop() if strike.stopped_during(strike.fault.seconds) else strike.act()


def _hang(strike: _Strike) -> Response:
    strike.wait_for_the_end()
    return strike.drop()


def _hang_after(strike: _Strike) -> Response:
    strike.act()
    return _hang(strike)


def _reset_before(strike: _Strike) -> Response:
    return strike.drop()


def _reset_after(strike: _Strike) -> Response:
    strike.act()
    return strike.drop()


def _status(strike: _Strike) -> Response:
    return strike.stated(strike.fault.status)


def _status_after(strike: _Strike) -> Response:
    strike.act()
    return _status(strike)


def _html(strike: _Strike) -> Response:
    return _page(_HTML, 200)


def _truncated(strike: _Strike) -> Response:
    response = strike.act()
    response.set_data(_first_half(response))
    return response


def _short_read(strike: _Strike) -> Response:
    response = strike.act()
    announced = response.content_length
    response.set_data(_first_half(response))
    response.content_length = announced
    return response


def _exception(strike: _Strike) -> Response:
    return strike.stated(200)


def _empty_list(strike: _Strike) -> Response:
    return _json([], 200)


def _late(strike: _Strike) -> Response:
    stopped = strike.stopped_during(strike.fault.seconds)
    gone = strike.drop()
    if not stopped and not strike.stopped_during(strike.fault.seconds):
        strike.act()
    return gone


KINDS: dict[str, Callable[[_Strike], Response]] = {
    "latency": _latency,
    "hang": _hang,
    "hang_after": _hang_after,
    "reset_before": _reset_before,
    "reset_after": _reset_after,
    "status": _status,
    "status_after": _status_after,
    "html": _html,
    "truncated": _truncated,
    "short_read": _short_read,
    "exception": _exception,
    "empty_list": _empty_list,
    "late": _late,
}
"""What each kind does: see the functions; "before" does nothing of what was asked, "after" does it first."""


class FaultyApp:
    """WSGI middleware that lets faults strike the calls of an application; needs a RecordingApp around it."""

    def __init__(self, app: WSGIApplication, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call: Call = environ[CALL]
        armed = self._faults.strike(call)
        if armed is None:
            return self._app(environ, start_response)
        call.fault = armed.fault.kind
        return KINDS[call.fault](_Strike(armed, self._app, environ))(environ, start_response)


def _first_half(response: Response) -> bytes:
    whole = response.get_data()
    return whole[: len(whole) // 2]


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def _page(html: str, status: int) -> Response:
    return Response(html, status, content_type="text/html; charset=utf-8")
