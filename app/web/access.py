"""Who asks at the API and the console, what they may, and what their request works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, current_app, g, request

from app.errors import Refused
from app.kit import Kit
from app.planning.roles import Principal, Role

F = TypeVar("F", bound=Callable[..., Any])

_DESK = "kurasync"
_SAFE = ("GET", "HEAD", "OPTIONS")

_log = structlog.get_logger()


class Forbidden(Refused):
    """Their role is not enough."""

    reason = "forbidden"


@dataclass(frozen=True, slots=True)
class Desk:
    """What requests work with; `dispatch` puts what is due on the queue, None: the clock alone does."""

    kit: Kit
    dispatch: Callable[[], object] | None


def install(app: Flask, desk: Desk) -> None:
    """Let the views of an application find its desk."""
    app.extensions[_DESK] = desk


def kit() -> Kit:
    """The kit of the application that answers."""
    return _desk().kit


def principal() -> Principal:
    """Who asks; only where somebody has to be known (`require`)."""
    found: Principal = g.principal
    return found


def needs(role: Role) -> Callable[[F], F]:
    """Say which role a view asks for; one that says nothing is open to nobody (`require`)."""

    def mark(view: F) -> F:
        view.needs = role  # type: ignore[attr-defined]
        return view

    return mark


def needed(view: Callable[..., Any]) -> Role | None:
    """The role that a view asks for."""
    role: Role | None = getattr(view, "needs", None)
    return role


def require(whose: Principal) -> None:
    """Let somebody in, or raise Forbidden: before each request of a door at which people have roles."""
    role = needed(current_app.view_functions[request.endpoint or ""])
    if role is None or not whose.may(role):
        raise Forbidden(f"Your role ({whose.role}) is not enough for this: it takes {role or 'another door'}.")
    g.principal = whose


def dispatch_after(response: Response) -> Response:
    """After a request that may have made something due: put it on the queue, when the answer has been sent."""
    dispatch = _desk().dispatch
    if dispatch is not None and request.method not in _SAFE and response.status_code < 400:
        response.call_on_close(lambda: _attempt(dispatch))
    return response


def _attempt(dispatch: Callable[[], object]) -> None:
    try:
        dispatch()
    except Exception:  # the clock dispatches anyway (queue.md 1, D4)
        _log.warning("dispatch_left_to_the_clock", exc_info=True)


def _desk() -> Desk:
    desk: Desk = current_app.extensions[_DESK]
    return desk
