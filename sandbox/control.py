"""The routes under /_sandbox/ that both simulators have, and the application that puts them before their own."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.calls import CALL, Calls, RecordingApp, method_and_path
from sandbox.faults import Fault, Faults, FaultyApp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/_sandbox/"
_ROUTES = Map(
    [
        Rule("/_sandbox/faults", endpoint="add_faults", methods=["POST"]),
        Rule("/_sandbox/faults", endpoint="clear_faults", methods=["DELETE"]),
        Rule("/_sandbox/calls", endpoint="calls", methods=["GET"]),
        Rule("/_sandbox/calls", endpoint="clear_calls", methods=["DELETE"]),
        Rule("/_sandbox/action", endpoint="action", methods=["POST"]),
        Rule("/_sandbox/<view>", endpoint="view", methods=["GET"]),
    ]
)


class Simulator(Protocol):
    """What a simulator offers to the control routes; its public methods are the actions."""

    faults: Faults
    calls: Calls

    def state(self) -> dict[str, Any]:
        """The whole state, ready for JSON."""


class ControlApp:
    """The routes under /_sandbox/. `views` adds further pages to read: name -> what gives the value to show."""

    def __init__(self, simulator: Simulator, views: Mapping[str, Callable[[], object]]) -> None:
        self._simulator = simulator
        self._views = {"state": simulator.state, **views}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            endpoint, arguments = _ROUTES.bind_to_environ(environ).match()
            response = _json(getattr(self, f"_{endpoint}")(Request(environ), **arguments))
        except HTTPException as refusal:
            response = _json({"message": refusal.description}, refusal.code or 500)
        return response(environ, start_response)

    def _add_faults(self, request: Request) -> object:
        try:
            faults = [Fault(**fault) for fault in request.get_json()]
        except (TypeError, ValueError) as problem:
            raise BadRequest(str(problem)) from problem
        self._simulator.faults.add(*faults)
        return {"added": len(faults)}

    def _clear_faults(self, request: Request) -> object:
        self._simulator.faults.clear()
        return {}

    def _calls(self, request: Request) -> object:
        return self._simulator.calls.as_json()

    def _clear_calls(self, request: Request) -> object:
        self._simulator.calls.clear()
        return {}

    def _action(self, request: Request) -> object:
        try:
            arguments = dict(request.get_json())
            return {"result": _carried_out(self._action_called(arguments.pop("action", "")), arguments)}
        except (TypeError, ValueError, LookupError) as problem:
            raise BadRequest(f"{type(problem).__name__}: {problem}") from problem

    def _action_called(self, name: str) -> Callable[..., object]:
        actions = self._actions()
        if name not in actions:
            raise BadRequest(f"no such action: {name!r}; there are: {', '.join(actions)}")
        return actions[name]

    def _actions(self) -> dict[str, Callable[..., object]]:
        public = inspect.getmembers(self._simulator, inspect.ismethod)
        return {name: it for name, it in public if it.__self__ is self._simulator and not name.startswith("_")}

    def _view(self, request: Request, view: str) -> object:
        if view not in self._views:
            raise NotFound(f"no such page: {view!r}")
        return self._views[view]()


class SandboxApp:
    """A simulator's whole WSGI application: the control routes, and its own `app` under record and faults.

    `name` gives what faults are matched with and calls are listed by.
    """

    def __init__(
        self,
        app: WSGIApplication,
        simulator: Simulator,
        name: Callable[[Request], str] = method_and_path,
        views: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        self._control = ControlApp(simulator, views or {})
        self._recorded = RecordingApp(FaultyApp(_timed(app), simulator.faults), simulator.calls, name)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chosen = self._control if environ["PATH_INFO"].startswith(PREFIX) else self._recorded
        return chosen(environ, start_response)


def _carried_out(action: Callable[..., object], arguments: dict[str, Any]) -> object:
    """Call an action; what it takes as a row of values (`*capabilities`) comes as a list under that name."""
    of_a_row = (each for each in inspect.signature(action).parameters.values() if each.kind is each.VAR_POSITIONAL)
    row = [value for each in of_a_row for value in arguments.pop(each.name)]
    return action(*row, **arguments)


def _timed(app: WSGIApplication) -> WSGIApplication:
    def acting(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[CALL].acted_at = time.monotonic()
        return app(environ, start_response)

    return acting


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
